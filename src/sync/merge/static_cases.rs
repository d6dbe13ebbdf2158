//! What the static half does to a merge, by cases.

use std::sync::Arc;

use crate::{
    domain::{
        Coverage, Cursor, MergeRules, Observation, Presence, Roster, Skill, SkillId, SourceAgent,
        SourceId, StaticHalf, Verdict,
    },
    sync::merge::{
        Merged,
        cases::{agent, answer, script, sketch},
        merge,
    },
};

fn known(revision: &str, departed: &str) -> StaticHalf {
    StaticHalf::Known {
        revision: Some(revision.to_owned()),
        departed: Arc::new(departed.split_whitespace().map(SourceId::new).collect()),
    }
}

/// Merges answers one after the other, at 1, 2, 3 … milliseconds; gives the last result.
fn run(answers: Vec<Observation>) -> Merged {
    let (mut roster, mut cursor) = (Roster::default(), Cursor::default());
    let mut last = None;
    for answer in answers {
        let merged = merge(&roster, &cursor, answer, &MergeRules::default());
        (roster, cursor) = (merged.roster.clone(), merged.cursor.clone());
        last = Some(merged);
    }
    last.unwrap()
}

/// Answers, the departed of all but the first of them, what is believed then, and the fall (before,
/// now) that is doubted.
type Case<'c> = (&'c str, &'c str, &'c str, &'c str, Option<(usize, usize)>);

