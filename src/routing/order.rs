//! Who comes first: the sort keys of admin contract §4.3, each packed into one number.
//!
//! | policy | department | first | then | last |
//! |---|---|---|---|---|
//! | auto-selection | asked | picks for it | `order` | username |
//! | auto-selection | none | picks without one | – | username |
//! | load-balancing | either | open chats | last picked | username |
//! | load-rotation | either | last picked | – | username |
//! | manual | either | nobody is picked | | |
//!
//! Usernames compare in plain binary order, and a snapshot's rows are sorted so: the row is the
//! tie-break. An agent never picked comes before every other time. `order` is the membership's
//! own number in the target; the source has no such thing, so the book gives 0 for everybody.
//!
//! Layout, high to low: 3 bits class, 61 bits first, 32 bits then, 32 bits row. Load-balancing
//! needs the time in the wider field: 3 bits class, 32 bits chats, 61 bits time, 32 bits row.

use crate::domain::{Policy, Timestamp};

/// Everything a sort key is made of, for one agent in one tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Picks so far: for the department, or without one.
    pub picks: u64,
    /// The membership's own place; 0 without a department.
    pub order: u32,
    /// Open chats, holds included.
    pub open: u32,
    /// When last picked, whatever for.
    pub last_picked: Option<Timestamp>,
    /// Place by username.
    pub row: u32,
}

/// Bigger than every key: the key of no agent.
pub(super) const NOBODY: u128 = u128::MAX;

const WIDE: u64 = (1 << 61) - 1;

/// The sort key of an agent whose condition has this class.
pub(super) fn key(policy: Policy, class: u8, marks: Marks) -> u128 {
    let Marks {
        picks,
        order,
        open,
        last_picked,
        row,
    } = marks;
    let body = match policy {
        Policy::AutoSelection => u128::from(picks.min(WIDE)) << 64 | u128::from(order) << 32,
        Policy::LoadBalancing => u128::from(open) << 93 | u128::from(moment(last_picked)) << 32,
        Policy::LoadRotation => u128::from(moment(last_picked)) << 64,
        Policy::Manual => 0,
    };
    u128::from(class) << 125 | body | u128::from(row)
}

/// The row of a key, and its class.
pub(super) fn parts(key: u128) -> (u8, u32) {
    let row = u32::try_from(key & u128::from(u32::MAX)).unwrap_or(u32::MAX);
    (u8::try_from(key >> 125).unwrap_or(u8::MAX), row)
}

/// Never is 0; every time from 1970 on keeps its order.
fn moment(at: Option<Timestamp>) -> u64 {
    at.map_or(0, |at| {
        u64::try_from(at.millis())
            .unwrap_or(0)
            .saturating_add(1)
            .min(WIDE)
    })
}

/// The sort key in words: name and value of every part that the policy looks at, in its order.
pub(super) fn words(
    policy: Policy,
    department: bool,
    marks: &Marks,
    username: &str,
) -> Vec<(&'static str, String)> {
    let last = || {
        let text = marks
            .last_picked
            .map_or_else(|| "never".to_owned(), |at| at.to_string());
        ("last picked", text)
    };
    let mut parts = match policy {
        Policy::AutoSelection if department => vec![
            ("picks for the department", marks.picks.to_string()),
            ("order", marks.order.to_string()),
        ],
        Policy::AutoSelection => vec![("picks without a department", marks.picks.to_string())],
        Policy::LoadBalancing => vec![("open chats and holds", marks.open.to_string()), last()],
        Policy::LoadRotation => vec![last()],
        Policy::Manual => Vec::new(),
    };
    parts.push(("username", username.to_owned()));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(picks: u64, order: u32, open: u32, last: Option<i64>, row: u32) -> Marks {
        Marks {
            picks,
            order,
            open,
            last_picked: last.map(Timestamp::from_millis),
            row,
        }
    }

    #[test]
    fn each_policy_sorts_by_its_own_parts_in_their_order() {
        let sooner = marks(1, 0, 5, Some(90), 9);
        let cases = [
            // Fewest picks, whatever else.
            (Policy::AutoSelection, sooner, marks(2, 0, 0, None, 0)),
            // Then order, then username; chats and times do not count.
            (Policy::AutoSelection, sooner, marks(1, 1, 0, None, 0)),
            (Policy::AutoSelection, sooner, marks(1, 0, 0, None, 10)),
            // Fewest open chats, whatever else.
            (Policy::LoadBalancing, sooner, marks(0, 0, 6, None, 0)),
            // Then longest since, then username; picks and order do not count.
            (Policy::LoadBalancing, sooner, marks(0, 0, 5, Some(91), 0)),
            (Policy::LoadBalancing, sooner, marks(0, 0, 5, Some(90), 10)),
            // Longest since, whatever else; then username.
            (Policy::LoadRotation, sooner, marks(0, 0, 0, Some(91), 0)),
            (Policy::LoadRotation, sooner, marks(0, 0, 0, Some(90), 10)),
            // Never comes before the oldest time.
            (
                Policy::LoadRotation,
                marks(9, 9, 9, None, 99),
                marks(0, 0, 0, Some(0), 0),
            ),
            (
                Policy::LoadBalancing,
                marks(9, 9, 1, None, 99),
                marks(0, 0, 1, Some(0), 0),
            ),
        ];
        for (policy, first, second) in cases {
            assert!(
                key(policy, 0, first) < key(policy, 0, second),
                "{policy:?}: {first:?} before {second:?}"
            );
        }
    }

    #[test]
    fn the_class_outweighs_everything_and_the_row_comes_back() {
        let heavy = marks(u64::MAX, u32::MAX, u32::MAX, Some(i64::MAX), u32::MAX - 1);
        let light = marks(0, 0, 0, None, 0);
        for policy in Policy::ALL {
            assert!(key(policy, 0, heavy) < key(policy, 1, light), "{policy:?}");
            assert_eq!(parts(key(policy, 3, heavy)), (3, u32::MAX - 1));
            assert!(key(policy, 7, heavy) < NOBODY, "{policy:?}");
        }
    }
}
