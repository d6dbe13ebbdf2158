//! `availableAgents` (contract §4): filters, cursor, format, and the cache of the whole list.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;

use super::{
    answer::{Answer, Pieces},
    behaviour::{Empty, Next, StaleCursor, Style},
    faults::What,
    json,
    list::{Row, state_name},
    people::SKILLS,
    request::{Format, Request},
    service::Service,
    session::{address, problem},
    world::{Entry, World},
    xml,
};

/// So many cursors are remembered, whatever their age.
const CURSORS: usize = 4_096;

/// A `timeStamp` that was given out.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    /// Its value: epoch milliseconds, but never the same twice for different worlds.
    stamp: i64,
    /// The revision that the list showed.
    revision: u64,
    given: Duration,
}

/// A whole list, rendered once for all who ask in the same way.
#[derive(Clone, Debug)]
struct Cached {
    revision: u64,
    format: Format,
    style: Style,
    with_own: bool,
    halves: [Bytes; 2],
    /// Whether JSON leaves the member `agents` out, so that the link needs no comma.
    agents_absent: bool,
}

/// Cursors and rendered lists, oldest first.
#[derive(Debug, Default)]
pub(super) struct Lists {
    cursors: Mutex<VecDeque<Cursor>>,
    /// At most one list a format.
    cache: Mutex<Vec<Cached>>,
}

/// What a request asks for.
#[derive(Debug, Default)]
struct Filters {
    skill: Option<String>,
    chat_state: Option<String>,
    voice_state: Option<String>,
    reason: Option<String>,
    /// Only what changed after this revision.
    after: Option<u64>,
    half: bool,
    none: bool,
}

impl Filters {
    fn any(&self) -> bool {
        self.skill.is_some()
            || self.chat_state.is_some()
            || self.voice_state.is_some()
            || self.reason.is_some()
            || self.after.is_some()
            || self.half
            || self.none
    }

    /// All filters must agree; a name that nobody knows fits nobody (contract §4.1, UNV).
    fn fit(&self, entry: &Entry) -> bool {
        let agent = &entry.agent;
        let has = |skill: &String| {
            let known = SKILLS.iter().find(|known| known.1 == skill);
            known.is_some_and(|known| agent.skills.contains(&known.0))
        };
        !self.none
            && self.skill.as_ref().is_none_or(has)
            && self
                .chat_state
                .as_ref()
                .is_none_or(|name| name == state_name(agent.presence))
            && self
                .voice_state
                .as_ref()
                .is_none_or(|name| name == state_name(agent.voice))
            && self
                .reason
                .as_ref()
                .is_none_or(|id| agent.reason.is_some_and(|reason| reason.to_string() == *id))
            && self.after.is_none_or(|revision| entry.changed > revision)
    }
}

/// `GET {session}/availableAgents`. Rendering a big list takes a moment: call it where blocking is
/// allowed.
pub(super) fn show(
    service: &Service,
    request: &Request,
    account: &str,
    id: &str,
    fault: Option<&What>,
) -> Answer {
    let behaviour = service.behaviour();
    let mut filters = Filters {
        skill: request.query("skill").map(str::to_owned),
        chat_state: request.query("chatState").map(str::to_owned),
        voice_state: request.query("voiceState").map(str::to_owned),
        reason: request.query("chatReasonId").map(str::to_owned),
        after: None,
        half: fault == Some(&What::HalfList),
        none: fault == Some(&What::EmptyList),
    };
    let lists = &service.lists;
    if let Some(stamp) = request.query("timeStamp") {
        let known = lists.revision_of(stamp, service.clock.elapsed(), behaviour.cursor_ttl);
        match (known, behaviour.stale_cursor) {
            (Some(revision), _) if behaviour.next == Next::Delta => filters.after = Some(revision),
            (Some(_), _) | (None, StaleCursor::Full) => {}
            (None, StaleCursor::BadRequest) => {
                return problem(service, request, 400, "timeStamp is too old");
            }
            (None, StaleCursor::NotFound) => {
                return problem(service, request, 404, "timeStamp is too old");
            }
            (None, StaleCursor::Gone) => {
                return problem(service, request, 410, "timeStamp is too old");
            }
        }
    }
    let style = behaviour.style;
    let list = lists.list(
        service,
        request.format,
        style,
        behaviour.own_user_listed,
        &filters,
    );
    let link = (behaviour.next != Next::Missing).then(|| {
        let account = match fault {
            Some(What::ForeignAccount(foreign)) => foreign.as_str(),
            _ => account,
        };
        let stamp = lists.stamp(service, list.revision, behaviour.cursor_ttl);
        // As in the sample: only the stamp, no `v`, no `NC`, no filters (contract §4.6).
        let href = format!(
            "{}/availableAgents?timeStamp={stamp}",
            address(request, account, id)
        );
        match request.format {
            Format::Xml => xml::link(&href, style),
            Format::Json => {
                let link = json::link(&href, style);
                match (list.agents_absent, style.link_first) {
                    (true, _) => link,
                    (false, true) => link + ",",
                    (false, false) => format!(",{link}"),
                }
            }
        }
    });
    let [before, after] = list.halves;
    let link = Bytes::from(link.unwrap_or_default());
    Answer {
        content_type: request.format.content_type().to_owned(),
        body: Pieces::of([before, link, after]),
        ..Answer::empty(200)
    }
}

