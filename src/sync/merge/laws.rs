//! What holds for every belief and every answer.

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;

use crate::{
    domain::{
        Coverage, Cursor, MergeRules, Observation, Presence, Roster, RosterEntry, Skill, SkillId,
        SourceAgent, SourceId, Standing, StaticHalf, Timestamp, Verdict,
    },
    sync::merge::{cases, merge},
};

fn some_agents() -> impl Strategy<Value = Vec<SourceAgent>> {
    let presence = proptest::sample::select(&Presence::ALL[..]);
    proptest::collection::btree_map(0..30u32, (presence, 0..3u32), 0..25).prop_map(|agents| {
        agents
            .into_iter()
            .map(|(id, (presence, load))| cases::agent(&format!("{id:02}"), presence, load))
            .collect()
    })
}

fn some_answer() -> impl Strategy<Value = (Coverage, Vec<SourceAgent>)> {
    let coverage =
        proptest::sample::select(&[Coverage::Full, Coverage::Filtered, Coverage::Partial][..]);
    (coverage, some_agents())
}

/// A belief as any history may leave it.
fn some_belief() -> impl Strategy<Value = Roster> {
    (some_agents(), proptest::collection::vec(0..4u8, 30)).prop_map(|(agents, standings)| {
        let since = Timestamp::from_millis(-1);
        let entries = agents
            .into_iter()
            .zip(standings)
            .map(|(mut agent, letter)| {
                let standing = match letter {
                    0 => Standing::Missing { since },
                    1 => Standing::Frozen { since },
                    2 => Standing::Gone { since },
                    _ => Standing::Present,
                };
                if matches!(letter, 0 | 2) {
                    agent.presence = Presence::Unknown;
                }
                Arc::new(RosterEntry {
                    agent,
                    standing,
                    owner: crate::domain::Owner::Source,
                })
            });
        Roster::new(entries.collect())
    })
}

/// The same agents, some of them without what a static half would have said.
fn some_bared(agents: &[SourceAgent], bare: &[bool]) -> Vec<SourceAgent> {
    let mut agents = agents.to_vec();
    for (agent, bare) in agents.iter_mut().zip(bare) {
        let named = |name: &str| (!bare).then(|| name.to_owned());
        agent.email = named("mail@example.org");
        agent.group_id = Some("9".to_owned());
        agent.group_name = named("Main");
        agent.skills = vec![Skill {
            id: SkillId::new("4"),
            name: named("Billing"),
        }];
    }
    agents
}

