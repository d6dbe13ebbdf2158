//! The absence rules by cases: a belief, answers one after the other, what is believed then.

use std::sync::Arc;

use crate::{
    domain::{
        Capacity, Coverage, Cursor, CycleReport, MergeCounts, MergeRules, Observation, Owner,
        Presence, Roster, RosterEntry, SourceAgent, SourceId, Standing, StaticHalf, Timestamp,
        Verdict,
    },
    sync::merge::{Merged, merge},
};

pub(super) fn agent(id: &str, presence: Presence, load: u32) -> SourceAgent {
    SourceAgent {
        id: SourceId::new(id),
        login: Some(format!("login-{id}@example.org")),
        display_name: Some(format!("Name {id}")),
        email: Some(format!("mail-{id}@example.org")),
        presence,
        voice: Presence::Offline,
        capacity: Capacity::Limited(3),
        load,
        skills: Vec::new(),
        group_id: None,
        group_name: None,
        privilege_group: None,
    }
}

pub(super) fn answer(coverage: Coverage, at: i64, agents: Vec<SourceAgent>) -> Observation {
    Observation {
        agents,
        coverage,
        taken_at: Timestamp::from_millis(at),
        skipped: Vec::new(),
        cursor: Some(at * 1000),
        static_half: StaticHalf::Off,
    }
}

/// Agents with ids `from..to`, two digits, online with no chats.
fn agents(ids: std::ops::Range<usize>) -> Vec<SourceAgent> {
    ids.map(|id| agent(&format!("{id:02}"), Presence::Online, 0))
        .collect()
}

/// Answers as `full 1 2a; filtered 1`: coverage, then ids; online, or away with an `a`.
pub(super) fn script(text: &str) -> Vec<(Coverage, Vec<SourceAgent>)> {
    let one = |word: &str| match word.strip_suffix('a') {
        Some(id) => agent(id, Presence::Away, 0),
        None => agent(word, Presence::Online, 0),
    };
    let coverages = [Coverage::Full, Coverage::Filtered, Coverage::Partial];
    let poll = |text: &str| {
        let mut words = text.split_whitespace();
        let coverage = words.next().unwrap();
        let coverage = coverages.iter().find(|known| known.word() == coverage);
        (*coverage.unwrap(), words.map(one).collect())
    };
    text.split(';').map(poll).collect()
}

/// Merges answers one after the other, at 1, 2, 3 … milliseconds; gives the last result.
fn run(rules: &MergeRules, answers: Vec<(Coverage, Vec<SourceAgent>)>) -> Merged {
    let (mut roster, mut cursor) = (Roster::default(), Cursor::default());
    let mut last = None;
    for (at, (coverage, agents)) in (1..).zip(answers) {
        let merged = merge(&roster, &cursor, answer(coverage, at, agents), rules);
        (roster, cursor) = (merged.roster.clone(), merged.cursor.clone());
        last = Some(merged);
    }
    last.unwrap()
}

/// `id:P`resent, `M`issing, `F`rozen or `G`one, since when, and the presence.
pub(super) fn sketch(roster: &Roster) -> String {
    let mut text = Vec::new();
    for entry in roster.entries() {
        let (letter, since) = match entry.standing {
            Standing::Present => ('P', None),
            Standing::Missing { since } => ('M', Some(since)),
            Standing::Frozen { since } => ('F', Some(since)),
            Standing::Gone { since } => ('G', Some(since)),
        };
        let since = since.map(|at| at.millis().to_string()).unwrap_or_default();
        let (id, presence) = (&entry.agent.id, entry.agent.presence.word());
        text.push(format!("{id}:{letter}{since}/{presence}"));
    }
    text.join(" ")
}

/// Each row: a name, answers as [`script`] reads them, the roster then as [`sketch`] draws it.
fn hold(cases: &[(&str, &str, &str)]) {
    for (name, answers, expect) in cases {
        let merged = run(&MergeRules::default(), script(answers));
        assert_eq!(sketch(&merged.roster), *expect, "{name}");
    }
}

