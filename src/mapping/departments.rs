//! Skills to departments.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::derive::{Kind, derive_id};
use crate::domain::{
    AccountId, Department, DepartmentId, DesiredAgent, Skill,
    rules::{DepartmentRule, SkillRules, UnmappedSkill},
};

/// The rules, ready for asking, and the departments they name or have made so far.
pub(super) struct Departments<'a> {
    rules: &'a SkillRules,
    account: &'a AccountId,
    /// Rules by folded key.
    by_name: HashMap<String, &'a DepartmentRule>,
    /// Ids by exact name: two departments of one name would be one to the people who see them.
    ids: HashMap<String, DepartmentId>,
    /// Named by the rules or needed by an agent mapped in this pass.
    known: BTreeMap<DepartmentId, String>,
}

impl<'a> Departments<'a> {
    pub(super) fn new(rules: &'a SkillRules, account: &'a AccountId) -> Self {
        let by_name = rules
            .map
            .iter()
            .map(|(key, rule)| (key.to_lowercase(), rule));
        let mut all = Self {
            rules,
            account,
            by_name: by_name.collect(),
            ids: HashMap::new(),
            known: BTreeMap::new(),
        };
        let default = match &rules.unmapped {
            UnmappedSkill::Default(rule) => Some(rule),
            UnmappedSkill::Ignore | UnmappedSkill::Each => None,
        };
        let named: Vec<_> = rules.map.values().chain(default).collect();
        // An id given for a name anywhere holds for that name everywhere.
        for rule in &named {
            if let Some(id) = &rule.id {
                let id = DepartmentId::new(id);
                all.ids.entry(rule.name.clone()).or_insert(id);
            }
        }
        for rule in named {
            all.named(&rule.name);
        }
        all
    }

    /// Departments of an agent with these skills, sorted, without repeats.
    pub(super) fn of(&mut self, skills: &[Skill]) -> Vec<DepartmentId> {
        let mut ids = Vec::with_capacity(skills.len());
        for skill in skills {
            if let Some(rule) = self.rule(skill) {
                ids.push(self.named(&rule.name));
                continue;
            }
            match &self.rules.unmapped {
                UnmappedSkill::Ignore => {}
                UnmappedSkill::Default(rule) => ids.push(self.named(&rule.name)),
                UnmappedSkill::Each => ids.push(match &skill.name {
                    Some(name) => self.named(name),
                    None => self.named(&format!("Skill {}", skill.id)),
                }),
            }
        }
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// How many of the skills have no rule.
    pub(super) fn unmapped(&self, skills: &[Skill]) -> usize {
        let without = skills.iter().filter(|skill| self.rule(skill).is_none());
        without.count()
    }

    /// By id as typed, else by name without regard to case.
    fn rule(&self, skill: &Skill) -> Option<&'a DepartmentRule> {
        let by_id = self.rules.map.get(skill.id.as_str());
        by_id.or_else(|| {
            let name = skill.name.as_ref()?;
            self.by_name.get(&name.to_lowercase()).copied()
        })
    }

    fn named(&mut self, name: &str) -> DepartmentId {
        let id = match self.ids.get(name) {
            Some(id) => id.clone(),
            None => DepartmentId::new(derive_id(self.account, Kind::Department, name)),
        };
        if !self.known.contains_key(&id) {
            self.ids.insert(name.to_owned(), id.clone());
            self.known.insert(id.clone(), name.to_owned());
        }
        id
    }

