//! What a reader of either format has gathered so far, and how it becomes the result.

use super::{DecodeError, Decoded, draft::Draft};
use crate::domain::{SkipReason, Skipped, SourceAgent};

/// One answer in the making.
#[derive(Debug, Default)]
pub(super) struct Page {
    agents: Vec<SourceAgent>,
    /// Place of each agent in the answer.
    places: Vec<usize>,
    skipped: Vec<Skipped>,
    next: Option<String>,
    position: usize,
    /// Set once something makes the whole document unusable; the first one counts.
    pub(super) broken: Option<DecodeError>,
}

/// One `link`: an object or element with `href` and `rel`, or a bare text.
#[derive(Debug, Default)]
pub(super) struct Link {
    pub(super) href: Option<String>,
    pub(super) rel: Option<String>,
    pub(super) text: Option<String>,
}

impl Page {
    /// Takes a finished entry of the list.
    pub(super) fn entry(&mut self, draft: Draft) {
        if draft.is_nil() {
            return self.no_agent();
        }
        match draft.finish() {
            Some(agent) => {
                self.agents.push(agent);
                self.places.push(self.position);
                self.position += 1;
            }
            None => self.skip(SkipReason::NoId),
        }
    }

    /// Counts an entry that has no members at all.
    pub(super) fn no_agent(&mut self) {
        self.skip(SkipReason::NotAnAgent);
    }

    fn skip(&mut self, reason: SkipReason) {
        self.skipped.push(Skipped {
            position: self.position,
            reason,
        });
        self.position += 1;
    }

    /// Takes a link. Without a `rel` it can only be the next one: no other is documented here.
    pub(super) fn link(&mut self, link: Link) {
        let is_next = link.rel.is_none_or(|rel| rel.eq_ignore_ascii_case("next"));
        if is_next && self.next.is_none() {
            self.next = link.href.or(link.text);
        }
    }

    /// Notes what makes the document unusable.
    pub(super) fn broken(&mut self, error: DecodeError) {
        self.broken.get_or_insert(error);
    }

    /// Sorts by id; of repeated ids the first in the answer stays.
    pub(super) fn finish(mut self) -> Result<Decoded, DecodeError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        if !self.agents.is_sorted_by(|a, b| a.id < b.id) {
            self.agents = sorted(self.agents, &self.places, &mut self.skipped);
            self.skipped.sort_by_key(|skipped| skipped.position);
        }
        Ok(Decoded {
            agents: self.agents,
            skipped: self.skipped,
            next: self.next,
        })
    }
}

/// Sorts places instead of agents: an agent is 200 bytes, and most comparisons are settled by the
/// first eight bytes of the id.
fn sorted(
    agents: Vec<SourceAgent>,
    places: &[usize],
    skipped: &mut Vec<Skipped>,
) -> Vec<SourceAgent> {
    let id = |index: usize| agents[index].id.as_str();
    let mut order: Vec<(u64, usize)> = (0..agents.len())
        .map(|index| (leading(id(index)), index))
        .collect();
    order.sort_unstable_by(|a, b| {
        a.0.cmp(&b.0)
            .then_with(|| id(a.1).cmp(id(b.1)))
            .then(a.1.cmp(&b.1))
    });
    order.dedup_by(|later, kept| {
        let same = id(later.1) == id(kept.1);
        if same {
            skipped.push(Skipped {
                position: places[later.1],
                reason: SkipReason::RepeatedId,
            });
        }
        same
    });
    let mut slots: Vec<Option<SourceAgent>> = agents.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|(_, index)| slots[index].take())
        .collect()
}

/// The first eight bytes, so that numbers order as the texts do. Shorter texts are padded with
/// zero bytes; a tie is settled by the texts themselves.
fn leading(id: &str) -> u64 {
    let mut bytes = [0; 8];
    let length = id.len().min(8);
    bytes[..length].copy_from_slice(&id.as_bytes()[..length]);
    u64::from_be_bytes(bytes)
}