#[test]
fn the_table_of_absence_rules_holds() {
    let cases = [
        ("first poll", "full 1 2a", "1:P/online 2:P/away"),
        ("first poll, empty", "full", ""),
        ("first poll, partial", "partial 1", "1:P/online"),
        (
            "second poll: one new before, between and after",
            "full 2 4; full 1 2 3 4a 5",
            "1:P/online 2:P/online 3:P/online 4:P/away 5:P/online",
        ),
        (
            "missing once",
            "full 1 2; full 1",
            "1:P/online 2:M2/unknown",
        ),
        (
            "missing twice",
            "full 1 2; full 1; full 1",
            "1:P/online 2:G3/unknown",
        ),
        (
            "gone stays gone, since the same moment",
            "full 1 2; full 1; full 1; full 1",
            "1:P/online 2:G3/unknown",
        ),
        (
            "missing, then seen: counted from the start again",
            "full 1 2; full 1; full 1 2; full 1",
            "1:P/online 2:M4/unknown",
        ),
        (
            "back from the dead",
            "full 1 2; full 1; full 1; partial 2",
            "1:P/online 2:P/online",
        ),
        (
            "filtered: the absent are unknown and stay",
            "full 1 2; filtered 1a; filtered 1a",
            "1:P/away 2:P/unknown",
        ),
        (
            "filtered and empty: no fall",
            "full 1 2; filtered",
            "1:P/unknown 2:P/unknown",
        ),
        (
            "filtered between two absences is no absence and no presence",
            "full 1 2; full 1; filtered 1",
            "1:P/online 2:M2/unknown",
        ),
        (
            "partial: nobody else is touched",
            "full 1 2; partial 2a 3",
            "1:P/online 2:P/away 3:P/online",
        ),
    ];
    hold(&cases);
}

#[test]
fn the_table_of_falls_holds() {
    let cases = [
        ("fall to zero, from one up", "full 1; full", "1:F1/online"),
        (
            "fall to zero: strangers in the answer do not help, and are not let in",
            "full 1 2; full 3",
            "1:F1/online 2:F1/online",
        ),
        (
            "fall: the missing and the gone stay as they are",
            "full 1 2 3; full 1 2; full 1; full",
            "1:F3/online 2:M3/unknown 3:G3/unknown",
        ),
        (
            "a second empty answer is doubted like the first",
            "full 1 2; full; full",
            "1:F1/online 2:F1/online",
        ),
        (
            "strangers do not outvote the frozen when their answer is repeated",
            "full 1 2; full 3; full 3",
            "1:F1/online 2:F1/online",
        ),
        (
            "nor when it comes in turn with the true one",
            "full 1 2; full 3 4 5 6; full 1 2; full 3 4 5 6; full 1 2",
            "1:P/online 2:P/online",
        ),
        (
            "a fall that leaves somebody lets no stranger in either, and knows who was known",
            "full 0 1 2 3 4 5 6 7 8 9; full 0a x",
            "0:P/away 1:F1/online 2:F1/online 3:F1/online 4:F1/online 5:F1/online 6:F1/online 7:F1/online 8:F1/online 9:F1/online",
        ),
        (
            "recovery",
            "full 1 2; full; full 1 2a",
            "1:P/online 2:P/away",
        ),
        (
            "recovery without one: the freeze was the first absence",
            "full 1 2; full; full 1",
            "1:P/online 2:G3/unknown",
        ),
        (
            "frozen and filtered: the filter's rule, as no full answer will come",
            "full 1; full; filtered",
            "1:P/unknown",
        ),
    ];
    hold(&cases);
}

