//! Who takes part: `include` and `exclude` by id, login, group and skill.

use crate::domain::{
    SourceAgent,
    marks::Marks,
    rules::{Participants, Selection},
};

/// The rules, ready for asking. Exclusion wins; an empty inclusion means everybody.
pub(super) struct Gate {
    include: Option<Marks>,
    exclude: Option<Marks>,
}

impl Gate {
    pub(super) fn new(rules: &Participants) -> Self {
        let marks = |selection: &Selection| (!selection.is_empty()).then(|| Marks::new(selection));
        Self {
            include: marks(&rules.include),
            exclude: marks(&rules.exclude),
        }
    }

    pub(super) fn admits(&self, agent: &SourceAgent) -> bool {
        let wanted = self.include.as_ref().is_none_or(|marks| marks.fit(agent));
        wanted && !self.exclude.as_ref().is_some_and(|marks| marks.fit(agent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::cases::agent;

    #[test]
    fn the_four_marks_select_and_exclusion_wins() {
        // Agent 7 "Ada" of group g1 "Team A" with the skill 2 "Sales".
        let nobody = Selection::default();
        let id = |text: &str| Selection {
            ids: vec![text.to_owned()],
            ..Selection::default()
        };
        let login = |text: &str| Selection {
            logins: vec![text.to_owned()],
            ..Selection::default()
        };
        let group = |text: &str| Selection {
            groups: vec![text.to_owned()],
            ..Selection::default()
        };
        let skill = |text: &str| Selection {
            skills: vec!["other".to_owned(), text.to_owned()],
            ..Selection::default()
        };
        let cases = [
            ("no rules", nobody.clone(), nobody.clone(), true),
            ("id", id("7"), nobody.clone(), true),
            ("other id", id("8"), nobody.clone(), false),
            ("login, other case", login("ADA"), nobody.clone(), true),
            ("an id is not a login", login("7"), nobody.clone(), false),
            ("group by id", group("G1"), nobody.clone(), true),
            ("group by name", group("team a"), nobody.clone(), true),
            ("skill by id", skill("2"), nobody.clone(), true),
            ("skill by name", skill("SALES"), nobody.clone(), true),
            ("other skill", skill("3"), nobody.clone(), false),
            ("excluded by id", nobody.clone(), id("7"), false),
            ("excluded by skill", nobody.clone(), skill("sales"), false),
            ("another excluded", nobody.clone(), login("bob"), true),
            ("both: exclusion wins", id("7"), group("g1"), false),
            ("included, another excluded", id("7"), id("8"), true),
            ("excluded though not even included", id("8"), id("7"), false),
        ];
        for (name, include, exclude, expect) in cases {
            let gate = Gate::new(&Participants { include, exclude });
            assert_eq!(gate.admits(&agent("7", "Ada")), expect, "{name}");
        }
    }

    #[test]
    fn what_an_agent_lacks_selects_nobody() {
        let mut bare = agent("7", "Ada");
        bare.login = None;
        (bare.group_id, bare.group_name) = (None, None);
        bare.skills.clear();
        let some = |text: &str| vec![text.to_owned()];
        let include = Selection {
            ids: some("x"),
            logins: some("ada"),
            groups: some("g1"),
            skills: some("2"),
        };
        let gate = Gate::new(&Participants {
            include,
            exclude: Selection::default(),
        });
        assert!(!gate.admits(&bare));
    }
}
