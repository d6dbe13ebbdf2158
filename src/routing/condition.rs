//! Whether an agent may be picked, as one small value that changes only when the agent does.
//!
//! | takes | room | anonymous | new chat | transfer | class |
//! |---|---|---|---|---|---|
//! | new chats | free | yes | yes | yes | 0 |
//! | new chats | held | at capacity | displaces | displaces | 1 |
//! | transfers only | free | occupied | occupied | yes | 2 |
//! | transfers only | held | occupied | occupied | displaces | 3 |
//! | either | full or closed | refused | refused | refused | 7 |
//! | shut | – | refused | refused | refused | 7 |
//!
//! The class stands in the top bits of the sort key, so the smallest key of a tree is a
//! permissible agent or nobody is. It follows that for transfers agents who take new chats come
//! before occupied ones, even if an anonymous hold must be displaced for it: an occupied agent
//! asked for quiet, a hold is only a maybe.

use super::refusal::Refusal;
use crate::domain::{Capacity, Owner, Purpose, SnapshotRow, Standing};

/// What is asked for, and how sure the asker is: only a new chat can be asked for anonymously.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// A new chat, perhaps: takes free slots only and is booked tentatively.
    Anonymous,
    /// A new chat: displaces tentative holds when nobody is free.
    NewChat,
    /// A chat that leaves another agent: displaces tentative holds too.
    Transfer,
}

impl Claim {
    /// The claim of a sure asker.
    pub const fn firm(purpose: Purpose) -> Self {
        match purpose {
            Purpose::NewChat => Self::NewChat,
            Purpose::Transfer => Self::Transfer,
        }
    }

    /// The highest class that may be picked.
    pub(super) const fn highest(self) -> u8 {
        match self {
            Self::Anonymous => 0,
            Self::NewChat => 1,
            Self::Transfer => 3,
        }
    }
}

/// Which chats presence lets through. Whoever takes new chats takes transfers too: the target
/// knows one availability for both (admin contract §4.2, §4.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Takes {
    /// New chats and transfers.
    NewChats,
    /// Transfers only.
    Transfers,
}

/// What the limit leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Room {
    /// At least one slot.
    Free,
    /// One slot at least, if tentative holds give way.
    Held,
    /// Nothing: every slot is taken firmly.
    Full,
    /// Nothing ever: the limit is zero.
    Closed,
}

/// How an agent is, as far as being picked is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Refused whatever is asked.
    Shut(Refusal),
    /// Let through by presence; room decides.
    Open(Takes, Room),
}

impl Condition {
    /// So many different conditions can be told apart by [`Self::slot`].
    pub(super) const SLOTS: usize = Refusal::ALL.len() + 8;

    /// A small number for counting, different for every condition.
    pub(super) const fn slot(self) -> usize {
        match self {
            Self::Shut(refusal) => refusal as usize,
            Self::Open(takes, room) => Refusal::ALL.len() + takes as usize * 4 + room as usize,
        }
    }

    /// The condition of a slot.
    pub(super) fn of_slot(slot: usize) -> Self {
        if let Some(refusal) = Refusal::ALL.get(slot) {
            return Self::Shut(*refusal);
        }
        let open = slot - Refusal::ALL.len();
        let takes = [Takes::NewChats, Takes::Transfers][(open / 4).min(1)];
        Self::Open(
            takes,
            [Room::Free, Room::Held, Room::Full, Room::Closed][open % 4],
        )
    }

    /// Top bits of the sort key; see the table above.
    pub(super) const fn class(self) -> u8 {
        match self {
            Self::Open(Takes::NewChats, Room::Free) => 0,
            Self::Open(Takes::NewChats, Room::Held) => 1,
            Self::Open(Takes::Transfers, Room::Free) => 2,
            Self::Open(Takes::Transfers, Room::Held) => 3,
            Self::Open(_, Room::Full | Room::Closed) | Self::Shut(_) => 7,
        }
    }

