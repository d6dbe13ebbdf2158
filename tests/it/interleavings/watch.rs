//! What the model remembers of the past, and the laws it holds against the present.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use lp2rc::{
    domain::{Coverage, MergeRules, Presence, SourceId, Standing},
    ports::{BridgeStore as _, Clock as _, CycleError, Stored},
};

use super::{
    Step, Wish,
    model::{Filter, Given, Person, Reply},
    rig::{Disk, Rig, routing},
};

/// The last answer that showed somebody available, by the monotonic clock, and how far the wall
/// clock had been put back by then.
#[derive(Clone, Copy)]
struct Shown {
    at: Duration,
    put_back: Duration,
}

/// The rig, and what the model remembers of its past.
pub(super) struct Watch {
    rig: Rig,
    shown: BTreeMap<SourceId, Shown>,
    /// Left out of a false answer that somebody took as true, and not shown since.
    disowned: BTreeSet<SourceId>,
    /// A false answer that no rule can doubt was kept, and no whole one since.
    misled: bool,
    /// When the whole account was last read, believed and kept, in this process.
    whole: Option<Duration>,
    ever_followed: bool,
    put_back: Duration,
    put_back_at_restart: Duration,
}

impl Watch {
    pub(super) fn new(people: u32, follow: bool, filter: Option<Filter>) -> Self {
        Self {
            rig: Rig::new(people, follow, filter),
            shown: BTreeMap::new(),
            disowned: BTreeSet::new(),
            misled: false,
            whole: None,
            ever_followed: follow,
            put_back: Duration::ZERO,
            put_back_at_restart: Duration::ZERO,
        }
    }

    fn stored(&self) -> Stored {
        self.rig.store.load().unwrap()
    }

    pub(super) async fn takes(mut self, step: Step) -> Self {
        let before = self.stored();
        match step {
            Step::Changes(whom, change) => self.rig.world.lock().unwrap().change(whom, change),
            Step::Passes(seconds) => self.rig.clock.advance(Duration::from_secs(seconds)),
            Step::Jumps(seconds) => {
                self.rig.clock.jump(seconds * 1_000);
                self.put_back += Duration::from_secs(seconds.min(0).unsigned_abs());
            }
            Step::Restarts(follow, filter) => {
                self.rig = self.rig.restarted(follow, filter);
                self.put_back_at_restart = self.put_back;
                self.whole = None;
                self.ever_followed |= follow;
            }
            Step::Polls(after, reply, wish, disk) => {
                self.rig.clock.advance(Duration::from_secs(after));
                self.polls(reply, wish, disk, &before).await;
            }
            Step::GivenUp(wish, false) => {
                self.rig.cancelled_waiting(wish.request()).await;
                assert_eq!(self.stored(), before, "given up while waiting");
            }
            Step::GivenUp(wish, true) if !wish.request().dry_run => {
                self.rig.world.lock().unwrap().reply = Reply::Honest;
                self.rig.cancelled_keeping(wish.request()).await;
                let given = self.given().unwrap();
                self.learns(&given, wish.request().accept_fall);
                self.agrees(&given);
            }
            Step::GivenUp(..) => {}
        }
        self.nobody_is_lost(&before);
        self.nobody_is_served_too_long();
        self
    }

    /// The answer that the last cycle got, if it may be what it is: law 4.
    fn given(&self) -> Option<Given> {
        let given = self.rig.world.lock().unwrap().given.take()?;
        let since = self
            .whole
            .map(|at| self.rig.clock.elapsed().saturating_sub(at));
        assert!(
            given.coverage != Coverage::Partial
                || since.is_some_and(|since| since < MergeRules::default().full_every),
            "the whole account should have been asked for, last read {since:?} ago"
        );
        Some(given)
    }