proptest! {
    #[test]
    fn the_departed_change_only_what_their_own_absence_means(
        believed in some_belief(),
        (coverage, agents) in some_answer(),
        departed in proptest::collection::btree_set(0..30u32, 0..30),
    ) {
        let departed: Arc<std::collections::BTreeSet<_>> =
            Arc::new(departed.iter().map(|id| SourceId::new(format!("{id:02}"))).collect());
        let rules = MergeRules::default();
        let merge_with = |believed: &Roster, half| {
            let mut answer = cases::answer(coverage, 7, agents.clone());
            answer.static_half = half;
            merge(believed, &Cursor::default(), answer, &rules)
        };
        let known = StaticHalf::Known { revision: None, departed: Arc::clone(&departed) };
        let merged = merge_with(&believed, known);
        // The others fare exactly as if the missing departed had never been known.
        let is_out = |entry: &Arc<RosterEntry>| {
            let id = &entry.agent.id;
            departed.contains(id) && !agents.iter().any(|agent| agent.id == *id)
        };
        let entries = believed.entries().iter();
        let others = Roster::new(entries.filter(|entry| !is_out(entry)).map(Arc::clone).collect());
        let without = merge_with(&others, StaticHalf::Off);
        prop_assert_eq!(merged.verdict, without.verdict);
        for entry in without.roster.entries() {
            prop_assert_eq!(Some(entry), merged.roster.get(&entry.agent.id));
        }
        // And they as if the answer were trusted.
        let trusting = MergeRules { accept_fall: true, ..rules };
        let answer = cases::answer(coverage, 7, agents.clone());
        let trusted = merge(&believed, &Cursor::default(), answer, &trusting);
        for entry in believed.entries().iter().filter(|entry| is_out(entry)) {
            let id = &entry.agent.id;
            prop_assert_eq!(merged.roster.get(id), trusted.roster.get(id));
        }
        prop_assert_eq!(merged.roster.len(), believed.len() + merged.counts.added);
    }

    #[test]
    fn an_unreadable_static_half_takes_nothing_away_and_changes_nothing_by_itself(
        (coverage, agents) in some_answer(),
        bare in proptest::collection::vec(any::<bool>(), 25),
    ) {
        let rules = MergeRules::default();
        let whole = some_bared(&agents, &[false; 25]);
        let first = cases::answer(coverage, 7, whole.clone());
        let first = merge(&Roster::default(), &Cursor::default(), first, &rules);
        let mut second = cases::answer(coverage, 7, some_bared(&agents, &bare));
        second.static_half = StaticHalf::Unreadable;
        let second = merge(&first.roster, &first.cursor, second, &rules);
        prop_assert_eq!(second.counts.changed(), 0);
        for (old, new) in first.roster.entries().iter().zip(second.roster.entries()) {
            prop_assert!(Arc::ptr_eq(old, new));
        }
        // Also where something else about them did change.
        let mut third = some_bared(&agents, &bare);
        for agent in &mut third {
            agent.load += 1;
        }
        let mut answer = cases::answer(coverage, 7, third);
        answer.static_half = StaticHalf::Unreadable;
        let third = merge(&second.roster, &second.cursor, answer, &rules);
        for (entry, mut expect) in third.roster.entries().iter().zip(whole) {
            expect.load += 1;
            prop_assert_eq!(&entry.agent, &expect);
        }
    }

    #[test]
    fn a_merge_is_sound(
        believed in some_belief(),
        (coverage, agents) in some_answer(),
        accept_fall in any::<bool>(),
    ) {
        let rules = MergeRules { accept_fall, ..MergeRules::default() };
        let answer = cases::answer(coverage, 7, agents.clone());
        let merged = merge(&believed, &Cursor::default(), answer, &rules);
        let now = merged.roster.entries();

        prop_assert!(now.is_sorted_by(|a, b| a.agent.id < b.agent.id), "sorted");
        let seen: BTreeMap<_, _> = agents.iter().map(|agent| (&agent.id, agent)).collect();
        // Strangers in a list that may well be somebody else's are not let in.
        let open = merged.verdict == Verdict::Trusted;
        let known = |agent: &&SourceAgent| believed.get(&agent.id).is_some();
        for agent in agents.iter().filter(|agent| open || known(agent)) {
            let entry = merged.roster.get(&agent.id).unwrap();
            prop_assert_eq!(entry.standing, Standing::Present);
            prop_assert_eq!(&entry.agent, agent);
        }
        for old in believed.entries() {
            // Nobody is erased, and equal means the same allocation.
            let entry = merged.roster.get(&old.agent.id).unwrap();
            prop_assert_eq!(old == entry, Arc::ptr_eq(old, entry));
            if coverage == Coverage::Partial && !seen.contains_key(&old.agent.id) {
                prop_assert!(Arc::ptr_eq(old, entry));
            }
            if matches!(entry.standing, Standing::Missing { .. } | Standing::Gone { .. }) {
                prop_assert_eq!(entry.agent.presence, Presence::Unknown);
            }
        }
        prop_assert_eq!(now.len(), believed.len() + merged.counts.added);

        let counts = &merged.counts;
        prop_assert_eq!(counts.changed(), merged.changed.len());
        prop_assert_eq!(counts.changed() + counts.unchanged, now.len());
        for entry in &merged.changed {
            prop_assert!(Arc::ptr_eq(entry, merged.roster.get(&entry.agent.id).unwrap()));
        }
    }

    #[test]
    fn the_same_answer_again_settles(
        believed in some_belief(),
        (coverage, agents) in some_answer(),
    ) {
        let rules = MergeRules::default();
        let again = |roster: &Roster, cursor: &Cursor| {
            let answer: Observation = cases::answer(coverage, 7, agents.clone());
            merge(roster, cursor, answer, &rules)
        };
        let first = again(&believed, &Cursor::default());
        let second = again(&first.roster, &first.cursor);
        // What is in the answer never changes twice, the missing only from missing to gone.
        prop_assert_eq!(second.counts.changed(), second.counts.gone);
        if coverage != Coverage::Full || first.counts.missing == 0 {
            prop_assert_eq!(second.counts.changed(), 0);
            prop_assert_eq!(&second.cursor, &first.cursor);
        }
        let third = again(&second.roster, &second.cursor);
        prop_assert_eq!(third.counts.changed(), 0);
        prop_assert_eq!(third.roster, second.roster);
    }
}
