//! Keys of the one ordered table. All keys are text, so that an export can be read and compared.
//!
//! | key | holds |
//! |---|---|
//! | `counter/["<agent>",<department or null>]` | picks of one agent |
//! | `cursor` | generation and cursor |
//! | `identity/<source id>` | who an agent is in the target |
//! | `latch` | a login that the source refused |
//! | `link/agent/<source id>` | the user in the target that is ours |
//! | `link/department/<name>` | the department in the target that is ours |
//! | `meta/schema` | version of this layout |
//! | `meta/unsettled` | a write of several batches has begun and not ended |
//! | `move/change/<run>/<8 hexadecimal digits>` | one change of a run of the move, with what was before |
//! | `move/outcome/<run>/<8 hexadecimal digits>` | how that change ended |
//! | `move/run/<run>` | one run of the move; a change without its run is the rest of a crash |
//! | `roster/<source id>` | what we believe about an agent |
//! | `run/<16 hexadecimal digits>` | one finished cycle, big-endian so that order is age |

use crate::domain::{DepartmentId, SourceId, TargetId};

/// Generation and cursor: the record whose bytes are compared before a commit.
pub(crate) const CURSOR: &str = "cursor";
/// The refused login.
pub(crate) const LATCH: &str = "latch";
/// Version of the layout.
pub(crate) const SCHEMA: &str = "meta/schema";
/// Present while a write of several batches is under way. Its text is one of the three below.
pub(crate) const UNSETTLED: &str = "meta/unsettled";
/// Some rows may be ahead of the cursor; the next full poll makes that harmless.
pub(crate) const COMMIT: &[u8] = b"commit";
/// Old and new content may be mixed.
pub(crate) const IMPORT: &[u8] = b"import";
/// Old and new layout may be mixed.
pub(crate) const MIGRATION: &[u8] = b"migration";

pub(crate) const META: &str = "meta/";
pub(crate) const ROSTER: &str = "roster/";
pub(crate) const IDENTITY: &str = "identity/";
pub(crate) const COUNTER: &str = "counter/";
pub(crate) const RUN: &str = "run/";
pub(crate) const MOVE_RUN: &str = "move/run/";
pub(crate) const MOVE_CHANGE: &str = "move/change/";
pub(crate) const MOVE_OUTCOME: &str = "move/outcome/";
pub(crate) const AGENT_LINK: &str = "link/agent/";
pub(crate) const DEPARTMENT_LINK: &str = "link/department/";

pub(crate) fn roster(id: &SourceId) -> String {
    format!("{ROSTER}{id}")
}

pub(crate) fn identity(id: &SourceId) -> String {
    format!("{IDENTITY}{id}")
}

/// JSON keeps the two parts apart whatever characters they hold.
pub(crate) fn counter(agent: &TargetId, department: Option<&DepartmentId>) -> String {
    let agent = serde_json::Value::from(agent.as_str());
    let department = serde_json::Value::from(department.map(DepartmentId::as_str));
    format!("{COUNTER}[{agent},{department}]")
}

pub(crate) fn run(number: u64) -> String {
    format!("{RUN}{number:016x}")
}

pub(crate) fn run_number(key: &str) -> Option<u64> {
    let digits = key.strip_prefix(RUN)?;
    (digits.len() == 16)
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}

/// Whether a name can be part of a key and of the order of keys.
pub(crate) fn is_run_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !id.is_empty() && id.bytes().all(plain)
}

pub(crate) fn move_run(id: &str) -> String {
    format!("{MOVE_RUN}{id}")
}

/// Where the changes or outcomes (`family`) of one run are.
pub(crate) fn of_run(family: &str, run: &str) -> String {
    format!("{family}{run}/")
}

/// One change or outcome (`family`) of a run.
pub(crate) fn in_run(family: &str, run: &str, number: u32) -> String {
    format!("{family}{run}/{number:08x}")
}

/// Run and number in a key that [`in_run`] has made.
pub(crate) fn place_in_run<'a>(family: &str, key: &'a str) -> Option<(&'a str, u32)> {
    let (run, digits) = key.strip_prefix(family)?.split_once('/')?;
    let number = (digits.len() == 8).then(|| u32::from_str_radix(digits, 16).ok())??;
    is_run_id(run).then_some((run, number))
}

pub(crate) fn agent_link(id: &SourceId) -> String {
    format!("{AGENT_LINK}{id}")
}

pub(crate) fn department_link(name: &str) -> String {
    format!("{DEPARTMENT_LINK}{name}")
}

/// The first text that is greater than every text with this prefix. Prefixes end in `/`, and `0`
/// is the character after it.
pub(crate) fn after(prefix: &str) -> String {
    let mut end = prefix.trim_end_matches('/').to_owned();
    end.push('0');
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_sort_by_age() {
        let mut keys: Vec<_> = [0, 9, 10, 255, 256, u64::MAX].map(run).to_vec();
        let in_order = keys.clone();
        keys.sort();
        assert_eq!(keys, in_order);
        assert_eq!(run_number(&run(256)), Some(256));
        assert_eq!(run_number("run/12"), None);
    }

    #[test]
    fn two_counters_never_share_a_key() {
        let agent = |text: &str| TargetId::new(text);
        let department = DepartmentId::new;
        let keys = [
            counter(&agent("a"), None),
            counter(&agent("a"), Some(&department("null"))),
            counter(&agent("a"), Some(&department(""))),
            counter(&agent("a\",\"b"), None),
            counter(&agent("a"), Some(&department("b"))),
        ];
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len());
    }

    #[test]
    fn changes_sort_by_run_and_number_and_runs_do_not_mix() {
        let key = |run, number| in_run(MOVE_CHANGE, run, number);
        let keys = [
            key("m1", 0),
            key("m1", 9),
            key("m1", 256),
            key("m1", u32::MAX),
        ];
        assert!(keys.is_sorted());
        for key in &keys {
            assert!(*key < after(&of_run(MOVE_CHANGE, "m1")), "{key}");
        }
        for other in [key("m", 0), key("m1-", 0), key("m10", 0)] {
            let (from, to) = (of_run(MOVE_CHANGE, "m1"), of_run(MOVE_CHANGE, "m1"));
            assert!(!(from..after(&to)).contains(&other), "{other}");
        }
        assert_eq!(place_in_run(MOVE_CHANGE, &keys[2]), Some(("m1", 256)));
        for wrong in [
            "move/change/m1",
            "move/change/m1/100",
            "move/change//00000000",
            "move/outcome/m1/00000000",
        ] {
            assert_eq!(place_in_run(MOVE_CHANGE, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_family_ends_before_its_neighbour() {
        for inside in ["roster/", "roster/1", "roster/\u{10ffff}"] {
            assert!(inside < after(ROSTER).as_str(), "{inside}");
        }
        assert!("roster0" >= after(ROSTER).as_str());
    }
}
