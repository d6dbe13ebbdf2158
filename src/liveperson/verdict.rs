//! What a person is told about a step that was looked at: pure sentences.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{client::host, decode::Format, poll::Look};
use crate::{
    config::{LivePersonConfig, WireFormat},
    domain::{Capacity, CheckStep, SkipReason, SourceAgent},
    ports::{SourceError, SourceFault},
};

/// More than that between two clocks is no network delay.
const SKEW_MILLIS: u64 = 30_000;

/// A step that failed for this reason.
pub(super) fn failed(name: &'static str, error: &SourceError) -> CheckStep {
    let (detail, remedy) = told(error);
    CheckStep::failed(name, error.fault.blame(), detail, remedy)
}

/// A step without which polls still work.
pub(super) fn warned(name: &'static str, error: &SourceError) -> CheckStep {
    let (detail, remedy) = told(error);
    CheckStep::warned(name, detail, remedy)
}

/// An error's two halves: this room's errors say what happened, a semicolon, and what to do.
fn told(error: &SourceError) -> (String, String) {
    let (fact, advice) = error.what.split_once("; ").unwrap_or((&error.what, ""));
    let remedy = match error.fault {
        _ if is_certificate(error) => {
            "install the system's CA certificates (Debian: ca-certificates), or name the file of the CA in liveperson.ca_files; a proxy that looks into https needs that too".to_owned()
        }
        SourceFault::CredentialsRejected => {
            "try the user in LivePerson's own console: its password may be wrong, or the user locked, expired, SSO-only or not allowed from this address (Access Restrictions); correct liveperson.username or the secret and restart the daemon, which read it at its start; or run `lp2rc check --retry-login` once the user works again".to_owned()
        }
        SourceFault::Blacklisted => {
            "ask LivePerson's support to lift the block, then run `lp2rc check --retry-login`".to_owned()
        }
        SourceFault::Throttled => {
            let wait = error.retry_after.unwrap_or_default();
            format!("wait at least {wait:.0?}, and poll less often (`[schedule]`)")
        }
        SourceFault::Unreachable
        | SourceFault::ServerError
        | SourceFault::UnexpectedAnswer
        | SourceFault::ForeignAnswer
        | SourceFault::SessionLost
        | SourceFault::Forbidden
        | SourceFault::Refused
        | SourceFault::NotFound
        | SourceFault::Replaced
        | SourceFault::Retired => advice.to_owned(),
    };
    let remedy = if remedy.is_empty() {
        "look at what stands between here and LivePerson; if nothing does, please report it"
            .to_owned()
    } else {
        remedy
    };
    (format!("{}: {fact}", error.doing), remedy)
}

/// Whether the peer was not believed: rustls' own words, which our error carries.
pub(super) fn is_certificate(error: &SourceError) -> bool {
    error.what.contains("invalid peer certificate")
}

/// A session that LivePerson may offer chats to.
pub(super) fn not_away(name: &'static str, error: &SourceError) -> CheckStep {
    let (detail, _) = told(error);
    CheckStep::warned(
        name,
        format!("open, but not Away ({detail}): chats may be offered to the bridge's user"),
        "give the bridge's user no skills and set it Away in LivePerson's own console",
    )
}

/// The static half of the agents is not for this user.
pub(super) fn no_right(name: &'static str, what: &str) -> CheckStep {
    CheckStep::warned(
        name,
        format!("the user may not read {what}: names and addresses come from the polls alone"),
        "give the user's profile the right to see users, skills and groups, or set liveperson.account_config.read = false",
    )
}

/// The static half of the agents is not to be had, for a reason of its own.
pub(super) fn no_static_half(name: &'static str, why: &str) -> CheckStep {
    let (fact, advice) = why.split_once("; ").unwrap_or((why, "look at that host"));
    let off = "polls do without it: set liveperson.account_config.read = false if that is meant";
    CheckStep::warned(name, fact, format!("{off}; else {advice}"))
}

/// One format's poll. `other` is the same list in the other format, where it was read before.
pub(super) fn poll(
    config: &LivePersonConfig,
    name: &'static str,
    asked: WireFormat,
    look: Option<&Result<Look, SourceError>>,
    other: Option<&Look>,
) -> CheckStep {
    let look = match look {
        None => {
            return CheckStep::skipped(name, "there is no session, or LivePerson asked to wait");
        }
        Some(Ok(look)) => look,
        Some(Err(error)) if asked != config.format && is_about_format(error.fault) => {
            let step = warned(name, error);
            let used = word(config.format);
            let detail = format!("{}; polls ask for {used}, they go on", step.detail);
            return CheckStep { detail, ..step };
        }
        Some(Err(error)) => return failed(name, error),
    };
    let agents = &look.page.agents;
    let mut detail = format!(
        "{} agents in {} bytes at {}",
        agents.len(),
        look.bytes,
        host(&look.url)
    );
    let mut remedies = Vec::new();
    if agents.is_empty() {
        remedies.push(if config.filters.any() {
            "nobody passes liveperson.filters: correct or remove them"
        } else {
            "an account without agents is rare: check in LivePerson's own console that the user may see them, and that the user is not a bot who never logged in there"
        });
    }
    if look.format != expected(asked) {
        detail.push_str(", in the other format, whatever was asked for");
        remedies
            .push("look at what stands between here and LivePerson: it seems to ignore `Accept`");
    }
    if !look.page.skipped.is_empty() {
        detail.push_str("; skipped:");
        for (reason, count) in skipped(look) {
            // Writing into a String cannot fail.
            let _ = write!(detail, " {count} {reason}");
        }
        remedies
            .push("look for these entries in LivePerson's user list; the bridge cannot serve them");
    }
    if let Some(other) = other {
        let difference = Difference::between(&other.page.agents, agents);
        detail.push_str(&difference.told());
        if difference.described > 0 {
            remedies.push("names, addresses or skills must be the same in both formats: set liveperson.format to the one that is right");
        }
    }
    if remedies.is_empty() {
        CheckStep::passed(name, detail)
    } else {
        CheckStep::warned(name, detail, remedies.join("; "))
    }
}

