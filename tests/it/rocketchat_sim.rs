//! The client against the simulated workspace, release by release: every write is found done once it
//! is, and found done too when only its answer was lost.

use std::{collections::BTreeMap, sync::Arc};

use lp2rc::{
    config::{RocketChatConfig, TargetCredentials},
    domain::{
        Timestamp, Write, Written,
        change::{DepartmentRef, Member, NewDepartment, NewUser, Profile, UserRef},
        ids::{DepartmentId, SourceId, TargetId},
        moving::Login,
        target::SettingValue,
    },
    ports::{ManualClock, Target, TargetFault},
    rocketchat::RocketChat,
    sim::rocketchat::{Fault, NewUser as Guest, On, SimConfig, Simulator, Version, What},
    telemetry::Metrics,
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::rocketchat_server::{START, config};

pub(crate) const VERSIONS: [Version; 3] = [Version::V6, Version::V7, Version::V8];

pub(crate) struct Pair {
    pub(crate) sim: Simulator,
    pub(crate) client: RocketChat,
}

pub(crate) async fn pair(sim: SimConfig) -> Pair {
    let clock = ManualClock::at(Timestamp::from_millis(START));
    let sim = Simulator::start(sim, Arc::new(clock.clone()))
        .await
        .unwrap();
    let config = RocketChatConfig {
        credentials: TargetCredentials::Token {
            user_id: sim.user_id().to_owned(),
            token: SecretString::from(sim.token().to_owned()),
        },
        ..config(&sim.base_url())
    };
    let client = RocketChat::new(config, Arc::new(clock), Metrics::new()).unwrap();
    Pair { sim, client }
}

pub(crate) async fn of(version: Version) -> Pair {
    pair(SimConfig {
        version,
        ..SimConfig::default()
    })
    .await
}

impl Pair {
    /// A user who is an agent.
    pub(crate) fn agent(&self, username: &str) -> UserRef {
        let id = self.sim.world().add_user(Guest {
            username: username.to_owned(),
            roles: Some(vec!["user".to_owned(), "livechat-agent".to_owned()]),
            ..Guest::default()
        });
        named(username, Some(&id.unwrap()))
    }

    pub(crate) fn department(&self, name: &str) -> DepartmentRef {
        let id = self.sim.world().add_department(name);
        DepartmentRef {
            name: name.to_owned(),
            id: Some(DepartmentId::new(id)),
        }
    }

    /// Every write, on a workspace where it is still to be done, and its route's name.
    fn writes(&self) -> Vec<(Write, &'static str)> {
        let (ada, eve, bob) = (self.agent("ada"), self.agent("eve"), self.agent("bob"));
        let plain = self.sim.world().add_user(Guest {
            username: "plain".to_owned(),
            inactive: true,
            ..Guest::default()
        });
        let plain = named("plain", plain.as_deref());
        let (sales, old, gone) = (
            self.department("Sales"),
            self.department("Old"),
            self.department("Gone"),
        );
        let world = self.sim.world();
        for (user, department, count) in
            [("ada", "Sales", 12), ("bob", "Old", 3), ("eve", "Sales", 9)]
        {
            assert!(world.add_member(user, department, (count, 1)));
        }
        let livechat = json!({ "maxNumberSimultaneousChat": 2, "other": "kept" });
        world.change_user("bob", |user| user.livechat = livechat.as_object().cloned());
        let mut writes = vec![
            (Write::CreateUser(new_user("carol")), "users.create"),
            (
                Write::SetActive {
                    user: plain.clone(),
                    active: true,
                },
                "users.setActiveStatus",
            ),
            (
                Write::UpdateUser {
                    user: ada.clone(),
                    set: Profile {
                        name: Some("Ada K.".to_owned()),
                        email: Some("k@example.org".to_owned()),
                        custom_fields: Some(fields("7")),
                    },
                    was: Profile::default(),
                },
                "users.update",
            ),
            (role(&plain, "livechat-agent"), "agents.add"),
            (role(&plain, "livechat-manager"), "agents.add"),
            (role(&plain, "bot"), "roles.addUserToRole"),
            (
                Write::RevokeRole {
                    user: eve.clone(),
                    role: "livechat-agent".to_owned(),
                },
                "agents.remove",
            ),
            (
                Write::SetAvailability {
                    user: ada.clone(),
                    available: false,
                    was: true,
                },
                "agent.status",
            ),
        ];
        writes.extend(office_writes((&ada, &bob), (sales, old, gone)));
        writes
    }

    /// What has to be so before a write is to be done.
    async fn ready(&self, write: &Write) {
        if let Write::OpenDepartment { department } = write {
            let close = Write::CloseDepartment {
                department: department.clone(),
            };
            self.client.write(&close).await.unwrap();
        }
    }

    fn is_made(&self, written: &Written, write: &Write) {
        match (write, written) {
            (Write::CreateUser(new), Written::User(id)) => {
                let user = self.sim.world().user(&new.user.username).unwrap();
                assert_eq!(user.id, id.as_str());
            }
            (Write::CreateDepartment(new), Written::Department(id)) => {
                let department = self.sim.world().department(&new.name).unwrap();
                assert_eq!(department.id, id.as_str());
            }
            (_, written) => assert_eq!(*written, Written::Plain, "{}", write.word()),
        }
    }
}

/// Those about departments, limits and settings.
fn office_writes(
    (ada, bob): (&UserRef, &UserRef),
    (sales, old, gone): (DepartmentRef, DepartmentRef, DepartmentRef),
) -> Vec<(Write, &'static str)> {
    let member = |user: &UserRef| Member {
        user: user.clone(),
        count: 7,
        order: 3,
    };
    vec![
        (
            Write::CreateDepartment(NewDepartment {
                name: "New".to_owned(),
                email: "new@example.org".to_owned(),
                show_on_registration: false,
            }),
            "department.create",
        ),
        (
            Write::CloseDepartment { department: gone },
            "department.archive",
        ),
        (
            Write::AddMembers {
                department: sales.clone(),
                members: vec![member(ada), member(bob)],
            },
            "department.agents.save",
        ),
        (
            Write::RemoveMembers {
                department: sales,
                members: vec![member(ada)],
            },
            "department.agents.save",
        ),
        (
            Write::SetLimit {
                user: bob.clone(),
                limit: Some(4),
                was: Some(2),
            },
            "limits",
        ),
        (
            Write::SetSetting {
                id: "Livechat_webhookUrl".to_owned(),
                value: SettingValue::Text("https://bridge.example.org".to_owned()),
                was: None,
            },
            "settings.save",
        ),
        (
            Write::OpenDepartment { department: old },
            "department.update",
        ),
    ]
}

fn named(username: &str, id: Option<&str>) -> UserRef {
    UserRef {
        source_id: SourceId::new(username),
        username: username.to_owned(),
        id: id.map(TargetId::new),
    }
}

pub(crate) fn fields(id: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("lpAgentId".to_owned(), id.to_owned())])
}

