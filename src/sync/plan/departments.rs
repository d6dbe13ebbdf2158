//! Which departments there must be, and which of the target's they are.
//!
//! | link | there | what is done |
//! |---|---|---|
//! | yes | open | used |
//! | yes | archived or disabled | opened |
//! | no (or its department is gone) | by the id that mapping was given, or one of that name, open | used; not ours: never renamed, never closed |
//! | no | closed, or several of that name | left out, and everybody's membership in it |
//! | no | none | created |

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Facts, LeftOut, matching::Person, shown};
use crate::domain::{
    Change, DepartmentId, Effect, Phase, Subject, Write,
    change::{DepartmentRef, NewDepartment},
    moving::MoveRules,
    target::TargetDepartment,
};

/// Departments as mapping means them, and where they are.
pub(super) struct Departments<'a> {
    facts: Facts<'a>,
    names: HashMap<&'a DepartmentId, &'a str>,
    there: HashMap<&'a str, Vec<&'a TargetDepartment>>,
    /// Ids that mapping gives by name: only some of them are the target's.
    ids: HashMap<&'a str, &'a DepartmentId>,
}

/// Who is to be in which department, by name; members by id in the source.
pub(super) type Wanted<'a, 'b> = BTreeMap<&'a str, Vec<&'b Person<'a>>>;

/// Where a department is.
enum Place<'a> {
    There {
        department: &'a TargetDepartment,
        ours: bool,
    },
    Nowhere,
}

impl<'a> Departments<'a> {
    pub(super) fn new(facts: &Facts<'a>) -> Self {
        let mut there: HashMap<&str, Vec<_>> = HashMap::new();
        for department in facts.actual.departments() {
            there.entry(&department.name).or_default().push(department);
        }
        let departments = || facts.desired.departments.iter();
        Self {
            facts: *facts,
            names: departments()
                .map(|one| (&one.id, one.name.as_str()))
                .collect(),
            ids: departments()
                .map(|one| (one.name.as_str(), &one.id))
                .collect(),
            there,
        }
    }

    /// Who is to be in which department, by name.
    pub(super) fn wanted<'b>(&self, people: &'b [Person<'a>]) -> Wanted<'a, 'b> {
        if let Some(one) = &self.facts.rules.single_department {
            return Wanted::from([(one.as_str(), people.iter().collect())]);
        }
        let mut wanted = Wanted::new();
        for person in people {
            for id in &person.agent.departments {
                if let Some(name) = self.names.get(id) {
                    let members: &mut Vec<_> = wanted.entry(name).or_default();
                    // Two ids of one name are one department.
                    if members
                        .last()
                        .is_none_or(|last| last.source_id() != person.source_id())
                    {
                        members.push(person);
                    }
                }
            }
        }
        wanted
    }

    /// Every name that mapping knows, of this part of the move or not.
    pub(super) fn known(&self) -> BTreeSet<&'a str> {
        let linked = self.facts.links.departments.keys().map(String::as_str);
        match &self.facts.rules.single_department {
            Some(one) => linked.chain([one.as_str()]).collect(),
            None => linked.chain(self.ids.keys().copied()).collect(),
        }
    }

    /// The department of a name, if it is there and could be told.
    pub(super) fn there(&self, name: &str) -> Option<&'a TargetDepartment> {
        match self.find(name) {
            Ok(Place::There { department, .. }) => Some(department),
            Ok(Place::Nowhere) | Err(_) => None,
        }
    }

    /// Which department a name means, else why nobody can say.
    fn find(&self, name: &str) -> Result<Place<'a>, String> {
        let link = self.facts.links.departments.get(name);
        if let Some(department) = link.and_then(|link| self.facts.actual.department(&link.id)) {
            return Ok(Place::There {
                department,
                ours: true,
            });
        }
        let given = self.ids.get(name).copied();
        let given = given.and_then(|id| self.facts.actual.department(id));
        let named = self.there.get(name).map_or(&[][..], Vec::as_slice);
        let department = match (given, named) {
            (Some(department), _) => department,
            (None, []) => return Ok(Place::Nowhere),
            (None, [one]) => one,
            (None, several) => {
                return Err(format!(
                    "there are {} departments of this name and none is ours; rename all but one, or give its id in the mapping",
                    several.len()
                ));
            }
        };
        if !department.enabled || department.archived {
            return Err(
                "there is a department of this name that is archived or disabled and not ours; open it there, or map to another name".to_owned(),
            );
        }
        Ok(Place::There {
            department,
            ours: false,
        })
    }
}

/// What the plan does about departments.
#[derive(Default)]
pub(super) struct Settled<'a> {
    pub(super) changes: Vec<Change>,
    pub(super) left_out: Vec<LeftOut>,
    /// Where members can be put, by name.
    pub(super) usable: BTreeMap<&'a str, DepartmentRef>,
}

/// Settles every department that somebody of this part is to be in.
pub(super) fn settle<'a>(departments: &Departments<'a>, wanted: &Wanted<'a, '_>) -> Settled<'a> {
    let mut settled = Settled::default();
    let needed = wanted.iter().filter(|(_, members)| !members.is_empty());
    for name in needed.map(|(name, _)| *name) {
        let subject = Subject::Department(name.to_owned());
        let id = match departments.find(name) {
            Err(why) => {
                settled.left_out.push(LeftOut { subject, why });
                continue;
            }
            Ok(Place::Nowhere) => {
                settled.changes.push(create(name, departments.facts.rules));
                None
            }
            Ok(Place::There { department, ours }) => {
                if ours && (!department.enabled || department.archived) {
                    settled.changes.push(open(name, department));
                }
                Some(department.id.clone())
            }
        };
        let reference = DepartmentRef {
            name: name.to_owned(),
            id,
        };
        settled.usable.insert(name, reference);
    }
    settled
}

fn create(name: &str, rules: &MoveRules) -> Change {
    let email = rules.department_email.replace("{name}", &slug(name));
    Change {
        phase: Phase::Departments,
        subject: Subject::Department(name.to_owned()),
        effect: Effect::Create,
        reason: "agents are to be in it, and there is none of this name".to_owned(),
        fields: vec![
            shown::gained("name", name),
            shown::gained("e-mail", &email),
            shown::gained(
                "shown on registration",
                if rules.show_on_registration {
                    "yes"
                } else {
                    "no"
                },
            ),
        ],
        writes: vec![Write::CreateDepartment(NewDepartment {
            name: name.to_owned(),
            email,
            show_on_registration: rules.show_on_registration,
        })],
    }
}

fn open(name: &str, department: &TargetDepartment) -> Change {
    let state = if department.archived {
        "archived"
    } else {
        "disabled"
    };
    Change {
        phase: Phase::Departments,
        subject: Subject::Department(name.to_owned()),
        effect: Effect::Update,
        reason: "is ours and needed, but closed".to_owned(),
        fields: vec![shown::field("state", Some(state), Some("open"))],
        writes: vec![Write::OpenDepartment {
            department: DepartmentRef {
                name: name.to_owned(),
                id: Some(department.id.clone()),
            },
        }],
    }
}

/// A name in lower-case ASCII, as the local part of an address.
fn slug(name: &str) -> String {
    let spelled = deunicode::deunicode(name).to_lowercase();
    let words = spelled.split(|one: char| !one.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return "department".to_owned();
    }
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn names_become_local_parts() {
        let cases = [
            ("Sales", "sales"),
            ("  Größe & Ärger ", "grosse-arger"),
            ("销售", "xiao-shou"),
            ("***", "department"),
        ];
        for (name, expect) in cases {
            assert_eq!(slug(name), expect);
        }
    }
}