fn check(cases: &[Case<'_>]) {
    for (name, answers, departed, expect, fall) in cases {
        let polls = (1..).zip(script(answers));
        let merged = run(polls
            .map(|(at, (coverage, agents))| {
                let mut answer = answer(coverage, at, agents);
                // An account that is disabled was not from the start.
                answer.static_half = known("7", if at > 1 { departed } else { "" });
                answer
            })
            .collect());
        assert_eq!(sketch(&merged.roster), *expect, "{name}");
        let verdict = fall.map_or(Verdict::Trusted, |(before, now)| Verdict::Quarantined {
            before,
            now,
        });
        assert_eq!(merged.verdict, verdict, "{name}");
    }
}

#[test]
fn the_departed_still_need_two_absences() {
    check(&[
        ("first poll", "full 1", "1 2", "1:P/online", None),
        (
            "nothing to do: departed and in the answer",
            "full 1; full 1",
            "1",
            "1:P/online",
            None,
        ),
        (
            "the only one departs",
            "full 1; full",
            "1",
            "1:M2/unknown",
            None,
        ),
        (
            "and is gone after two",
            "full 1; full; full",
            "1",
            "1:G3/unknown",
            None,
        ),
        (
            "all but one depart, and that one stays",
            "full 1 2 3; full 2",
            "1 3",
            "1:M2/unknown 2:P/online 3:M2/unknown",
            None,
        ),
        (
            "a filter may hide them",
            "full 1 2; filtered 2",
            "1",
            "1:P/unknown 2:P/online",
            None,
        ),
        (
            "a partial answer says nothing",
            "full 1 2; partial 2",
            "1",
            "1:P/online 2:P/online",
            None,
        ),
        (
            "gone stays gone",
            "full 1 2; full 2; full 2; full 2",
            "1",
            "1:G3/unknown 2:P/online",
            None,
        ),
        (
            "back, whatever the list says",
            "full 1 2; full 2; full 1 2",
            "1",
            "1:P/online 2:P/online",
            None,
        ),
    ]);
}

#[test]
fn the_departed_are_neither_for_nor_against_a_fall() {
    let fall = |before, now| Some((before, now));
    let ten = "full 10 11 12 13 14 15 16 17 18 19";
    let half = format!("{ten}; full 10 11 12 13");
    check(&[
        (
            "half failed: one departs, the other is lost with a doubted answer",
            "full 1 2; full",
            "1",
            "1:M2/unknown 2:F1/online",
            fall(1, 0),
        ),
        (
            "and the departed of a second doubted answer is gone, the other waits",
            "full 1 2; full; full",
            "1",
            "1:G3/unknown 2:F1/online",
            fall(1, 0),
        ),
        (
            "somebody else departed",
            "full 1; full",
            "2",
            "1:F1/online",
            fall(1, 0),
        ),
        (
            "six of ten are lost: doubted",
            &half,
            "",
            "10:P/online 11:P/online 12:P/online 13:P/online 14:F1/online 15:F1/online 16:F1/online 17:F1/online 18:F1/online 19:F1/online",
            fall(10, 4),
        ),
        (
            "six of ten, one of them departed: nine are too few to doubt",
            &half,
            "19",
            "10:P/online 11:P/online 12:P/online 13:P/online 14:M2/unknown 15:M2/unknown 16:M2/unknown 17:M2/unknown 18:M2/unknown 19:M2/unknown",
            None,
        ),
    ]);
}

#[test]
fn a_freeze_is_resolved_by_learning_who_departed() {
    let poll = |at, agents: &str, half| {
        let (coverage, agents) = script(agents).pop().unwrap();
        let mut answer = answer(coverage, at, agents);
        answer.static_half = half;
        answer
    };
    let first = || poll(1, "full 1 2", StaticHalf::Off);
    let doubted = || poll(2, "full", StaticHalf::Unreadable);
    let merged = run(vec![first(), doubted(), poll(3, "full", known("8", "1 2"))]);
    assert_eq!(sketch(&merged.roster), "1:G3/unknown 2:G3/unknown");
    assert_eq!(merged.verdict, Verdict::Trusted);
    assert_eq!(merged.cursor.quarantined_since, None);
    // One of two explained is not enough for the other.
    let merged = run(vec![first(), doubted(), poll(3, "full", known("8", "1"))]);
    assert_eq!(sketch(&merged.roster), "1:G3/unknown 2:F1/online");
    assert_eq!(merged.verdict, Verdict::Quarantined { before: 1, now: 0 });
}

/// One agent by what the static half may add: e-mail, skills as `id` or `id=name`, group likewise.
fn person(email: &str, skills: &str, group: &str, load: u32) -> SourceAgent {
    let pair = |text: &str| match text.split_once('=') {
        Some((id, name)) => (id.to_owned(), Some(name.to_owned())),
        None => (text.to_owned(), None),
    };
    let mut agent = agent("1", Presence::Online, load);
    agent.email = Some(email.to_owned()).filter(|email| !email.is_empty());
    agent.skills = skills
        .split_whitespace()
        .map(pair)
        .map(|(id, name)| Skill {
            id: SkillId::new(id),
            name,
        })
        .collect();
    if !group.is_empty() {
        let (id, name) = pair(group);
        agent.group_id = Some(id).filter(|id| !id.is_empty());
        agent.group_name = name;
    }
    agent
}

#[test]
fn while_the_static_half_is_unreadable_nothing_it_said_is_taken_away() {
    let before = person("a@x", "2=Sales 4=Billing", "9=Main", 0);
    // The answer; what is believed then, and whether that is a change, while the half is unreadable.
    let cases = [
        (
            "nothing said",
            person("", "2 4", "9", 0),
            before.clone(),
            false,
        ),
        ("all said", before.clone(), before.clone(), false),
        (
            "half said",
            person("a@x", "2=Sales 4", "9", 0),
            before.clone(),
            false,
        ),
        (
            "another load",
            person("", "2 4", "9", 1),
            person("a@x", "2=Sales 4=Billing", "9=Main", 1),
            true,
        ),
        (
            "another address and other names",
            person("b@x", "2=Vente 4", "9=Haupt", 0),
            person("b@x", "2=Vente 4=Billing", "9=Haupt", 0),
            true,
        ),
        (
            "another group has no name yet",
            person("", "2 4", "8", 0),
            person("a@x", "2=Sales 4=Billing", "8", 0),
            true,
        ),
        (
            "no group any more",
            person("", "2 4", "", 0),
            person("a@x", "2=Sales 4=Billing", "", 0),
            true,
        ),
        (
            "one skill less, one more",
            person("", "3 4", "9", 0),
            person("a@x", "3 4=Billing", "9=Main", 0),
            true,
        ),
        (
            "no skill any more",
            person("", "", "9", 0),
            person("a@x", "", "9=Main", 0),
            true,
        ),
    ];
    for (name, seen, expect, changes) in cases {
        for half in [StaticHalf::Unreadable, StaticHalf::Off, known("7", "")] {
            let kept = half == StaticHalf::Unreadable;
            let first = answer(Coverage::Full, 1, vec![before.clone()]);
            let mut second = answer(Coverage::Partial, 2, vec![seen.clone()]);
            second.static_half = half;
            let merged = run(vec![first, second]);
            let now = &merged.roster.entries()[0].agent;
            assert_eq!(now, if kept { &expect } else { &seen }, "{name}");
            let changed = if kept { changes } else { seen != before };
            assert_eq!(merged.counts.updated, usize::from(changed), "{name}");
        }
    }
    // A name without an id was the answer's own.
    let mut nameless = person("", "", "", 0);
    let mut named = nameless.clone();
    named.group_name = Some("Main".to_owned());
    nameless.email.clone_from(&named.email);
    let mut second = answer(Coverage::Full, 2, vec![nameless.clone()]);
    second.static_half = StaticHalf::Unreadable;
    let merged = run(vec![answer(Coverage::Full, 1, vec![named]), second]);
    assert_eq!(merged.roster.entries()[0].agent, nameless);
}

#[test]
fn they_stay_through_absence_and_return() {
    let before = person("a@x", "2=Sales", "9=Main", 0);
    let poll = |at, agents| {
        let mut answer = answer(Coverage::Full, at, agents);
        answer.static_half = StaticHalf::Unreadable;
        answer
    };
    let other = || agent("2", Presence::Online, 0);
    let merged = run(vec![
        answer(Coverage::Full, 1, vec![before.clone(), other()]),
        poll(2, vec![other()]),
        poll(3, vec![other()]),
        poll(4, vec![person("", "2", "9", 0), other()]),
    ]);
    assert_eq!(merged.counts.returned, 1);
    assert_eq!(merged.roster.entries()[0].agent, before);
}

#[test]
fn the_cursor_follows_a_known_revision_and_keeps_it_otherwise() {
    let unnumbered = StaticHalf::Known {
        revision: None,
        departed: Arc::default(),
    };
    let cases = [
        (vec![StaticHalf::Off], None),
        (vec![known("7", "")], Some("7")),
        (vec![known("7", ""), known("8", "")], Some("8")),
        (vec![known("7", ""), StaticHalf::Unreadable], Some("7")),
        (vec![known("7", ""), StaticHalf::Off], Some("7")),
        (vec![known("7", ""), unnumbered], None),
    ];
    for (halves, expect) in cases {
        let answers = (1..).zip(halves).map(|(at, half)| {
            let mut answer = answer(Coverage::Partial, at, Vec::new());
            answer.static_half = half;
            answer
        });
        let merged = run(answers.collect());
        assert_eq!(merged.cursor.config_revision.as_deref(), expect);
    }
}