    /// Why not, for one kind of claim; `None` when the agent may be picked.
    pub const fn refusal(self, claim: Claim) -> Option<Refusal> {
        match (self, claim) {
            (Self::Shut(refusal), _) => Some(refusal),
            (Self::Open(Takes::Transfers, _), Claim::Anonymous | Claim::NewChat) => {
                Some(Refusal::Occupied)
            }
            (Self::Open(_, Room::Closed), _) => Some(Refusal::NoCapacity),
            (Self::Open(_, Room::Full), _) | (Self::Open(_, Room::Held), Claim::Anonymous) => {
                Some(Refusal::AtCapacity)
            }
            (Self::Open(_, Room::Held | Room::Free), _) => None,
        }
    }
}

/// What the snapshot alone says about an agent: the part that stays until the next snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bearing {
    Shut(Refusal),
    Takes(Takes),
}

impl Bearing {
    /// Nothing the source says or leaves out counts for those whom only the target owns: they are
    /// not offered by its word, nor refused by its silence.
    pub(super) fn of(row: &SnapshotRow) -> Self {
        if !leans_on_source(row.owner()) {
            return Self::Shut(Refusal::TargetDecides);
        }
        match row.standing() {
            Standing::Gone { .. } => return Self::Shut(Refusal::Gone),
            Standing::Missing { .. } => return Self::Shut(Refusal::Missing),
            Standing::Present | Standing::Frozen { .. } => {}
        }
        let says = row.availability();
        match (says.new_chats, says.transfers) {
            (true, _) => Self::Takes(Takes::NewChats),
            (false, true) => Self::Takes(Takes::Transfers),
            (false, false) => Self::Shut(Refusal::NotAvailable),
        }
    }
}

/// Whether the source's word counts for agents of this owner. `Both` means free on both sides, so
/// the source's silence is enough to refuse.
pub(super) const fn leans_on_source(owner: Owner) -> bool {
    match owner {
        Owner::Source | Owner::Both => true,
        Owner::Target => false,
    }
}

/// What a limit leaves over `firm` chats and `tentative` holds.
pub(super) fn room(capacity: Capacity, firm: u32, tentative: u32) -> Room {
    if capacity == Capacity::Limited(0) {
        Room::Closed
    } else if !capacity.has_room(firm) {
        Room::Full
    } else if capacity.has_room(firm.saturating_add(tentative)) {
        Room::Free
    } else {
        Room::Held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_and_conditions_are_each_others_inverse() {
        for slot in 0..Condition::SLOTS {
            assert_eq!(Condition::of_slot(slot).slot(), slot);
        }
    }

    #[test]
    fn room_is_what_the_limit_leaves() {
        use Capacity::{Limited, Unlimited};
        let cases = [
            (Unlimited, 0, 0, Room::Free),
            (Unlimited, u32::MAX, u32::MAX, Room::Free),
            (Limited(0), 0, 0, Room::Closed),
            (Limited(0), 3, 0, Room::Closed),
            (Limited(2), 0, 1, Room::Free),
            (Limited(2), 1, 0, Room::Free),
            (Limited(2), 1, 1, Room::Held),
            (Limited(2), 0, 2, Room::Held),
            (Limited(2), 2, 0, Room::Full),
            (Limited(2), 5, 0, Room::Full),
        ];
        for (capacity, firm, tentative, expected) in cases {
            let got = room(capacity, firm, tentative);
            assert_eq!(got, expected, "{capacity:?} {firm} {tentative}");
        }
    }

    #[test]
    fn class_and_refusal_agree_for_every_question() {
        for slot in 0..Condition::SLOTS {
            let condition = Condition::of_slot(slot);
            for claim in [Claim::Anonymous, Claim::NewChat, Claim::Transfer] {
                assert_eq!(
                    condition.refusal(claim).is_none(),
                    condition.class() <= claim.highest(),
                    "{condition:?} {claim:?}"
                );
            }
        }
    }

    #[test]
    fn an_occupied_agent_who_is_full_is_occupied_to_a_new_chat_and_full_to_a_transfer() {
        let full = Condition::Open(Takes::Transfers, Room::Full);
        assert_eq!(full.refusal(Claim::NewChat), Some(Refusal::Occupied));
        assert_eq!(full.refusal(Claim::Transfer), Some(Refusal::AtCapacity));
    }
}
