//! The check of usernames against the target's own rule.

use std::collections::BTreeMap;

use regex_automata::meta::Regex;

use super::{
    Scene,
    finding::{about_agents, agents, failed, ok},
    nobody,
};
use crate::migrate::{verify::wanted::Wanted, wire::Finding};

/// What holds where the target's setting is no pattern (admin contract §2.2).
const DEFAULT: &str = "[0-9a-zA-Z-_.]+";

/// Patterns larger than this when compiled are not names' patterns, but a trap.
const PATTERN_BYTES: usize = 1 << 20;

pub(super) fn names(name: &'static str, scene: &Scene<'_>) -> Finding {
    if scene.people.is_empty() {
        return nobody(name);
    }
    let mut twins: BTreeMap<String, Vec<&Wanted<'_>>> = BTreeMap::new();
    for one in &scene.moved {
        let folded = one.username().to_lowercase();
        twins.entry(folded).or_default().push(one);
    }
    let twins = twins.into_values().filter(|same| same.len() > 1);
    let twins: Vec<_> = twins.flatten().collect();
    if !twins.is_empty() {
        let detail = format!(
            "{} share their username with another, and Rocket.Chat does not tell upper from lower case",
            agents(twins.len())
        );
        let remedy = "leave all but one of them out with participants.exclude, and report it: the mapping should have told them apart";
        return about_agents(failed(name, detail, remedy), &twins);
    }
    let setting = scene.capabilities.text("UTF8_User_Names_Validation");
    let own = setting.and_then(pattern);
    let rule = match (&own, setting) {
        (Some(_), _) => "Rocket.Chat's pattern",
        (None, Some(_)) => "Rocket.Chat's default pattern, because its own cannot be read as one",
        (None, None) => "Rocket.Chat's default pattern, because its own is not told",
    };
    let Some(pattern) = own.or_else(|| pattern(DEFAULT)) else {
        return nobody(name);
    };
    // Who has a user keeps the name that was good enough when he got it.
    let wrong: Vec<_> = scene
        .newcomers()
        .filter(|one| !pattern.is_match(one.username()))
        .collect();
    if wrong.is_empty() {
        return ok(name, format!("every new username fits {rule}"));
    }
    let detail = format!(
        "{} would get a username that does not fit {rule}",
        agents(wrong.len())
    );
    let remedy = "set UTF8_User_Names_Validation there to allow them, or change mapping.username";
    about_agents(failed(name, detail, remedy), &wrong)
}

/// The setting as the target uses it: between `^` and `$`, and in no brackets. `None` when it is no
/// pattern.
fn pattern(setting: &str) -> Option<Regex> {
    let config = Regex::config().nfa_size_limit(Some(PATTERN_BYTES));
    let anchored = format!("^{setting}$");
    Regex::builder().configure(config).build(&anchored).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_anchored_and_linear_or_none() {
        let cases = [
            (DEFAULT, "ada-b_c.9", true),
            (DEFAULT, "ada b", false),
            (DEFAULT, "ada\n", false),
            (DEFAULT, "", false),
            ("[a-z]+|[0-9]+", "abc !", true),
            (r"[\w.-]+", "a.b-c", true),
            ("(a+)+", &"a".repeat(50_000), true),
        ];
        for (setting, name, fits) in cases {
            assert_eq!(pattern(setting).unwrap().is_match(name), fits, "{setting}");
        }
        for setting in ["[a-z", "a)(b", "(?<=a)b", "((a{999}){999}){999}"] {
            assert!(pattern(setting).is_none(), "{setting}");
        }
    }
}
