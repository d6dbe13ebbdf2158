//! The rules of one agent by cases; the other rules are beside their code.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    domain::{
        AccountId, Availability, Capacity, DesiredAgent, EmailAddress, Identity, MappingNotes,
        MappingRules, Owner, Presence, Roster, RosterEntry, Skill, SkillId, SourceAgent, SourceId,
        Standing, TargetId, TargetStatus, Timestamp,
        rules::{CustomFieldRules, DepartmentRule, EmailRules},
    },
    mapping::{Identities, Mapped, map},
};

/// An online agent with everything filled in.
pub(super) fn agent(id: &str, login: &str) -> SourceAgent {
    SourceAgent {
        id: SourceId::new(id),
        login: Some(login.to_owned()),
        display_name: Some(format!("Name of {login}")),
        email: Some(format!("{id}@example.org")),
        presence: Presence::Online,
        voice: Presence::Away,
        capacity: Capacity::Limited(3),
        load: 1,
        skills: vec![Skill {
            id: SkillId::new("2"),
            name: Some("Sales".to_owned()),
        }],
        group_id: Some("g1".to_owned()),
        group_name: Some("Team A".to_owned()),
        privilege_group: Some("Administrators".to_owned()),
    }
}

fn entry(agent: SourceAgent, standing: Standing) -> Arc<RosterEntry> {
    Arc::new(RosterEntry {
        agent,
        standing,
        owner: Owner::Source,
    })
}

fn account() -> AccountId {
    AccountId::new("12345678")
}

/// Maps agents who are all present, with nothing known before.
fn fresh(agents: Vec<SourceAgent>, rules: &MappingRules) -> Mapped {
    let entries = agents
        .into_iter()
        .map(|agent| entry(agent, Standing::Present));
    let roster = Roster::new(entries.collect());
    map(&roster, &Identities::default(), None, rules, &account())
}

/// Maps agent 7 "ada" after `change`; gives what the target should show.
fn one(rules: &MappingRules, change: impl FnOnce(&mut SourceAgent)) -> DesiredAgent {
    let mut agent = agent("7", "ada");
    change(&mut agent);
    DesiredAgent::clone(&fresh(vec![agent], rules).desired.agents[0])
}

#[test]
fn presence_and_capacity_decide_availability_and_limit() {
    use Capacity::{Limited, Unlimited};
    use Presence::{Away, Occupied, Offline, Online, Unknown};
    use TargetStatus as Show;
    let cases = [
        (Online, Limited(3), Show::Online, true, true, Some(3)),
        (Online, Unlimited, Show::Online, true, true, None),
        (Online, Limited(0), Show::Online, false, false, None),
        (Occupied, Limited(3), Show::Busy, false, true, Some(3)),
        (Occupied, Unlimited, Show::Busy, false, true, None),
        (Occupied, Limited(0), Show::Busy, false, false, None),
        (Away, Limited(3), Show::Away, false, false, Some(3)),
        (Offline, Unlimited, Show::Offline, false, false, None),
        (Unknown, Limited(1), Show::Offline, false, false, Some(1)),
    ];
    for (presence, capacity, status, new_chats, transfers, limit) in cases {
        let got = one(&MappingRules::default(), |agent| {
            (agent.presence, agent.capacity) = (presence, capacity);
        });
        let expect = Availability {
            status,
            new_chats,
            transfers,
        };
        assert_eq!(
            (got.availability, got.limit),
            (expect, limit),
            "{presence:?} {capacity:?}"
        );
    }
}

#[test]
fn states_follow_their_rules_and_without_one_nobody_is_available() {
    let busy = Availability {
        status: TargetStatus::Busy,
        new_chats: true,
        transfers: false,
    };
    let never = Availability {
        status: TargetStatus::Offline,
        new_chats: false,
        transfers: false,
    };
    let rules = MappingRules {
        states: BTreeMap::from([(Presence::Away, busy)]),
        ..MappingRules::default()
    };
    for (presence, expect) in [(Presence::Away, busy), (Presence::Online, never)] {
        let got = one(&rules, |agent| agent.presence = presence);
        assert_eq!(got.availability, expect, "{presence:?}");
    }
}

