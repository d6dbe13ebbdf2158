//! `availableAgents` (contract §4): filters, cursor, format, and the cache of the whole list.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;

use super::{
    answer::{Answer, Pieces},
    behaviour::{Next, StaleCursor, Unchanged, UnknownSkill},
    json,
    list::{Row, state_name},
    people::SKILLS,
    request::{Format, Request},
    service::Service,
    session::{address, problem},
    style::{Empty, Style},
    told::ToldClock,
    what::What,
    world::{Entry, World},
    xml,
};

/// So many cursors are remembered, whatever their age.
const CURSORS: usize = 4_096;

/// What a `timeStamp` that was given out stands for.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    /// The revision that the list showed.
    revision: u64,
    given: Duration,
}

/// The `timeStamp`s that were given out: told epoch milliseconds, but never the same twice for
/// different worlds, even when the told time stands still or goes back.
#[derive(Debug, Default)]
struct Cursors {
    by_stamp: BTreeMap<i64, Cursor>,
    /// In the order they were given out.
    stamps: VecDeque<i64>,
    /// How often the told time had jumped at the newest one.
    jumps: u64,
}

impl Cursors {
    /// A stamp for a list that shows `revision`.
    fn give(&mut self, clock: &ToldClock, revision: u64, ttl: Duration) -> i64 {
        let (now, given, jumps) = (clock.now().millis(), clock.elapsed(), clock.jumps());
        while let Some(oldest) = self.stamps.front() {
            let too_old = |cursor: &Cursor| given.saturating_sub(cursor.given) >= ttl;
            if self.stamps.len() < CURSORS && !self.by_stamp.get(oldest).is_some_and(too_old) {
                break;
            }
            self.by_stamp.remove(oldest);
            self.stamps.pop_front();
        }
        let last = self.stamps.back().filter(|_| self.jumps == jumps).copied();
        let newest = last.and_then(|stamp| self.by_stamp.get(&stamp));
        if let (Some(stamp), Some(cursor)) = (last, newest)
            && cursor.revision == revision
            && cursor.given == given
        {
            return stamp;
        }
        let mut stamp = last.map_or(now, |last| now.max(last.saturating_add(1)));
        // After a jump back the moment may have been given out before.
        while self.by_stamp.contains_key(&stamp) {
            stamp = stamp.saturating_add(1);
        }
        self.by_stamp.insert(stamp, Cursor { revision, given });
        self.stamps.push_back(stamp);
        self.jumps = jumps;
        stamp
    }

    /// The revision behind a stamp; `None` when it is unknown or too old.
    fn revision_of(&self, stamp: &str, now: Duration, ttl: Duration) -> Option<u64> {
        let cursor = self.by_stamp.get(&stamp.parse().ok()?)?;
        (now.saturating_sub(cursor.given) < ttl).then_some(cursor.revision)
    }
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
    cursors: Mutex<Cursors>,
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
    if let Some(skill) = &filters.skill
        && behaviour.unknown_skill == UnknownSkill::BadRequest
        && !SKILLS.iter().any(|known| known.1 == skill)
    {
        return problem(service, request, 400, "no such skill");
    }
    if let Some(stamp) = request.query("timeStamp") {
        let (now, ttl) = (service.clock.elapsed(), behaviour.cursor_ttl);
        let known = lock(&lists.cursors).revision_of(stamp, now, ttl);
        let revision = service.world.lock().revision();
        if known == Some(revision) {
            match behaviour.unchanged {
                Unchanged::List => {}
                Unchanged::NoContent => return Answer::empty(204),
                Unchanged::NotModified => return Answer::empty(304),
                Unchanged::EmptyBody => {
                    return Answer::text(200, request.format.content_type(), "");
                }
            }
        }
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
        let mut cursors = lock(&lists.cursors);
        let stamp = cursors.give(&service.clock, list.revision, behaviour.cursor_ttl);
        // As in the sample: only the stamp, no `v`, no `NC`, no filters (contract §4.6).
        let href = format!(
            "{}/availableAgents?timeStamp={stamp}",
            address(request, account, id, fault)
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