    async fn polls(&mut self, reply: Reply, wish: Wish, disk: Disk, before: &Stored) {
        let request = wish.request();
        self.rig.world.lock().unwrap().reply = reply;
        let shows = self.rig.ledger.snapshot();
        let outcome = self.rig.cycle(request, disk).await;
        let given = self.given();
        assert_eq!(
            matches!(outcome, Err(CycleError::Source(_))),
            matches!(reply, Reply::Fails(_)),
            "{outcome:?}"
        );
        let kept = match (&outcome, disk) {
            (Ok(report), _) => !report.dry_run,
            (Err(_), disk) => disk == Disk::KeepsAndRefuses && given.is_some(),
        };
        if outcome.is_err() || request.dry_run {
            let now = self.rig.ledger.snapshot();
            assert!(Arc::ptr_eq(&shows, &now), "nothing is published");
        }
        if !kept {
            assert_eq!(self.stored().roster, before.roster, "nothing is kept");
        }
        let Some(given) = given.filter(|_| kept) else {
            return;
        };
        self.learns(&given, request.accept_fall);
        if outcome.is_ok() {
            self.agrees(&given);
        }
    }

    /// What an answer that was kept means for the model.
    fn learns(&mut self, given: &Given, accept_fall: bool) {
        let now = Shown {
            at: self.rig.clock.elapsed(),
            put_back: self.put_back,
        };
        for agent in &given.agents {
            self.disowned.remove(&agent.id);
            if agent.presence == Presence::Online {
                self.shown.insert(agent.id.clone(), now);
            }
        }
        let doubted = self.stored().cursor.quarantined_since.is_some();
        match given.coverage {
            Coverage::Full if doubted => {}
            Coverage::Full | Coverage::Filtered => {
                self.whole = Some(now.at);
                self.misled = !given.honest;
            }
            Coverage::Partial => {}
        }
        if !given.honest && accept_fall {
            let world = self.rig.world.lock().unwrap();
            let ids = world.people.values().map(|person| &person.agent.id);
            let left_out = ids.filter(|id| given.agents.iter().all(|agent| agent.id != **id));
            self.disowned.extend(left_out.cloned());
        }
    }

    /// Law 3: whoever an honest answer shows, or would show, is in the roster as they are.
    fn agrees(&self, given: &Given) {
        if !given.honest || self.misled {
            return;
        }
        let (stored, world) = (self.stored(), self.rig.world.lock().unwrap());
        let doubted = stored.cursor.quarantined_since.is_some();
        for person in world.shown() {
            let entry = stored.roster.get(&person.agent.id);
            if doubted && entry.is_none() {
                // After a lie that was accepted even the truth is doubted; then it lets nobody in.
                continue;
            }
            let believed = entry.map(|entry| (&entry.agent, entry.standing));
            assert_eq!(
                believed,
                Some((&person.agent, Standing::Present)),
                "skipped by a {} answer",
                given.coverage.word()
            );
        }
    }

    /// Law 1.
    fn nobody_is_lost(&self, before: &Stored) {
        let (roster, world) = (self.stored().roster, self.rig.world.lock().unwrap());
        for entry in before.roster.entries() {
            assert!(roster.get(&entry.agent.id).is_some(), "{entry:?} is erased");
        }
        for entry in roster.entries() {
            let id = &entry.agent.id;
            let exists = world.by_id(id).is_some_and(|person| person.always);
            if exists && !self.disowned.contains(id) {
                let there = matches!(entry.standing, Standing::Present | Standing::Frozen { .. });
                assert!(there, "was on the list all along: {entry:?}");
            }
        }
    }

    /// Law 2.
    fn nobody_is_served_too_long(&self) {
        let (now, world) = (self.rig.clock.elapsed(), self.rig.world.lock().unwrap());
        let max_age = routing().max_age;
        for (id, standing) in self.rig.served() {
            if world.by_id(&id).is_some_and(Person::takes_chats) {
                continue;
            }
            let shown = self.shown.get(&id);
            let shown = shown.unwrap_or_else(|| panic!("{id} was never shown available"));
            let mut allowed = max_age;
            if self.ever_followed {
                allowed += MergeRules::default().full_every;
            }
            allowed += self.put_back_at_restart.saturating_sub(shown.put_back);
            let age = now.saturating_sub(shown.at);
            assert!(
                age <= allowed,
                "{id} ({standing:?}) is served {age:?} after the last answer with them"
            );
        }
    }
}