    /// Every department there is now: the known ones, and those of the previous pass that an agent
    /// taken over from it still has. Only departments of `left` (those of agents who were mapped
    /// anew or left) can have lost their last member, so usually nobody has to be looked at.
    pub(super) fn finish<'b>(
        mut self,
        previous: &[Department],
        left: &BTreeSet<DepartmentId>,
        agents: impl IntoIterator<Item = &'b DesiredAgent>,
    ) -> Vec<Department> {
        let mut doubtful = BTreeMap::new();
        for Department { id, name } in previous {
            if self.known.contains_key(id) {
                continue;
            }
            let place = if left.contains(id) {
                &mut doubtful
            } else {
                &mut self.known
            };
            place.insert(id.clone(), name.clone());
        }
        for agent in agents {
            if doubtful.is_empty() {
                break;
            }
            for id in &agent.departments {
                if let Some((id, name)) = doubtful.remove_entry(id) {
                    self.known.insert(id, name);
                }
            }
        }
        let departments = self.known.into_iter();
        departments
            .map(|(id, name)| Department { id, name })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SkillId;

    fn skill(id: &str, name: &str) -> Skill {
        Skill {
            id: SkillId::new(id),
            name: (!name.is_empty()).then(|| name.to_owned()),
        }
    }

    fn rule(name: &str, id: Option<&str>) -> DepartmentRule {
        DepartmentRule {
            name: name.to_owned(),
            id: id.map(str::to_owned),
        }
    }

    /// `2=Sales 3=Rest` as rules.
    fn rules(map: &str, unmapped: UnmappedSkill) -> SkillRules {
        let pairs = map
            .split_whitespace()
            .filter_map(|pair| pair.split_once('='));
        let map = pairs.map(|(key, name)| (key.to_owned(), rule(name, None)));
        SkillRules {
            map: map.collect(),
            unmapped,
        }
    }

    /// `2 5:Other` as skills.
    fn skills(text: &str) -> Vec<Skill> {
        let pairs = text
            .split_whitespace()
            .map(|word| word.split_once(':').unwrap_or((word, "")));
        pairs.map(|(id, name)| skill(id, name)).collect()
    }

    #[test]
    fn the_table_of_skills_holds() {
        use UnmappedSkill::{Default, Each, Ignore};
        let rest = || Default(rule("Rest", None));
        // Rules, what unmapped skills become, the agent's skills; then the agent's departments,
        // those of the rules beside them, and how many skills have no rule.
        let sales = "2=Sales billing=Invoices";
        let cases = [
            ("by id", sales, Ignore, "2", "Sales", "Invoices", 0),
            (
                "by name, other case",
                sales,
                Ignore,
                "4:BILLING",
                "Invoices",
                "Sales",
                0,
            ),
            (
                "an id wins over a name",
                "2=A x=B",
                Ignore,
                "2:x",
                "A",
                "B",
                0,
            ),
            ("ignored", sales, Ignore, "5:Other", "", "Invoices Sales", 1),
            (
                "one default",
                sales,
                rest(),
                "5:Other 6:More 2",
                "Rest Sales",
                "Invoices",
                2,
            ),
            ("a default without members", "", rest(), "", "", "Rest", 0),
            (
                "a default of a rule too",
                "2=Rest",
                rest(),
                "2 3",
                "Rest",
                "",
                1,
            ),
            ("each, by name", "", Each, "5:Other", "Other", "", 1),
            ("each, without a name", "", Each, "5", "Skill-5", "", 1),
            (
                "each, named like a rule's",
                sales,
                Each,
                "2 7:Sales",
                "Sales",
                "Invoices",
                1,
            ),
            (
                "two skills, one department",
                "2=A 3=A",
                Ignore,
                "2 3",
                "A",
                "",
                0,
            ),
            ("no skills", sales, Each, "", "", "Invoices Sales", 0),
            ("nothing at all", "", Each, "", "", "", 0),
        ];
        for (case, map, unmapped, mine, expect, others, without) in cases {
            let (rules, account) = (rules(map, unmapped), AccountId::new("12345678"));
            let mut departments = Departments::new(&rules, &account);
            let ids = departments.of(&skills(mine));
            assert!(
                ids.is_sorted_by(|a, b| a < b),
                "{case}: sorted, without repeats"
            );
            assert_eq!(departments.unmapped(&skills(mine)), without, "{case}");

            let all = departments.finish(&[], &BTreeSet::new(), []);
            assert!(
                all.is_sorted_by(|a, b| a.id < b.id),
                "{case}: sorted, without repeats"
            );
            let names = |member: bool| {
                let wanted = all.iter().filter(|one| ids.contains(&one.id) == member);
                let mut names: Vec<_> = wanted.map(|one| one.name.replace(' ', "-")).collect();
                names.sort();
                names.join(" ")
            };
            let got = (names(true), names(false));
            assert_eq!(got, (expect.to_owned(), others.to_owned()), "{case}");
        }
    }

    #[test]
    fn an_id_is_the_rule_s_or_derived_from_account_and_name() {
        let account = AccountId::new("12345678");
        let rules = SkillRules {
            map: BTreeMap::from([
                ("2".to_owned(), rule("Sales", None)),
                ("3".to_owned(), rule("Sales", Some("given"))),
                ("4".to_owned(), rule("Billing", None)),
            ]),
            unmapped: UnmappedSkill::Ignore,
        };
        let mut departments = Departments::new(&rules, &account);
        let derived = DepartmentId::new(derive_id(&account, Kind::Department, "Billing"));
        let cases = [
            ("2", DepartmentId::new("given")),
            ("3", DepartmentId::new("given")),
            ("4", derived),
        ];
        for (id, expect) in cases {
            assert_eq!(departments.of(&[skill(id, "")]), [expect], "{id}");
        }
    }
}