/// Trouble that another format may not have.
const fn is_about_format(fault: SourceFault) -> bool {
    matches!(
        fault,
        SourceFault::UnexpectedAnswer
            | SourceFault::ServerError
            | SourceFault::Refused
            | SourceFault::NotFound
    )
}

const fn expected(asked: WireFormat) -> Format {
    match asked {
        WireFormat::Json => Format::Json,
        WireFormat::Xml => Format::Xml,
    }
}

const fn word(format: WireFormat) -> &'static str {
    match format {
        WireFormat::Json => "JSON",
        WireFormat::Xml => "XML",
    }
}

fn skipped(look: &Look) -> Vec<(&'static str, usize)> {
    let count = |reason| {
        let skipped = look.page.skipped.iter();
        skipped.filter(|entry| entry.reason == reason).count()
    };
    SkipReason::ALL
        .map(|reason| (reason.word(), count(reason)))
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// How two lists differ that were read one after the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Difference {
    /// Ids that only one of them has.
    alone: usize,
    /// Agents who do something else by now: the world moves.
    moved: usize,
    /// Agents who are described otherwise: the world seldom does that between two polls.
    described: usize,
}

impl Difference {
    fn between(one: &[SourceAgent], two: &[SourceAgent]) -> Self {
        let ids = |agents: &[SourceAgent]| -> BTreeSet<_> {
            agents.iter().map(|agent| agent.id.clone()).collect()
        };
        let mut found = Self {
            alone: ids(one).symmetric_difference(&ids(two)).count(),
            ..Self::default()
        };
        let first: BTreeMap<_, _> = one.iter().map(|agent| (&agent.id, agent)).collect();
        for agent in two {
            let Some(before) = first.get(&agent.id) else {
                continue;
            };
            if still(before) != still(agent) {
                found.described += 1;
            } else if *before != agent {
                found.moved += 1;
            }
        }
        found
    }

    fn told(self) -> String {
        if self == Self::default() {
            return "; the same as in JSON".to_owned();
        }
        let parts = [
            (self.alone, "in one format only"),
            (self.moved, "moved meanwhile"),
            (self.described, "described otherwise"),
        ];
        let parts: Vec<_> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        format!("; beside JSON {}", parts.join(", "))
    }
}

/// An agent without what changes from second to second.
fn still(agent: &SourceAgent) -> SourceAgent {
    use crate::domain::Presence::Unknown;
    SourceAgent {
        presence: Unknown,
        voice: Unknown,
        capacity: Capacity::Unlimited,
        load: 0,
        ..agent.clone()
    }
}

/// By how many milliseconds the server's clock is ahead of ours.
pub(super) fn clock(name: &'static str, ahead: Option<i64>) -> CheckStep {
    let Some(ahead) = ahead else {
        return CheckStep::skipped(name, "LivePerson told no time");
    };
    let seconds = ahead.unsigned_abs() / 1_000;
    let detail = match (seconds, ahead) {
        (0, _) => "both clocks say the same".to_owned(),
        (_, 1..) => format!("LivePerson's clock is {seconds} s ahead of ours"),
        (_, _) => format!("LivePerson's clock is {seconds} s behind ours"),
    };
    if ahead.unsigned_abs() <= SKEW_MILLIS {
        return CheckStep::passed(name, detail);
    }
    CheckStep::warned(
        name,
        detail,
        "keep this machine's clock with NTP (`timedatectl set-ntp true`); certificates and stored moments depend on it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::StepResult;

    #[test]
    fn an_error_becomes_what_was_seen_and_what_to_do() {
        let cases = [
            (
                SourceFault::NotFound,
                "answered 404; check the account; and the proxy",
                "log in at h: answered 404",
                "check the account; and the proxy",
            ),
            (
                SourceFault::Unreachable,
                "cannot connect (invalid peer certificate: UnknownIssuer); check the network",
                "log in at h: cannot connect (invalid peer certificate: UnknownIssuer)",
                "install the system's CA certificates",
            ),
            (
                SourceFault::UnexpectedAnswer,
                "names no address",
                "log in at h: names no address",
                "look at what stands between",
            ),
        ];
        for (fault, what, detail, remedy) in cases {
            let error = SourceError {
                doing: "log in at h".to_owned(),
                what: what.to_owned(),
                fault,
                retry_after: None,
            };
            let step = failed("login", &error);
            assert_eq!(step.detail, detail);
            assert!(step.remedy.starts_with(remedy), "{step:?}");
        }
    }

    #[test]
    fn only_a_skew_that_no_network_makes_is_a_warning() {
        use StepResult::{Passed, Skipped, Warned};
        let cases = [
            (None, Skipped, "told no time"),
            (Some(0), Passed, "the same"),
            (Some(-999), Passed, "the same"),
            (Some(30_000), Passed, "30 s ahead"),
            (Some(30_001), Warned, "30 s ahead"),
            (Some(-61_000), Warned, "61 s behind"),
            (Some(i64::MIN), Warned, "behind"),
        ];
        for (ahead, result, says) in cases {
            let step = clock("clock", ahead);
            assert_eq!(step.result, result, "{ahead:?}");
            assert!(step.detail.contains(says), "{step:?}");
        }
    }
}