#[test]
fn the_name_is_the_nickname_else_the_login_else_the_username() {
    let cases = [
        (Some("Ada L"), Some("ada@example.org"), "Ada L"),
        (Some(" Ada "), Some("ada"), "Ada"),
        (Some("  "), Some("ada"), "ada"),
        (None, Some("Ada Lovelace"), "Ada Lovelace"),
        (None, None, "agent-7"),
    ];
    for (nickname, login, expect) in cases {
        let got = one(&MappingRules::default(), |agent| {
            agent.display_name = nickname.map(str::to_owned);
            agent.login = login.map(str::to_owned);
        });
        assert_eq!(got.name, expect, "{nickname:?} {login:?}");
    }
}

#[test]
fn an_address_is_trimmed_and_a_missing_one_follows_the_rule() {
    let leave = || EmailRules::Leave;
    let template = || EmailRules::Template("{username}+{id}@example.net".to_owned());
    let cases = [
        (leave(), Some(" a@example.org "), Some("a@example.org")),
        (leave(), Some("  "), None),
        (leave(), None, None),
        (template(), None, Some("ada+7@example.net")),
        (template(), Some("a@example.org"), Some("a@example.org")),
        (
            EmailRules::Exclude,
            Some("a@example.org"),
            Some("a@example.org"),
        ),
    ];
    for (email, address, expect) in cases {
        let rules = MappingRules {
            email,
            ..MappingRules::default()
        };
        let got = one(&rules, |agent| agent.email = address.map(str::to_owned));
        let expect: Vec<_> = expect
            .map(|address| EmailAddress {
                address: address.to_owned(),
                verified: true,
            })
            .into_iter()
            .collect();
        assert_eq!(got.emails, expect, "{address:?} {:?}", rules.email);
    }
}

#[test]
fn who_has_no_address_takes_no_part_if_so_ruled() {
    let rules = MappingRules {
        email: EmailRules::Exclude,
        ..MappingRules::default()
    };
    let mut bare = agent("8", "bob");
    bare.email = Some(" ".to_owned());
    let mapped = fresh(vec![agent("7", "ada"), bare], &rules);
    assert_eq!(mapped.desired.agents.len(), 1);
    assert_eq!(
        (
            mapped.desired.notes.excluded,
            mapped.desired.notes.missing_emails
        ),
        (1, 1)
    );
    assert_eq!(mapped.new_identities.len(), 1);
}

#[test]
fn roles_come_from_the_agent_the_group_and_the_privileges() {
    let to = |mark: &str, roles: &[&str]| {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        BTreeMap::from([(mark.to_owned(), roles)])
    };
    let none = BTreeMap::new;
    let cases = [
        (none(), none(), vec!["livechat-agent"]),
        (
            to("g1", &["z", "a"]),
            none(),
            vec!["a", "livechat-agent", "z"],
        ),
        (to("TEAM a", &["b"]), none(), vec!["b", "livechat-agent"]),
        (to("other", &["b"]), none(), vec!["livechat-agent"]),
        (
            none(),
            to("administrators", &["m"]),
            vec!["livechat-agent", "m"],
        ),
        (
            to("g1", &["m"]),
            to("ADMINISTRATORS", &["m", "livechat-agent"]),
            vec!["livechat-agent", "m"],
        ),
    ];
    for (group_roles, privilege_roles, expect) in cases {
        let rules = MappingRules {
            group_roles,
            privilege_roles,
            ..MappingRules::default()
        };
        assert_eq!(one(&rules, |_| {}).roles, expect, "{rules:?}");
    }
}

#[test]
fn custom_fields_are_filled_as_far_as_there_is_something_to_fill() {
    let fields =
        |source_id: &str, group: &str, privilege_group: &str, voice: &str| CustomFieldRules {
            source_id: source_id.to_owned(),
            group: group.to_owned(),
            privilege_group: privilege_group.to_owned(),
            voice: voice.to_owned(),
        };
    let bare: fn(&mut SourceAgent) = |agent| {
        (agent.group_name, agent.group_id, agent.privilege_group) = (None, None, None);
    };
    let unnamed: fn(&mut SourceAgent) = |agent| agent.group_name = None;
    let cases = [
        (
            CustomFieldRules::default(),
            (|_| {}) as fn(&mut SourceAgent),
            "lpAgentGroup=Team A lpAgentId=7 lpPrivilegeGroup=Administrators",
        ),
        (CustomFieldRules::default(), bare, "lpAgentId=7"),
        (fields("", "g", "", ""), unnamed, "g=g1"),
        (fields("", "", "", "v"), |_| {}, "v=away"),
        (fields("", "", "", ""), |_| {}, ""),
    ];
    for (custom_fields, change, expect) in cases {
        let rules = MappingRules {
            custom_fields,
            ..MappingRules::default()
        };
        let got = one(&rules, change).custom_fields;
        let got: Vec<_> = got
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(got.join(" "), expect);
    }
}

