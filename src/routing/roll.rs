//! A snapshot with the book's counts laid over it, row by row.

use std::sync::Arc;

use super::{
    condition::{Bearing, Condition, leans_on_source, room},
    order::Marks,
    refusal::Refusal,
};
use crate::domain::{Capacity, Policy, Snapshot, SnapshotRow, Timestamp};

/// What the book knows about one agent beyond the snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Desk {
    /// Chats and holds that stay: booked rooms and decisions of external routing.
    pub firm: u32,
    /// Holds of anonymous answers, which give way.
    pub tentative: u32,
    /// Picks for no department.
    pub picks: u64,
    /// When last picked, whatever for.
    pub last_picked: Option<Timestamp>,
    /// Kept as last seen, and that was too long ago.
    pub unseen: bool,
}

/// One agent as picking sees them: what is needed of the snapshot, copied beside the desk, so
/// that an update touches one cache line instead of four.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Seat {
    pub(super) desk: Desk,
    pub(super) capacity: Capacity,
    pub(super) load: u32,
    /// First of this row's links.
    links: u32,
    bearing: Bearing,
    leans: bool,
    /// As last computed; see [`Roll::settle`].
    pub(super) condition: Condition,
}

impl Seat {
    /// Chats that will not give way.
    pub(super) fn firm(&self) -> u32 {
        self.load.saturating_add(self.desk.firm)
    }

    /// Chats and holds of every kind.
    pub(super) fn taken(&self) -> u32 {
        self.firm().saturating_add(self.desk.tentative)
    }

    /// The one reason that comes first, or how open they are (DESIGN decision "eligibility").
    pub(super) fn judge(&self, young: bool) -> Condition {
        match self.bearing {
            Bearing::Shut(reason @ (Refusal::Gone | Refusal::Missing)) => Condition::Shut(reason),
            _ if self.leans && !young => Condition::Shut(Refusal::SourceTooOld),
            _ if self.leans && self.desk.unseen => Condition::Shut(Refusal::NotSeen),
            Bearing::Shut(reason) => Condition::Shut(reason),
            Bearing::Takes(takes) => {
                Condition::Open(takes, room(self.capacity, self.firm(), self.desk.tentative))
            }
        }
    }
}

/// One membership.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// Place of the department in the snapshot.
    pub(super) department: u32,
    /// Place among its members.
    pub(super) leaf: u32,
    /// Picks for it.
    pub(super) picks: u64,
}

/// The snapshot, a seat for each of its rows and a link for each membership.
#[derive(Clone, Debug)]
pub struct Roll {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) policy: Policy,
    /// Whether the source was read recently enough.
    pub(super) young: bool,
    pub(super) seats: Vec<Seat>,
    pub(super) links: Vec<Link>,
    names: Arc<Names>,
}

impl Roll {
    /// Nobody.
    pub fn empty(policy: Policy) -> Self {
        Self {
            snapshot: Arc::default(),
            policy,
            young: false,
            seats: Vec::new(),
            links: Vec::new(),
            names: Arc::default(),
        }
    }

    /// The roll of a newer snapshot, desks and picks carried over by target id and department id.
    /// The second part says for each row of `self` which row it is now, if any.
    #[must_use]
    pub fn following(&self, snapshot: Arc<Snapshot>, young: bool) -> (Self, Vec<Option<u32>>) {
        let (old_rows, new_rows) = (self.snapshot.rows(), snapshot.rows());
        let same_people = old_rows.len() == new_rows.len()
            && old_rows.iter().zip(new_rows).all(|(a, b)| same_ids(a, b));
        let names = if same_people {
            Arc::clone(&self.names)
        } else {
            Arc::new(Names::new(new_rows))
        };
        let departments = self.departments_in(&snapshot);
        let mut moved = vec![None; old_rows.len()];
        let mut next_leaf = vec![0u32; snapshot.departments().len()];
        let mut seats = Vec::with_capacity(new_rows.len());
        let mut links = Vec::with_capacity(self.links.len());
        let mut expected = 0;
        for (place, row) in (0u32..).zip(new_rows) {
            let old = self.row_of(row, expected);
            let first = links.len();
            for &department in &row.departments {
                let leaf = next_leaf[department as usize];
                next_leaf[department as usize] += 1;
                links.push(Link {
                    department,
                    leaf,
                    picks: 0,
                });
            }
            let mut desk = Desk::default();
            if let Some(old) = old {
                expected = old + 1;
                moved[old] = Some(place);
                desk = self.seats[old].desk;
                for was in self.links_of(old) {
                    let now = departments[was.department as usize];
                    if let Some(link) = links[first..]
                        .iter_mut()
                        .find(|link| Some(link.department) == now)
                    {
                        link.picks = was.picks;
                    }
                }
            }
            seats.push(Seat {
                desk,
                capacity: row.capacity(),
                load: row.load(),
                links: u32::try_from(first).unwrap_or(u32::MAX),
                bearing: Bearing::of(row),
                leans: leans_on_source(row.owner()),
                condition: Condition::Shut(Refusal::NobodyKnown),
            });
        }
        let roll = Self {
            snapshot,
            policy: self.policy,
            young,
            seats,
            links,
            names,
        };
        (roll, moved)
    }

    /// The snapshot underneath.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// The order of choice.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Whether the source is called young enough.
    pub fn young(&self) -> bool {
        self.young
    }

    /// How many agents there are.
    pub fn len(&self) -> usize {
        self.seats.len()
    }

    /// Whether nobody is known.
    pub fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// The row of the agent with this id in the target; the one from before provisioning counts
    /// too.
    pub fn find(&self, target_id: &str) -> Option<usize> {
        self.names.find(self.snapshot.rows(), target_id)
    }

