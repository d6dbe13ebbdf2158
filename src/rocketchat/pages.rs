//! Reading a list to its end (admin contract §2.5). The server may give fewer than asked for, and
//! the list may change meanwhile: there is no snapshot.
//!
//! Each page begins with the edge entry of the one before it. When that is not so, when the total
//! moved, or when an entry came twice, the list changed, and it is read again. A list that never
//! rests gives everybody who was seen: somebody who has left is found out by the write, somebody
//! overlooked would be made a second time.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{fault::Failed, line::Line, route::Call};

/// More than a page may hold by default.
const PAGE: &str = "100";

/// How often a list that moves is read.
const ROUNDS: u32 = 5;

/// A list: what it is called in the answer, what its entries are known and sorted by.
#[derive(Clone, Copy)]
pub(super) struct List {
    pub(super) name: &'static str,
    /// `_id` or `agentId`.
    pub(super) id: &'static str,
    /// A member that no two entries share.
    pub(super) sort: &'static str,
}

pub(super) const USERS: List = List {
    name: "users",
    id: "_id",
    sort: r#"{"username":1}"#,
};
pub(super) const DEPARTMENTS: List = List {
    name: "departments",
    id: "_id",
    sort: r#"{"_id":1}"#,
};
pub(super) const MEMBERS: List = List {
    name: "agents",
    id: "agentId",
    sort: r#"{"username":1}"#,
};

/// All entries, by id. `call` makes the call without the page.
pub(super) async fn read<T: DeserializeOwned>(
    line: &Line,
    list: List,
    call: impl Fn() -> Call,
) -> Result<Vec<T>, Failed> {
    let mut seen = BTreeMap::new();
    for _ in 0..ROUNDS {
        let mut round = BTreeMap::new();
        let rested = once(line, list, &call, &mut round).await?;
        if rested {
            seen = round;
            break;
        }
        seen.extend(round);
    }
    let entries = seen.into_values().map(serde_json::from_value);
    let entries: Result<_, _> = entries.collect();
    entries.map_err(|_| line.misshapen(&call()))
}

/// Reads the list once; tells whether it rested.
async fn once(
    line: &Line,
    list: List,
    call: &impl Fn() -> Call,
    round: &mut BTreeMap<String, Value>,
) -> Result<bool, Failed> {
    let (mut offset, mut first_total, mut rested) = (0_usize, None, true);
    let mut edge = None;
    loop {
        let call = call()
            .ask("count", PAGE)
            .ask("offset", offset.to_string())
            .ask("sort", list.sort);
        let mut page = line.call(&call).await?;
        let total = page["total"].as_u64();
        let (Some(total), Some(entries)) = (total, page[list.name].as_array_mut()) else {
            return Err(line.misshapen(&call));
        };
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        rested &= *first_total.get_or_insert(total) == total;
        let count = entries.len();
        let mut fresh = 0;
        for (at, entry) in entries.drain(..).enumerate() {
            let Some(id) = entry[list.id].as_str().map(str::to_owned) else {
                return Err(line.misshapen(&call));
            };
            let expected = at == 0 && edge.is_some();
            if expected {
                rested &= edge.as_ref() == Some(&id);
            }
            edge = Some(id.clone());
            let known = round.insert(id, entry).is_some();
            fresh += usize::from(!known);
            rested &= expected || !known;
        }
        if offset.saturating_add(count) >= total {
            return Ok(rested && round.len() == total);
        }
        // Nothing new, and not the end: the list fell behind us, or it goes round in circles.
        if fresh == 0 {
            return Ok(false);
        }
        // A page of one entry cannot overlap and get on.
        offset += count.max(2) - 1;
        if count == 1 {
            edge = None;
        }
    }
}