#[test]
fn the_gone_are_left_out_and_the_missing_and_frozen_are_not() {
    let since = Timestamp::from_millis(1);
    let roster = Roster::new(vec![
        entry(agent("1", "a"), Standing::Present),
        entry(agent("2", "b"), Standing::Missing { since }),
        entry(agent("3", "c"), Standing::Frozen { since }),
        entry(agent("4", "d"), Standing::Gone { since }),
    ]);
    let rules = MappingRules::default();
    let mapped = map(&roster, &Identities::default(), None, &rules, &account());
    let names: Vec<_> = mapped
        .desired
        .agents
        .iter()
        .map(|a| a.identity.username.as_str())
        .collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(mapped.desired.notes.excluded, 0);
}

#[test]
fn a_renamed_login_is_an_update_and_never_a_new_person() {
    let rules = MappingRules::default();
    let first = fresh(vec![agent("7", "ada")], &rules);
    let renamed = Roster::new(vec![entry(agent("7", "grace"), Standing::Present)]);
    let second = map(
        &renamed,
        &first.identities,
        Some(&first.desired),
        &rules,
        &account(),
    );
    let (before, now) = (&first.desired.agents[0], &second.desired.agents[0]);
    assert!(Arc::ptr_eq(&before.identity, &now.identity));
    assert_eq!(
        (now.identity.username.as_str(), now.name.as_str()),
        ("ada", "Name of grace")
    );
    assert!(second.new_identities.is_empty());
}

#[test]
fn who_returns_from_the_dead_finds_the_old_name() {
    let rules = MappingRules::default();
    let first = fresh(vec![agent("7", "ada")], &rules);
    let since = Timestamp::from_millis(1);
    let gone = Roster::new(vec![
        entry(agent("7", "ada"), Standing::Gone { since }),
        entry(agent("8", "ada"), Standing::Present),
    ]);
    let second = map(
        &gone,
        &first.identities,
        Some(&first.desired),
        &rules,
        &account(),
    );
    assert_eq!(second.desired.notes.name_collisions, 1);
    let back = Roster::new(vec![
        entry(agent("7", "ada"), Standing::Present),
        Arc::clone(&gone.entries()[1]),
    ]);
    let third = map(
        &back,
        &second.identities,
        Some(&second.desired),
        &rules,
        &account(),
    );
    assert_eq!(
        third.desired.agents[0].identity,
        first.desired.agents[0].identity
    );
    assert!(Arc::ptr_eq(
        &third.desired.agents[1],
        &second.desired.agents[0]
    ));
}

#[test]
fn an_id_given_by_the_target_is_taken_over_though_the_roster_is_unchanged() {
    let rules = MappingRules::default();
    let roster = Roster::new(vec![entry(agent("7", "ada"), Standing::Present)]);
    let first = map(&roster, &Identities::default(), None, &rules, &account());
    let given = Identity {
        target_id: TargetId::new("given"),
        ..Identity::clone(&first.identities.all()[0])
    };
    let identities = Identities::new(vec![Arc::new(given)]);
    let second = map(
        &roster,
        &identities,
        Some(&first.desired),
        &rules,
        &account(),
    );
    assert_eq!(
        second.desired.agents[0].identity.target_id.as_str(),
        "given"
    );
}

#[test]
fn notes_count_what_the_rules_had_to_do() {
    let mut odd = agent("8", "Ada!");
    odd.email = None;
    odd.skills.push(Skill {
        id: SkillId::new("9"),
        name: None,
    });
    let mut rules = MappingRules::default();
    rules.skills.map.insert(
        "sales".to_owned(),
        DepartmentRule {
            name: "Sales".to_owned(),
            id: None,
        },
    );
    rules.participants.exclude.ids.push("9".to_owned());
    let mapped = fresh(vec![agent("7", "ada"), odd, agent("9", "bob")], &rules);
    let expect = MappingNotes {
        excluded: 1,
        unmapped_skills: 1,
        missing_emails: 1,
        name_collisions: 1,
        names_changed: 1,
    };
    assert_eq!(mapped.desired.notes, expect);
    assert_eq!(mapped.new_identities, mapped.identities.all());
}