pub(crate) fn new_user(username: &str) -> NewUser {
    NewUser {
        user: named(username, None),
        name: "Carol C.".to_owned(),
        email: format!("{username}@example.org"),
        verified: true,
        custom_fields: fields("9"),
        login: Login::Sso,
    }
}

fn role(user: &UserRef, role: &str) -> Write {
    Write::GrantRole {
        user: user.clone(),
        role: role.to_owned(),
    }
}

#[tokio::test]
async fn every_write_is_held_once_it_is_made_and_may_be_made_again() {
    for version in VERSIONS {
        let pair = of(version).await;
        for (write, _) in pair.writes() {
            pair.ready(&write).await;
            let word = write.word();
            let held = async || pair.client.holds(&write).await;
            assert_eq!(held().await.unwrap(), None, "{version:?} {word}");
            let written = pair.client.write(&write).await;
            let written = written.unwrap_or_else(|error| panic!("{version:?} {word}: {error}"));
            pair.is_made(&written, &write);
            assert_eq!(held().await.unwrap(), Some(written), "{version:?} {word}");
            if !matches!(write, Write::CreateUser(_) | Write::CreateDepartment(_)) {
                pair.client.write(&write).await.unwrap();
            }
        }
        let world = pair.sim.world();
        let count = |user, department| {
            let member = world.member(user, department)?;
            Some((member.count, member.order))
        };
        // Counters of who was a member already stay; the limit leaves departments alone.
        assert_eq!(count("ada", "Sales"), None);
        assert_eq!(count("bob", "Sales"), Some((7, 3)));
        assert_eq!(count("bob", "Old"), Some((3, 1)));
        let livechat = Value::from(world.user("bob").unwrap().livechat.unwrap());
        let expect = json!({ "maxNumberSimultaneousChat": 4, "other": "kept" });
        assert_eq!(livechat, expect);
        let old = world.department("Old").unwrap();
        assert!(old.enabled && !old.archived);
        assert_eq!(world.mails(), []);
    }
}