#[test]
fn a_fall_is_doubted_exactly_beyond_its_limits() {
    let rules = |fall_percent, fall_minimum| MergeRules {
        fall_percent,
        fall_minimum,
        ..MergeRules::default()
    };
    let cases = [
        (rules(50, 10), 10, 5, false, "exactly half"),
        (rules(50, 10), 10, 4, true, "more than half"),
        (
            rules(50, 10),
            11,
            6,
            false,
            "less than half of an odd number",
        ),
        (
            rules(50, 10),
            11,
            5,
            true,
            "just more than half of an odd number",
        ),
        (rules(50, 10), 9, 1, false, "one below the minimum"),
        (rules(50, 10), 9, 0, true, "to zero, below the minimum"),
        (rules(50, 10), 1, 0, true, "the only one"),
        (rules(50, 10), 0, 0, false, "nobody before"),
        (rules(0, 10), 10, 9, true, "no per cent at all"),
        (rules(0, 10), 10, 10, false, "nobody left"),
        (rules(100, 10), 10, 1, false, "all but one"),
        (rules(100, 10), 10, 0, true, "all"),
    ];
    for (rules, before, now, doubted, name) in cases {
        let merged = run(
            &rules,
            vec![
                (Coverage::Full, agents(0..before)),
                (Coverage::Full, agents(0..now)),
            ],
        );
        let expect = if doubted {
            Verdict::Quarantined { before, now }
        } else {
            Verdict::Trusted
        };
        assert_eq!(merged.verdict, expect, "{name}");
        assert_eq!(merged.cursor.quarantined_since.is_some(), doubted, "{name}");
    }
}

#[test]
fn a_fall_is_measured_against_those_who_were_there_not_against_the_gone() {
    let merged = run(
        &MergeRules::default(),
        vec![
            (Coverage::Full, agents(0..20)),
            (Coverage::Full, agents(0..12)),
            (Coverage::Full, agents(0..12)),
            (Coverage::Full, agents(0..5)),
        ],
    );
    assert_eq!(merged.verdict, Verdict::Quarantined { before: 12, now: 5 });
}

#[test]
fn in_a_doubted_answer_presence_and_load_still_count() {
    let mut second = agents(0..4);
    second[1] = agent("01", Presence::Away, 2);
    let merged = run(
        &MergeRules::default(),
        vec![(Coverage::Full, agents(0..10)), (Coverage::Full, second)],
    );
    let entry = merged.roster.get(&SourceId::new("01")).unwrap();
    assert_eq!(
        (entry.agent.presence, entry.agent.load),
        (Presence::Away, 2)
    );
    assert_eq!(
        merged.counts,
        MergeCounts {
            seen: 4,
            updated: 1,
            frozen: 6,
            unchanged: 3,
            ..MergeCounts::default()
        }
    );
}

#[test]
fn an_accepted_fall_is_taken_as_it_is() {
    let accept = MergeRules {
        accept_fall: true,
        ..MergeRules::default()
    };
    // At once: a first absence like any other.
    let first = run(&accept, script("full 1 2; full"));
    assert_eq!(sketch(&first.roster), "1:M2/unknown 2:M2/unknown");
    // After a doubted answer: the second absence of the frozen.
    let doubted = run(&MergeRules::default(), script("full 1 2; full"));
    let empty = answer(Coverage::Full, 3, vec![]);
    let then = merge(&doubted.roster, &doubted.cursor, empty, &accept);
    assert_eq!(sketch(&then.roster), "1:G3/unknown 2:G3/unknown");
    assert_eq!(then.verdict, Verdict::Trusted);
    assert_eq!(then.cursor.quarantined_since, None);
    assert_eq!(then.cursor.last_full, Some(Timestamp::from_millis(3)));
}

#[test]
fn the_cursor_moves_as_far_as_the_answer_is_trusted() {
    let at = |millis| Some(Timestamp::from_millis(millis));
    let cases = [
        ("full 1", (at(1), at(1), None)),
        ("full 1; filtered 1", (at(1), at(2), None)),
        ("partial 1", (None, at(1), None)),
        ("full 1; full", (at(1), at(2), at(2))),
        ("full 1; full; full", (at(1), at(3), at(2))),
        ("full 1; full; partial 1", (at(1), at(3), at(2))),
        ("full 1; full; full 1", (at(3), at(3), None)),
    ];
    for (answers, (last_full, last_success, quarantined_since)) in cases {
        let expect = Cursor {
            account: None,
            last_full,
            last_success,
            source_timestamp: last_success.map(|at| at.millis() * 1000),
            quarantined_since,
            config_revision: None,
        };
        let merged = run(&MergeRules::default(), script(answers));
        assert_eq!(merged.cursor, expect, "{answers}");
    }
}

