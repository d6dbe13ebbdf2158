//! What the workers of a run share: what is ours so far, and who has failed.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::Stop;
use crate::{
    domain::{
        Change, SourceId, Subject, Write,
        moving::{DepartmentLink, Link, Links},
    },
    ports::TargetError,
};

/// Shared by the workers; every lock is short.
pub(super) struct Ledger {
    inner: Mutex<Inner>,
}

struct Inner {
    links: Links,
    /// Agents of whom a step has failed: later steps would build on nothing.
    lost: BTreeSet<SourceId>,
    /// Whether a setting has failed: those after it would switch on what is not there.
    lost_setting: bool,
    failures: usize,
    stopped: Option<Cause>,
}

enum Cause {
    Failures(TargetError),
    Target(TargetError),
}

impl Ledger {
    pub(super) fn new(links: Links) -> Self {
        Self {
            inner: Mutex::new(Inner {
                links,
                lost: BTreeSet::new(),
                lost_setting: false,
                failures: 0,
                stopped: None,
            }),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn with_links<T>(&self, look: impl FnOnce(&Links) -> T) -> T {
        look(&self.inner().links)
    }

    pub(super) fn link(&self, link: Link) {
        let mut inner = self.inner();
        inner.links.agents.insert(link.source_id.clone(), link);
    }

    pub(super) fn link_department(&self, link: DepartmentLink) {
        let mut inner = self.inner();
        inner.links.departments.insert(link.name.clone(), link);
    }

    /// Why the change must not be tried.
    pub(super) fn blocks(&self, change: &Change) -> Option<String> {
        match &change.subject {
            Subject::Agent { source_id, .. } => {
                let lost = self.inner().lost.contains(source_id);
                lost.then(|| {
                    "an earlier step for this agent did not come about; apply again once it can"
                        .to_owned()
                })
            }
            Subject::Setting(_) => self
                .inner()
                .lost_setting
                .then(|| "an earlier setting did not come about; try again once it can".to_owned()),
            Subject::Department(_) => None,
        }
    }

    /// Remembers that a change did not come about: for its agent, or for the members it was about;
    /// `only` names them when it was not all of them.
    pub(super) fn lose(&self, change: &Change, only: &[SourceId]) {
        let mut inner = self.inner();
        if !only.is_empty() {
            inner.lost.extend(only.iter().cloned());
            return;
        }
        match &change.subject {
            Subject::Agent { source_id, .. } => {
                inner.lost.insert(source_id.clone());
            }
            Subject::Setting(_) => inner.lost_setting = true,
            Subject::Department(_) => {}
        }
        for write in &change.writes {
            if let Write::AddMembers { members, .. } | Write::RemoveMembers { members, .. } = write
            {
                let ids = members.iter().map(|member| member.user.source_id.clone());
                inner.lost.extend(ids);
            }
        }
    }

    /// Some failures end everything; the others are counted up to `most`, or not at all.
    pub(super) fn fail(&self, error: TargetError, most: Option<usize>) {
        let mut inner = self.inner();
        if error.fault.stops_everything() {
            inner.stopped = Some(Cause::Target(error));
        } else if let Some(most) = most {
            inner.failures += 1;
            if inner.failures >= most && inner.stopped.is_none() {
                inner.stopped = Some(Cause::Failures(error));
            }
        }
    }

    /// Why to stop, if there is a reason.
    pub(super) fn verdict(&self, asked: bool) -> Option<Stop> {
        match &self.inner().stopped {
            Some(Cause::Target(error)) => Some(Stop::Target(error.clone())),
            Some(Cause::Failures(error)) => Some(Stop::Failures(error.clone())),
            None => asked.then_some(Stop::Asked),
        }
    }
}