#[tokio::test]
async fn counters_of_members_are_left_alone() {
    let pair = of(Version::V8).await;
    let (writes, world) = (pair.writes(), pair.sim.world());
    let add = writes
        .iter()
        .find(|(write, _)| matches!(write, Write::AddMembers { .. }));
    pair.client.write(&add.unwrap().0).await.unwrap();
    let ada = world.member("ada", "Sales").unwrap();
    assert_eq!((ada.count, ada.order), (12, 1));
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_found_done() {
    for version in VERSIONS {
        let pair = of(version).await;
        for (write, route) in pair.writes() {
            pair.ready(&write).await;
            // Reads pass: only what changes something is answered by a broken connection.
            let fault = Fault::at(route, What::ResetAfter).on(On::Writes);
            pair.sim.faults().set(vec![fault]);
            let word = write.word();
            let error = pair.client.write(&write).await.unwrap_err();
            assert_eq!(error.fault, TargetFault::Unreachable, "{version:?} {word}");
            assert!(error.fault.is_transient());
            pair.sim.faults().clear();
            let held = pair.client.holds(&write).await.unwrap();
            let held = held.unwrap_or_else(|| panic!("{version:?} {word}: not found done"));
            pair.is_made(&held, &write);
        }
    }
}

#[tokio::test]
async fn somebody_else_of_that_name_is_not_whom_we_made() {
    let pair = of(Version::V8).await;
    let guest = |email: &str, custom: Value| Guest {
        username: "Carol".to_owned(),
        name: Some("Carol C.".to_owned()),
        email: Some(email.to_owned()),
        custom_fields: custom.as_object().cloned(),
        ..Guest::default()
    };
    let cases = [
        guest("carol@example.org", json!({ "lpAgentId": "9" })),
        Guest {
            username: "carol".to_owned(),
            ..guest("other@example.org", json!({ "lpAgentId": "9" }))
        },
        Guest {
            username: "carol".to_owned(),
            ..guest("carol@example.org", json!({ "lpAgentId": "8" }))
        },
        Guest {
            username: "carol".to_owned(),
            ..guest("carol@example.org", Value::Null)
        },
    ];
    let create = Write::CreateUser(new_user("carol"));
    for guest in cases {
        let shown = format!("{guest:?}");
        pair.sim.world().add_user(guest).unwrap();
        assert_eq!(pair.client.holds(&create).await.unwrap(), None, "{shown}");
        let error = pair.client.write(&create).await.unwrap_err();
        assert_eq!(error.fault, TargetFault::Taken, "{shown}");
        assert!(pair.sim.world().remove_user("Carol") || pair.sim.world().remove_user("carol"));
    }
}