impl Lists {
    /// The list, from the cache when it is the whole one and nothing changed.
    fn list(
        &self,
        service: &Service,
        format: Format,
        style: Style,
        with_own: bool,
        filters: &Filters,
    ) -> Cached {
        // Held while rendering: ten who ask at once wait for one list instead of making ten.
        let mut cache = lock(&self.cache);
        let world = service.world.lock();
        let revision = world.revision();
        let fresh = |cached: &&Cached| {
            cached.revision == revision
                && cached.format == format
                && cached.style == style
                && cached.with_own == with_own
        };
        if !filters.any()
            && let Some(cached) = cache.iter().find(fresh)
        {
            return cached.clone();
        }
        let rows = rows(&world, with_own, filters);
        let written = match format {
            Format::Json => json::agents(&rows, style),
            Format::Xml => xml::agents(&rows, style),
        };
        let list = Cached {
            revision,
            format,
            style,
            with_own,
            halves: [written.before.into(), written.after.into()],
            agents_absent: rows.is_empty() && style.empty == Empty::Absent,
        };
        if !filters.any() {
            cache.retain(|cached| cached.format != format);
            cache.push(list.clone());
        }
        list
    }

    /// A `timeStamp` for a list that shows `revision`.
    fn stamp(&self, service: &Service, revision: u64, ttl: Duration) -> i64 {
        let (now, given) = (service.clock.now().millis(), service.clock.elapsed());
        let mut cursors = lock(&self.cursors);
        cursors.retain(|cursor| given.saturating_sub(cursor.given) < ttl);
        let last = cursors.back().copied();
        if let Some(last) = last
            && last.revision == revision
            && last.given == given
        {
            return last.stamp;
        }
        if cursors.len() == CURSORS {
            cursors.pop_front();
        }
        let stamp = last.map_or(now, |last| now.max(last.stamp + 1));
        cursors.push_back(Cursor {
            stamp,
            revision,
            given,
        });
        stamp
    }

    /// The revision behind a `timeStamp`; `None` when it is unknown or too old.
    fn revision_of(&self, stamp: &str, now: Duration, ttl: Duration) -> Option<u64> {
        let stamp: i64 = stamp.parse().ok()?;
        let cursors = lock(&self.cursors);
        let cursor = cursors.iter().find(|cursor| cursor.stamp == stamp)?;
        (now.saturating_sub(cursor.given) < ttl).then_some(cursor.revision)
    }
}

fn rows<'a>(world: &'a World, with_own: bool, filters: &Filters) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'_>> = world
        .listed(with_own)
        .filter(|entry| filters.fit(entry))
        .map(|entry| Row {
            entry,
            elapsed: world.elapsed(entry),
        })
        .collect();
    if filters.half {
        rows.truncate(rows.len() / 2);
    }
    rows
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
