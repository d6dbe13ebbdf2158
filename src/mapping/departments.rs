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

    /// Names of the agent's departments, names of all departments, skills without a rule.
    fn check(
        map: &[(&str, DepartmentRule)],
        unmapped: UnmappedSkill,
        skills: &[Skill],
    ) -> (Vec<String>, Vec<String>, usize) {
        let rules = SkillRules {
            map: map
                .iter()
                .map(|(key, rule)| ((*key).to_owned(), rule.clone()))
                .collect(),
            unmapped,
        };
        let account = AccountId::new("12345678");
        let mut departments = Departments::new(&rules, &account);
        let ids = departments.of(skills);
        assert!(ids.is_sorted_by(|a, b| a < b), "sorted, without repeats");
        let count = departments.unmapped(skills);
        let all = departments.finish(&[], &BTreeSet::new(), []);
        assert!(
            all.is_sorted_by(|a, b| a.id < b.id),
            "sorted, without repeats"
        );
        let name = |id: &DepartmentId| all.iter().find(|one| one.id == *id).unwrap().name.clone();
        let mut mine: Vec<_> = ids.iter().map(name).collect();
        let mut every: Vec<_> = all.iter().map(|one| one.name.clone()).collect();
        (mine.sort(), every.sort());
        (mine, every, count)
    }

    #[test]
    fn the_table_of_skills_holds() {
        use UnmappedSkill::{Default, Each, Ignore};
        let sales = || {
            [
                ("2", rule("Sales", None)),
                ("billing", rule("Invoices", None)),
            ]
        };
        let cases: [(&str, &[_], _, &[_], &[&str], &[&str], usize); 13] = [
            (
                "by id",
                &sales(),
                Ignore,
                &[skill("2", "")],
                &["Sales"],
                &["Invoices", "Sales"],
                0,
            ),
            (
                "by name, other case",
                &sales(),
                Ignore,
                &[skill("4", "BILLING")],
                &["Invoices"],
                &["Invoices", "Sales"],
                0,
            ),
            (
                "an id wins over a name",
                &[("2", rule("A", None)), ("x", rule("B", None))],
                Ignore,
                &[skill("2", "x")],
                &["A"],
                &["A", "B"],
                0,
            ),
            (
                "ignored",
                &sales(),
                Ignore,
                &[skill("5", "Other")],
                &[],
                &["Invoices", "Sales"],
                1,
            ),
            (
                "one default",
                &sales(),
                Default(rule("Rest", None)),
                &[skill("5", "Other"), skill("6", "More"), skill("2", "")],
                &["Rest", "Sales"],
                &["Invoices", "Rest", "Sales"],
                2,
            ),
            (
                "the default is there without members",
                &[],
                Default(rule("Rest", None)),
                &[],
                &[],
                &["Rest"],
                0,
            ),
            (
                "the default is also a rule's department",
                &[("2", rule("Rest", None))],
                Default(rule("Rest", None)),
                &[skill("2", ""), skill("3", "")],
                &["Rest"],
                &["Rest"],
                1,
            ),
            (
                "each, by name",
                &[],
                Each,
                &[skill("5", "Other")],
                &["Other"],
                &["Other"],
                1,
            ),
            (
                "each, without a name",
                &[],
                Each,
                &[skill("5", "")],
                &["Skill 5"],
                &["Skill 5"],
                1,
            ),
            (
                "each, named like a rule's department: one department",
                &sales(),
                Each,
                &[skill("2", ""), skill("7", "Sales")],
                &["Sales"],
                &["Invoices", "Sales"],
                1,
            ),
            (
                "two skills, one department",
                &[("2", rule("A", None)), ("3", rule("A", None))],
                Ignore,
                &[skill("2", ""), skill("3", "")],
                &["A"],
                &["A"],
                0,
            ),
            (
                "no skills",
                &sales(),
                Each,
                &[],
                &[],
                &["Invoices", "Sales"],
                0,
            ),
            ("nothing at all", &[], Each, &[], &[], &[], 0),
        ];
        for (name, map, unmapped, skills, mine, every, count) in cases {
            let got = check(map, unmapped, skills);
            assert_eq!(
                (&got.0[..], &got.1[..], got.2),
                (&strings(mine)[..], &strings(every)[..], count),
                "{name}"
            );
        }
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
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