#[test]
fn each_agent_counts_once_under_the_first_line_that_fits() {
    let full = Coverage::Full;
    let on = |id| agent(id, Presence::Online, 0);
    let merged = run(
        &MergeRules::default(),
        vec![
            (full, vec![on("1"), on("2"), on("3"), on("4"), on("5")]),
            (full, vec![on("1"), on("3"), on("4"), on("5")]),
            (full, vec![on("1"), on("4"), on("5")]),
            (
                full,
                vec![agent("1", Presence::Online, 1), on("2"), on("4"), on("6")],
            ),
        ],
    );
    assert_eq!(
        merged.counts,
        MergeCounts {
            seen: 4,
            added: 1,
            returned: 1,
            updated: 1,
            missing: 1,
            gone: 1,
            unchanged: 1,
            frozen: 0,
        }
    );
    assert_eq!(
        merged.changes,
        [
            "agent 3 (Name 3): gone",
            "agent 5 (Name 5): missing, not available",
            "agent 1 (Name 1): chats 0 to 1",
            "agent 2 (Name 2): back after having been gone, unknown to online",
            "agent 6 (Name 6): new, online",
        ]
    );
}

#[test]
fn the_owner_is_kept_through_absence_and_return() {
    let entry = |id: &str, standing| {
        Arc::new(RosterEntry {
            agent: agent(id, Presence::Online, 0),
            standing,
            owner: Owner::Target,
        })
    };
    let gone = Standing::Gone {
        since: Timestamp::from_millis(0),
    };
    let believed = Roster::new(vec![
        entry("1", Standing::Present),
        entry("2", gone),
        entry("3", Standing::Present),
    ]);
    let seen = vec![agent("2", Presence::Away, 0), agent("3", Presence::Away, 0)];
    let merged = merge(
        &believed,
        &Cursor::default(),
        answer(Coverage::Full, 1, seen),
        &MergeRules::default(),
    );
    assert_eq!(merged.counts.unchanged, 0);
    assert!(
        merged
            .roster
            .entries()
            .iter()
            .all(|entry| entry.owner == Owner::Target)
    );
}

#[test]
fn the_list_of_changes_is_bounded_puts_absences_first_and_tells_no_address() {
    let many = |ids: std::ops::Range<usize>, load| {
        ids.map(|id| {
            let mut agent = agent(&format!("{id:05}"), Presence::Online, load);
            if id % 2 == 0 {
                agent.display_name.clone_from(&agent.email);
            }
            agent
        })
        .collect::<Vec<_>>()
    };
    let merged = run(
        &MergeRules::default(),
        vec![
            (Coverage::Full, many(0..600, 0)),
            (Coverage::Full, many(150..600, 1)),
        ],
    );
    assert_eq!(merged.changes.len(), CycleReport::LISTED);
    assert!(merged.changes[149].ends_with("missing, not available"));
    assert!(merged.changes[150].ends_with("chats 0 to 1"));
    assert!(merged.changes.iter().all(|line| !line.contains('@')));
    assert_eq!(merged.changed.len(), 600);
}

#[test]
fn an_answer_out_of_order_or_with_repeats_does_not_tear_the_roster() {
    let on = |id, load| agent(id, Presence::Online, load);
    let merged = run(
        &MergeRules::default(),
        vec![
            (Coverage::Full, vec![on("1", 0), on("2", 0)]),
            (
                Coverage::Full,
                vec![on("3", 0), on("2", 1), on("1", 0), on("2", 2)],
            ),
        ],
    );
    assert_eq!(sketch(&merged.roster), "1:P/online 2:P/online 3:P/online");
    assert_eq!(
        merged.roster.get(&SourceId::new("2")).unwrap().agent.load,
        1
    );
}
