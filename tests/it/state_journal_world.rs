//! Words for tests of the journal: runs, one change of every kind, links.

use std::collections::BTreeMap;

use lp2rc::domain::{
    Change, DepartmentId, Effect, FieldChange, Owner, Phase, SourceId, Subject, TargetId, Write,
    change::{DepartmentRef, Member, NewDepartment, NewUser, Profile, UserRef},
    moving::{DepartmentLink, Link, Login, MoveRun, Origin, RunKind, Scope},
    target::SettingValue,
};

use crate::state_world::NOON;

/// A run of `changes` changes that has just begun.
pub(crate) fn run(id: &str, changes: usize) -> MoveRun {
    MoveRun {
        id: id.to_owned(),
        kind: RunKind::Apply,
        scope: Scope {
            wave: Some("first".to_owned()),
            cut_over: true,
        },
        checksum: "3f".to_owned(),
        started_at: NOON,
        ended_at: None,
        changes,
        done: 0,
        failed: 0,
        skipped: 0,
    }
}

/// A change with these writes, of a phase, an effect and a subject that depend on the number.
pub(crate) fn change(number: usize, writes: Vec<Write>) -> Change {
    Change {
        phase: Phase::ALL[number % Phase::ALL.len()],
        subject: match number % 3 {
            0 => Subject::Agent {
                source_id: SourceId::new(number.to_string()),
                username: format!("agent{number}"),
            },
            1 => Subject::Department("Sales".to_owned()),
            _ => Subject::Setting("Accounts_CustomFields".to_owned()),
        },
        effect: Effect::ALL[number % Effect::ALL.len()],
        reason: "is missing".to_owned(),
        fields: (0..number % 3)
            .map(|field| FieldChange {
                field: format!("field{field}"),
                before: "-".to_owned(),
                after: "Ada \"Lövelace\"\n".to_owned(),
            })
            .collect(),
        writes,
    }
}

/// Small changes, each of one write.
pub(crate) fn changes(count: usize) -> Vec<Change> {
    let role = |number| Write::GrantRole {
        user: user(None),
        role: format!("role{number}"),
    };
    (0..count)
        .map(|number| change(number, vec![role(number)]))
        .collect()
}

fn user(id: Option<&str>) -> UserRef {
    UserRef {
        source_id: SourceId::new("7"),
        username: "Ada.Lovelace".to_owned(),
        id: id.map(TargetId::new),
    }
}

fn department(id: Option<&str>) -> DepartmentRef {
    DepartmentRef {
        name: "Sales / EU".to_owned(),
        id: id.map(DepartmentId::new),
    }
}

/// Every kind of write, with what may be absent once there and once not.
pub(crate) fn writes() -> Vec<Write> {
    let fields: BTreeMap<_, _> = [("livepersonId", "7"), ("tier", "")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let mut writes = Vec::new();
    for login in Login::ALL {
        writes.push(Write::CreateUser(NewUser {
            user: user(None),
            name: "Ada".to_owned(),
            email: "ada@example.org".to_owned(),
            verified: login == Login::Sso,
            custom_fields: if login == Login::Sso {
                BTreeMap::new()
            } else {
                fields.clone()
            },
            login,
        }));
    }
    let full = Profile {
        name: Some("Ada".to_owned()),
        email: Some("ada@example.org".to_owned()),
        custom_fields: Some(fields),
    };
    let no_fields = Profile {
        custom_fields: Some(BTreeMap::new()),
        ..Profile::default()
    };
    writes.extend([
        Write::SendResetMail {
            user: user(Some("u7")),
            email: "ada@example.org".to_owned(),
        },
        Write::UpdateUser {
            user: user(Some("u7")),
            set: full,
            was: no_fields,
        },
        Write::UpdateUser {
            user: user(Some("u7")),
            set: Profile::default(),
            was: Profile::default(),
        },
        Write::GrantRole {
            user: user(Some("u7")),
            role: "livechat-agent".to_owned(),
        },
        Write::RevokeRole {
            user: user(Some("u7")),
            role: "livechat-agent".to_owned(),
        },
        Write::CreateDepartment(NewDepartment {
            name: "Sales / EU".to_owned(),
            email: "sales@example.org".to_owned(),
            show_on_registration: true,
        }),
        Write::OpenDepartment {
            department: department(Some("d1")),
        },
        Write::CloseDepartment {
            department: department(None),
        },
    ]);
    for flag in [true, false] {
        writes.extend(switches(flag));
    }
    writes
}

/// The writes that go two ways, each once so and once otherwise.
fn switches(flag: bool) -> [Write; 8] {
    let members: Vec<_> = (0..2 * i64::from(flag))
        .map(|number| Member {
            user: user(flag.then_some("u7")),
            count: number - 1,
            order: i64::MAX - number,
        })
        .collect();
    let text = SettingValue::Text("true".to_owned());
    let number = SettingValue::Number(-1);
    [
        Write::SetActive {
            user: user(None),
            active: flag,
        },
        Write::SetAvailability {
            user: user(None),
            available: flag,
            was: !flag,
        },
        Write::AddMembers {
            department: department(None),
            members: members.clone(),
        },
        Write::RemoveMembers {
            department: department(Some("d1")),
            members,
        },
        Write::SetLimit {
            user: user(None),
            limit: flag.then_some(0),
            was: (!flag).then_some(u32::MAX),
        },
        Write::SetSetting {
            id: "Livechat_enabled".to_owned(),
            value: if flag { text.clone() } else { number },
            was: flag.then_some(SettingValue::Flag(true)),
        },
        Write::SetSetting {
            id: "Livechat_enabled".to_owned(),
            value: SettingValue::Flag(false),
            was: Some(if flag { SettingValue::Number(7) } else { text }),
        },
        Write::SetOwner {
            source_id: SourceId::new("7"),
            owner: if flag { Owner::Target } else { Owner::Both },
            was: Owner::Source,
        },
    ]
}

pub(crate) fn link(number: usize) -> Link {
    Link {
        source_id: SourceId::new(number.to_string()),
        target_id: TargetId::new(format!("u{number}")),
        username: format!("agent{number}"),
        origin: origin(number),
        wave: "first".to_owned(),
    }
}

pub(crate) fn department_link(number: usize) -> DepartmentLink {
    DepartmentLink {
        name: format!("Sales / {number}"),
        id: DepartmentId::new(format!("d{number}")),
        origin: origin(number),
    }
}

fn origin(number: usize) -> Origin {
    [Origin::Created, Origin::Adopted][number % 2]
}
