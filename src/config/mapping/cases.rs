//! What may be typed in `[mapping]`, and what is refused with which key.

use serde::Deserialize;

use super::Typed;
use crate::{
    config::participants,
    domain::{
        Availability, MappingRules, Presence, TargetStatus,
        rules::{DepartmentRule, EmailLogin, EmailRules, Participants, Selection, UnmappedSkill},
    },
};

fn check(text: &str) -> Result<MappingRules, String> {
    let typed: Typed = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let rules = typed.meaning(Participants::default());
    rules.map_err(|error| error.to_string())
}

#[test]
fn nothing_typed_is_the_default() {
    assert_eq!(check(""), Ok(MappingRules::default()));
}

#[test]
fn what_is_dumped_can_be_typed() {
    for text in [
        "",
        "skills.map.2 = { name = \"A\", id = \"x\" }\nskills.map.3 = \"B\"",
    ] {
        let typed: Typed = toml::from_str(text).unwrap();
        let dumped = toml::to_string(&typed).unwrap();
        assert_eq!(check(&dumped), check(text), "{dumped}");
    }
}

#[test]
fn a_state_may_be_given_in_part() {
    let rules =
        check("states.away = { transfers = true }\nstates.occupied.status = \"away\"").unwrap();
    let at = |status, new_chats, transfers| Availability {
        status,
        new_chats,
        transfers,
    };
    let cases = [
        (Presence::Away, at(TargetStatus::Away, false, true)),
        (Presence::Occupied, at(TargetStatus::Away, false, true)),
        (Presence::Online, at(TargetStatus::Online, true, true)),
    ];
    for (presence, expect) in cases {
        assert_eq!(rules.states[&presence], expect, "{presence:?}");
    }
}

#[test]
fn departments_are_a_name_or_a_table() {
    let text = r#"
        [skills]
        unmapped = "default"
        default_department = " Rest "
        [skills.map]
        4711 = "Sales"
        "Billing" = { name = "Invoices", id = "abc" }
    "#;
    let rule = |name: &str, id: Option<&str>| DepartmentRule {
        name: name.to_owned(),
        id: id.map(str::to_owned),
    };
    let skills = check(text).unwrap().skills;
    assert_eq!(skills.map["4711"], rule("Sales", None));
    assert_eq!(skills.map["Billing"], rule("Invoices", Some("abc")));
    assert_eq!(skills.unmapped, UnmappedSkill::Default(rule("Rest", None)));
}

#[test]
fn nonsense_is_refused_with_its_key_and_the_remedy() {
    let cases = [
        ("skill = {}", "unknown field `skill`"),
        ("states.busy = {}", "unknown field `busy`"),
        ("states.away.status = \"red\"", "unknown variant `red`"),
        (
            "states.unknown.transfers = true",
            "`mapping.states.unknown`",
        ),
        (
            "states.offline.new_chats = true",
            "`mapping.states.offline`",
        ),
        (
            "states.online.status = \"offline\"",
            "`mapping.states.online`",
        ),
        ("skills.map.2 = \" \"", "`mapping.skills.map.2`"),
        ("skills.map.2 = { id = \"x\" }", "missing field `name`"),
        (
            "skills.map.2 = { name = \"A\", nmae = \"x\" }",
            "unknown field `nmae`",
        ),
        ("skills.map.2 = { name = \"A\", id = \"\" }", "empty `id`"),
        ("skills.map.2 = 7", "the name of a department, or"),
        ("skills.map = { a = \"A\", A = \"B\" }", "names \"a\" twice"),
        ("skills.map = { \"\" = \"A\" }", "`mapping.skills.map`"),
        (
            "skills.unmapped = \"default\"",
            "`mapping.skills.default_department`",
        ),
        (
            "skills.default_department = \"A\"",
            "`mapping.skills.default_department`",
        ),
        (
            "skills = { unmapped = \"default\", default_department = \"\" }",
            "needs a name",
        ),
        (
            "skills.map = { a = { name = \"A\", id = \"x\" }, b = { name = \"A\", id = \"y\" } }",
            "two ids",
        ),
        (
            "skills.map = { a = { name = \"A\", id = \"x\" }, b = { name = \"B\", id = \"x\" } }",
            "two names",
        ),
        ("roles.agent = \"\"", "`mapping.roles`"),
        ("roles.groups.g = [\" a\"]", "`mapping.roles`"),
        (
            "roles.privileges = { A = [], a = [] }",
            "`mapping.roles.privileges`",
        ),
        (
            "username.replacement = \"+\"",
            "`mapping.username.replacement`",
        ),
        (
            "username.replacement = \"a\"",
            "`mapping.username.replacement`",
        ),
        ("username.prefix = \"a b\"", "`mapping.username.prefix`"),
        (
            "username.from_email = \"domain\"",
            "unknown variant `domain`",
        ),
        ("email.missing = \"template\"", "`mapping.email.template`"),
        (
            "email.template = \"{id}@example.org\"",
            "`mapping.email.template`",
        ),
        (
            "email = { missing = \"template\", template = \"a@example.org\" }",
            "{username} or {id}",
        ),
        (
            "email = { missing = \"template\", template = \"{id}\" }",
            "is not an address",
        ),
        (
            "email = { missing = \"template\", template = \"{id}@\" }",
            "is not an address",
        ),
        (
            "email = { missing = \"template\", template = \"{id}{x}@a\" }",
            "is not an address",
        ),
        ("custom_fields.voice = \"a.b\"", "`mapping.custom_fields`"),
        ("custom_fields.voice = \"lpAgentId\"", "two things"),
    ];
    for (text, expect) in cases {
        let error = check(text).unwrap_err();
        assert!(error.contains(expect), "{text}: {error}");
    }
}

/// The shipped example, whose comments promise what is checked here.
#[test]
fn the_example_says_what_it_says() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        mapping: Typed,
        participants: participants::Typed,
    }
    let text = include_str!("../../../config/mapping.example.toml");
    let example: Example = toml::from_str(text).unwrap();
    let participants = example.participants.meaning().unwrap();
    let rules = example.mapping.meaning(participants).unwrap();

    assert_eq!(rules.states, MappingRules::default().states);
    assert_eq!(rules.skills.map["4711"].name, "Sales");
    assert_eq!(
        rules.skills.map["Billing"].id.as_deref(),
        Some("aqvKnTMzR8Fw4tRDs")
    );
    assert_eq!(rules.skills.unmapped, UnmappedSkill::Each);
    assert_eq!(rules.group_roles["Team leads"], ["livechat-manager"]);
    assert_eq!(rules.username.from_email, EmailLogin::LocalPart);
    assert_eq!(rules.custom_fields, MappingRules::default().custom_fields);
    assert_eq!(
        rules.email,
        EmailRules::Template("{username}@agents.example.org".to_owned())
    );
    assert_eq!(rules.participants.include, Selection::default());
    assert_eq!(rules.participants.exclude.logins, ["test-agent"]);
}
