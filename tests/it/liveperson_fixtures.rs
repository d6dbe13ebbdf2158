//! Pairs of files that say the same in JSON and in XML.
#![expect(clippy::unwrap_used, reason = "a missing fixture should stop the test")]

use std::{collections::BTreeSet, fs, path::PathBuf};

use lp2rc::{
    domain::{Capacity, Presence, Skill, SkillId, SkipReason, Skipped, SourceAgent, SourceId},
    liveperson::decode::{self, Decoded},
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/liveperson")
}

fn pair(name: &str) -> [Decoded; 2] {
    let read = |extension: &str| fs::read(folder().join(format!("{name}.{extension}"))).unwrap();
    [
        decode::json(&read("json")).unwrap(),
        decode::xml(&read("xml")).unwrap(),
    ]
}

fn both(name: &str) -> Decoded {
    let [json, xml] = pair(name);
    assert_eq!(json, xml, "{name}");
    json
}

fn agent(id: &str) -> SourceAgent {
    SourceAgent {
        id: SourceId::new(id),
        login: None,
        display_name: None,
        email: None,
        presence: Presence::Unknown,
        voice: Presence::Unknown,
        capacity: Capacity::Limited(0),
        load: 0,
        skills: Vec::new(),
        group_id: None,
        group_name: None,
        privilege_group: None,
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every text of an agent is an option"
)]
fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn skill(id: &str, name: Option<&str>) -> Skill {
    Skill {
        id: SkillId::new(id),
        name: name.map(str::to_owned),
    }
}

#[test]
fn every_pair_says_the_same() {
    let names: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(names.len() >= 8, "{names:?}");
    for name in names {
        both(&name);
    }
}

#[test]
fn the_documented_example_is_read_as_the_documentation_explains_it() {
    let page = both("documented");
    let expect = SourceAgent {
        login: some("Agent1"),
        display_name: some("Agent1-Nickname"),
        email: some("test@test.com"),
        presence: Presence::Away,
        voice: Presence::Offline,
        capacity: Capacity::Unlimited,
        skills: vec![skill("2", None), skill("4", None)],
        privilege_group: some("administrators"),
        ..agent("2")
    };
    assert_eq!(page.agents, [expect]);
    let next = "https://webserver/api/account/20026006/agentSession/982759926/availableAgents?timeStamp=1331544926464";
    assert_eq!(page.next.as_deref(), Some(next));
    assert!(page.skipped.is_empty());
}

#[test]
fn every_member_ever_seen_is_read() {
    let expect = SourceAgent {
        login: some("Agent1"),
        display_name: some("Nick1"),
        email: some("a@x.com"),
        presence: Presence::Away,
        voice: Presence::Offline,
        capacity: Capacity::Unlimited,
        load: 1,
        skills: vec![skill("2", Some("Sales")), skill("4", Some("Billing"))],
        group_id: some("-1"),
        group_name: some("Main Group"),
        privilege_group: some("administrators"),
        ..agent("2")
    };
    assert_eq!(both("complete").agents, [expect]);
}

#[test]
fn prefixes_children_and_escapes_change_nothing() {
    let page = both("namespaced");
    let first = SourceAgent {
        presence: Presence::Online,
        display_name: some("N"),
        ..agent("1")
    };
    let second = SourceAgent {
        email: some("b@x"),
        ..agent("2")
    };
    assert_eq!(page.agents, [first, second]);
    assert_eq!(page.next.as_deref(), Some("https://h/a?timeStamp=1&x=2"));

    let page = both("children");
    let first = SourceAgent {
        presence: Presence::Online,
        voice: Presence::Offline,
        login: some("u1"),
        ..agent("1")
    };
    let second = SourceAgent {
        presence: Presence::Occupied,
        capacity: Capacity::Limited(5),
        load: 5,
        ..agent("2")
    };
    assert_eq!(page.agents, [first, second]);
    assert_eq!(page.next.as_deref(), Some("https://h/a"));

    let expect = SourceAgent {
        display_name: some("J\u{f6}rg \"<Jo>\" & Co"),
        login: some("spaced"),
        email: some("\u{263a}@x"),
        ..agent("1")
    };
    assert_eq!(both("escaped").agents, [expect]);
}

#[test]
fn a_single_agent_and_none_at_all_are_lists_too() {
    let expect = SourceAgent {
        login: some("solo"),
        presence: Presence::Online,
        voice: Presence::Online,
        capacity: Capacity::Limited(3),
        load: 2,
        skills: vec![skill("7", Some("Sales"))],
        ..agent("5")
    };
    let page = both("single");
    assert_eq!(page.agents, [expect]);
    assert_eq!(page.next, None);
    let page = both("empty");
    assert!(page.agents.is_empty() && page.skipped.is_empty());
    assert_eq!(page.next.as_deref(), Some("https://h/a?timeStamp=1"));
}

#[test]
fn what_is_odd_in_one_agent_never_sinks_the_list() {
    let page = both("odd");
    let ten = SourceAgent {
        skills: vec![skill("2", None), skill("4", None)],
        ..agent("10")
    };
    let eight = SourceAgent {
        presence: Presence::Online,
        skills: vec![skill("1", Some("One")), skill("3", Some("Third"))],
        ..agent("8")
    };
    assert_eq!(page.agents, [ten, eight, agent("9")], "in id order");
    let skipped = |position, reason| Skipped { position, reason };
    assert_eq!(
        page.skipped,
        [
            skipped(0, SkipReason::NoId),
            skipped(2, SkipReason::NotAnAgent),
            skipped(4, SkipReason::RepeatedId),
            skipped(5, SkipReason::NoId),
        ]
    );
    assert_eq!(page.next.as_deref(), Some("https://h/next"));
}
