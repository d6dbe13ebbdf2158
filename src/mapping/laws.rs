//! What holds for every history: mapping on top of the previous result is mapping from nothing.

use std::{collections::HashSet, sync::Arc};

use proptest::{prelude::*, sample::select};

use super::{Identities, cases::agent, map};
use crate::domain::{
    AccountId, MappingRules, Owner, Roster, RosterEntry, Skill, SkillId, SourceAgent, Standing,
    Timestamp,
    rules::{DepartmentRule, EmailRules, UnmappedSkill},
};

/// Few logins and skills, so that names collide and departments lose their last member.
fn some_agent() -> impl Strategy<Value = SourceAgent> {
    let login = select(&["ada", "Ada", "bob", "b ob", "admin", ""][..]);
    let email = select(&["x@example.org", " ", ""][..]);
    let skills = proptest::collection::btree_set(0..6u8, 0..3);
    (0..12u8, login, email, skills).prop_map(|(id, login, email, skills)| {
        let mut agent = agent(&format!("{id:02}"), login);
        agent.login = agent.login.filter(|login| !login.is_empty());
        agent.email = (!email.is_empty()).then(|| email.to_owned());
        let skill = |id: u8| Skill {
            id: SkillId::new(id.to_string()),
            name: id.is_multiple_of(2).then(|| format!("Skill of {id}")),
        };
        agent.skills = skills.into_iter().map(skill).collect();
        agent
    })
}

/// One round of news: agents to put into the roster, and how they stand then.
fn some_news() -> impl Strategy<Value = Vec<(SourceAgent, Standing)>> {
    let since = Timestamp::from_millis(1);
    let standings = [
        Standing::Present,
        Standing::Missing { since },
        Standing::Gone { since },
    ];
    proptest::collection::vec((some_agent(), select(standings.to_vec())), 0..6)
}

fn some_rules() -> impl Strategy<Value = MappingRules> {
    let one = || DepartmentRule {
        name: "One".to_owned(),
        id: None,
    };
    let unmapped = select(vec![
        UnmappedSkill::Ignore,
        UnmappedSkill::Default(one()),
        UnmappedSkill::Each,
    ]);
    let email = select(vec![
        EmailRules::Leave,
        EmailRules::Template("{id}@example.net".to_owned()),
        EmailRules::Exclude,
    ]);
    (unmapped, email, any::<bool>()).prop_map(move |(unmapped, email, choosy)| {
        let mut rules = MappingRules {
            email,
            ..MappingRules::default()
        };
        rules.skills.unmapped = unmapped;
        rules.skills.map.insert("1".to_owned(), one());
        if choosy {
            rules
                .participants
                .exclude
                .skills
                .push("skill of 2".to_owned());
        }
        rules
    })
}

/// The roster after the news; what is equal stays the same allocation.
fn after(roster: &Roster, news: Vec<(SourceAgent, Standing)>) -> Roster {
    let mut entries = Vec::new();
    for (agent, standing) in news {
        let owner = Owner::Source;
        let entry = RosterEntry {
            agent,
            standing,
            owner,
        };
        match roster.get(&entry.agent.id) {
            Some(old) if **old == entry => {}
            Some(_) | None => entries.push(Arc::new(entry)),
        }
    }
    // Of two with one id the first stays.
    entries.extend(roster.entries().iter().cloned());
    entries.sort_by(|a, b| a.agent.id.cmp(&b.agent.id));
    entries.dedup_by(|later, first| later.agent.id == first.agent.id);
    Roster::new(entries)
}

proptest! {
    #[test]
    fn on_top_of_the_previous_result_is_from_nothing(
        rules in some_rules(),
        rounds in proptest::collection::vec(some_news(), 1..6),
    ) {
        let account = AccountId::new("12345678");
        let mut roster = Roster::default();
        let mut previous = map(&roster, &Identities::default(), None, &rules, &account);
        for news in rounds {
            roster = after(&roster, news);
            let known = previous.identities.clone();
            let step = map(&roster, &known, Some(&previous.desired), &rules, &account);
            let whole = map(&roster, &known, None, &rules, &account);
            prop_assert_eq!(&step.desired, &whole.desired);
            prop_assert_eq!(&step.new_identities, &whole.new_identities);

            for agent in &step.desired.agents {
                let same = previous.desired.agents.iter().any(|old| {
                    Arc::ptr_eq(&old.believed, &agent.believed)
                });
                let shared = previous.desired.agents.iter().any(|old| Arc::ptr_eq(old, agent));
                prop_assert_eq!(same, shared, "unchanged is shared");
            }
            let all = step.identities.all();
            prop_assert!(all.is_sorted_by(|a, b| a.source_id < b.source_id));
            let names: HashSet<_> = all.iter().map(|one| one.username.to_lowercase()).collect();
            prop_assert_eq!(names.len(), all.len(), "names are unique");
            previous = step;
        }
    }
}
