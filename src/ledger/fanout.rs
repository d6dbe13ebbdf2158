//! Ten asks are one: which decision of external routing a question belongs to.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use crate::routing::Nobody;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The agent of this row.
    Row(u32),
    /// Nobody. Joined like any other, so that one burst gets one answer.
    Nobody(Nobody),
}

#[derive(Debug)]
struct Decision {
    department: Option<Box<str>>,
    ignored: Option<Box<str>>,
    opened: Duration,
    asked: u32,
    outcome: Outcome,
}

/// Decisions that may still be joined, by a hash of what was asked.
#[derive(Debug, Default)]
pub(super) struct Fanout {
    open: HashMap<u64, Decision, ahash::RandomState>,
    /// In the order of opening, so that the memory is bounded by the window.
    line: VecDeque<(Duration, u64)>,
}

impl Fanout {
    /// Joins the open decision about the same question, if it is younger than `window` and was
    /// asked fewer than `most` times.
    pub(super) fn join(
        &mut self,
        burst: u64,
        question: (Option<&str>, Option<&str>),
        (now, window, most): (Duration, Duration, u32),
    ) -> Option<Outcome> {
        while let Some((opened, old)) = self.line.front().copied() {
            if now.saturating_sub(opened) < window {
                break;
            }
            self.line.pop_front();
            if self.open.get(&old).is_some_and(|d| d.opened == opened) {
                self.open.remove(&old);
            }
        }
        let decision = self.open.get_mut(&burst)?;
        let same = (decision.department.as_deref(), decision.ignored.as_deref()) == question;
        if !same || decision.asked >= most {
            return None;
        }
        decision.asked += 1;
        Some(decision.outcome)
    }

    /// Opens a decision, asked once so far; it takes the place of an older one.
    pub(super) fn open(
        &mut self,
        burst: u64,
        (department, ignored): (Option<&str>, Option<&str>),
        now: Duration,
        outcome: Outcome,
    ) {
        self.line.push_back((now, burst));
        self.open.insert(
            burst,
            Decision {
                department: department.map(Box::from),
                ignored: ignored.map(Box::from),
                opened: now,
                asked: 1,
                outcome,
            },
        );
    }

    /// Puts every decision on the row where its agent is now. A decision about a vanished agent
    /// is closed: the next question of its burst opens another.
    pub(super) fn renumber(&mut self, moved: &[Option<u32>]) {
        self.open.retain(|_, decision| match &mut decision.outcome {
            Outcome::Nobody(_) => true,
            Outcome::Row(row) => match moved.get(*row as usize).copied().flatten() {
                Some(now) => {
                    *row = now;
                    true
                }
                None => false,
            },
        });
    }
}
