//! What holds for every belief and every answer.

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;

use crate::{
    domain::{
        Coverage, Cursor, MergeRules, Observation, Presence, Roster, RosterEntry, SourceAgent,
        Standing, Timestamp,
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

proptest! {
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
        for agent in &agents {
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