    /// How open a row is now.
    pub fn condition(&self, row: usize) -> Condition {
        self.seats[row].condition
    }

    /// What is laid over a row.
    pub fn desk(&self, row: usize) -> &Desk {
        &self.seats[row].desk
    }

    /// The same, to change before an index is made of the roll; afterwards use
    /// [`Index::change`](super::Index::change).
    pub fn desk_mut(&mut self, row: usize) -> &mut Desk {
        &mut self.seats[row].desk
    }

    /// Chats the source counts for a row.
    pub fn load(&self, row: usize) -> u32 {
        self.seats[row].load
    }

    /// Load, firm bookings and holds of a row together.
    pub fn taken(&self, row: usize) -> u32 {
        self.seats[row].taken()
    }

    /// How many slots of a row go beyond its limit.
    pub fn excess(&self, row: usize) -> u32 {
        match self.seats[row].capacity {
            Capacity::Unlimited => 0,
            Capacity::Limited(limit) => self.taken(row).saturating_sub(limit),
        }
    }

    /// The departments of a row by their places, with the picks for each.
    pub fn memberships(&self, row: usize) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.links_of(row)
            .iter()
            .map(|link| (link.department as usize, link.picks))
    }

    /// Picks of a row: for the department at this place, or for none. `None` when the row is not
    /// a member.
    pub fn picks(&self, row: usize, department: Option<usize>) -> Option<u64> {
        match department {
            None => Some(self.seats[row].desk.picks),
            Some(place) => self.link(row, place).map(|at| self.links[at].picks),
        }
    }

    /// Sets the picks of a row; nothing happens when it is not a member.
    pub fn set_picks(&mut self, row: usize, department: Option<usize>, picks: u64) {
        match department {
            None => self.seats[row].desk.picks = picks,
            Some(place) => {
                if let Some(at) = self.link(row, place) {
                    self.links[at].picks = picks;
                }
            }
        }
    }

    /// What the sort key of a row is made of, in one department or among everybody.
    pub(super) fn marks(&self, row: usize, link: Option<&Link>) -> Marks {
        let seat = &self.seats[row];
        Marks {
            picks: link.map_or(seat.desk.picks, |link| link.picks),
            order: 0,
            open: seat.taken(),
            last_picked: seat.desk.last_picked,
            row: u32::try_from(row).unwrap_or(u32::MAX),
        }
    }

    pub(super) fn link_range(&self, row: usize) -> std::ops::Range<usize> {
        let end = self
            .seats
            .get(row + 1)
            .map_or(self.links.len(), |next| next.links as usize);
        self.seats[row].links as usize..end
    }

    pub(super) fn links_of(&self, row: usize) -> &[Link] {
        &self.links[self.link_range(row)]
    }

    pub(super) fn link(&self, row: usize, department: usize) -> Option<usize> {
        self.link_range(row)
            .find(|at| self.links[*at].department as usize == department)
    }

    /// The row of the same agent, tried first where it is expected: most rosters hardly move.
    fn row_of(&self, row: &SnapshotRow, expected: usize) -> Option<usize> {
        match self.snapshot.rows().get(expected) {
            Some(there) if same_person(there, row) => Some(expected),
            _ => self.find(row.target_id().as_str()).or_else(|| {
                // Provisioned meanwhile: known here by the id from before.
                self.find(row.formerly()?.as_str())
            }),
        }
    }

    /// For each department here, its place in another snapshot. Both are sorted by id.
    fn departments_in(&self, other: &Snapshot) -> Vec<Option<u32>> {
        self.snapshot
            .departments()
            .iter()
            .map(|department| {
                let place = other.department(department.id.as_str())?;
                u32::try_from(place).ok()
            })
            .collect()
    }
}

fn same_person(a: &SnapshotRow, b: &SnapshotRow) -> bool {
    Arc::ptr_eq(&a.agent.identity, &b.agent.identity) || a.target_id() == b.target_id()
}

/// Whether both are found by the same ids.
fn same_ids(a: &SnapshotRow, b: &SnapshotRow) -> bool {
    Arc::ptr_eq(&a.agent.identity, &b.agent.identity)
        || (a.target_id() == b.target_id() && a.formerly() == b.formerly())
}

/// Rows by target id, present and former. Holds hashes and not the ids, which stand in the rows: a tenth of the
/// memory, and building it clones nothing.
#[derive(Debug, Default)]
struct Names {
    state: ahash::RandomState,
    rows: std::collections::HashMap<u64, u32, ahash::RandomState>,
}

impl Names {
    fn new(rows: &[SnapshotRow]) -> Self {
        let mut names = Self::default();
        names.rows.reserve(rows.len());
        for (place, row) in (0u32..).zip(rows) {
            names.add(row.target_id().as_str(), place);
        }
        // Afterwards: should an id mean two agents, it means the one who has it now.
        for (place, row) in (0u32..).zip(rows) {
            if let Some(former) = row.formerly() {
                names.add(former.as_str(), place);
            }
        }
        names
    }

    fn add(&mut self, id: &str, place: u32) {
        let mut slot = self.state.hash_one(id);
        // Another id with the same hash, once in a few billion rosters: the next number.
        while self.rows.contains_key(&slot) {
            slot = slot.wrapping_add(1);
        }
        self.rows.insert(slot, place);
    }

    fn find(&self, rows: &[SnapshotRow], target_id: &str) -> Option<usize> {
        let mut slot = self.state.hash_one(target_id);
        loop {
            let place = *self.rows.get(&slot)? as usize;
            if rows.get(place)?.answers_to(target_id) {
                return Some(place);
            }
            slot = slot.wrapping_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_one_cache_line() {
        assert_eq!(size_of::<Seat>(), 64);
    }
}
