//! What provisioning of users trips over in the simulated Rocket.Chat: every trap of the admin
//! contract §2, at the wire.

use lp2rc::sim::rocketchat::{CustomFields, Fault, SimConfig, UndefinedField, Version, What};
use serde_json::{Value, json};

use crate::sim_rocketchat_client::{Workspace, person, start};

async fn fresh() -> Workspace {
    start(SimConfig::default()).await
}

async fn playing(version: Version) -> Workspace {
    start(SimConfig {
        version,
        ..SimConfig::default()
    })
    .await
}

#[tokio::test]
async fn names_and_addresses_are_unique_without_regard_to_case() {
    let rc = fresh().await;
    let ann = rc.user("ann").await;
    let refused = |username: &str, email: &str| {
        let mut body = person(username);
        body["email"] = json!(email);
        rc.post("users.create", body)
    };
    for (username, email, value) in [
        ("ANN", "other@example.org", "ANN"),
        ("bob", "Ann@Example.ORG", "Ann@Example.ORG"),
        ("Ann", "ann@example.org", "Ann"),
    ] {
        let reply = refused(username, email).await;
        assert_eq!(reply.refusal(), (400, "error-field-unavailable"));
        assert_eq!(reply.json["details"]["field"], value);
    }
    let bob = rc.user("bob").await;
    let data = json!({ "userId": bob, "data": { "username": "aNN" } });
    let reply = rc.post("users.update", data).await;
    assert_eq!(reply.refusal(), (400, "error-field-unavailable"));
    let own = json!({ "userId": ann, "data": { "username": "Ann", "email": "ANN@example.org" } });
    rc.done("users.update", own).await;
    assert_eq!(rc.get("users.info?username=ann").await.status, 400);
    assert_eq!(rc.get("users.info?username=Ann").await.status, 200);
    let free = json!({ "userId": ann, "data": { "username": "cid", "email": "cid@example.org" } });
    rc.done("users.update", free).await;
    assert_eq!(refused("ann", "ann@example.org").await.status, 200);
}

/// Each body has every fault of those below it, too, so the order shows.
#[tokio::test]
async fn a_new_user_is_checked_in_the_contracts_order() {
    let rc = start(SimConfig {
        seats: Some(3),
        ..SimConfig::default()
    })
    .await;
    rc.sim
        .behave(|behaviour| behaviour.undefined_field = UndefinedField::Refused);
    let mut body = json!({
        "username": "bad name",
        "name": "<b>",
        "email": "plain.person@example.com",
        "password": "",
        "roles": ["no-such-role"],
        "customFields": { "unknown": "1" },
        "nonsense": true,
    });
    let steps: [(&str, &str, Value); 9] = [
        ("error-invalid-params", "nonsense", Value::Null),
        ("", "name", json!(" ")),
        (
            "error-user-registration-custom-field",
            "customFields",
            Value::Null,
        ),
        ("error-action-not-allowed", "roles", json!(["user"])),
        ("error-the-field-is-required", "name", json!("Ann")),
        (
            "error-input-is-not-a-valid-field",
            "username",
            json!("PLAIN.person"),
        ),
        ("error-the-field-is-required", "password", json!("pass")),
        ("error-field-unavailable", "username", json!("ann")),
        ("error-field-unavailable", "email", json!("ann@example.org")),
    ];
    for (code, member, cured) in steps {
        let reply = rc.post("users.create", body.clone()).await;
        assert_eq!(reply.refusal(), (400, code), "{}", reply.text);
        let members = body.as_object_mut().unwrap();
        if cured.is_null() {
            members.remove(member);
        } else {
            members.insert(member.to_owned(), cured);
        }
    }
    let reply = rc.post("users.create", body.clone()).await;
    assert_eq!(reply.refusal(), (400, "error-license-user-limit-reached"));
    assert_eq!(rc.sim.writes(), []);
    rc.sim.world().set_seats(Some(4));
    rc.done("users.create", body).await;
}

#[tokio::test]
async fn a_seat_is_needed_to_be_made_and_to_come_back() {
    let rc = start(SimConfig {
        seats: Some(4),
        ..SimConfig::default()
    })
    .await;
    let ann = rc.user("ann").await;
    let full = (400, "error-license-user-limit-reached");
    let refused = rc.post("users.create", person("bob")).await;
    assert_eq!(refused.refusal(), full);
    let mut bot = person("robot");
    bot["roles"] = json!(["bot"]);
    rc.done("users.create", bot).await;
    let active = |active| json!({ "userId": ann, "activeStatus": active });
    rc.done("users.setActiveStatus", active(false)).await;
    rc.user("bob").await;
    let back = rc.post("users.setActiveStatus", active(true)).await;
    assert_eq!(back.refusal(), full);
    let data = json!({ "userId": ann, "data": { "active": true } });
    assert_eq!(rc.post("users.update", data).await.refusal(), full);
    let info = rc.get("licenses.info?loadValues=true").await.json;
    let limits = &info["license"]["limits"]["activeUsers"];
    assert_eq!(*limits, json!({ "max": 4, "value": 4 }));
}

#[tokio::test]
async fn a_late_step_that_fails_leaves_the_user_behind() {
    let cases = [
        (None, Value::Null),
        (Some(What::UserWithoutFields), Value::Null),
        (Some(What::UserWithoutFlag), json!({ "lpAgentId": "7" })),
    ];
    for (fault, stored) in cases {
        let rc = fresh().await;
        match fault {
            Some(what) => {
                let fault = Fault::at("users.create", what).times(1);
                rc.sim.faults().add(fault);
            }
            None => rc
                .sim
                .behave(|behaviour| behaviour.undefined_field = UndefinedField::LeavesUser),
        }
        let mut body = person("ann");
        body["active"] = json!(false);
        body["customFields"] = json!({ "lpAgentId": "7", "unknown": "x" });
        let reply = rc.post("users.create", body.clone()).await;
        assert_eq!((reply.status, &reply.json["success"]), (400, &json!(false)));
        let left = rc.sim.world().user("ann").unwrap();
        assert_eq!(Value::from(left.custom_fields), stored);
        assert!(left.active);
        let again = rc.post("users.create", body).await;
        assert_eq!(again.refusal(), (400, "error-field-unavailable"));
        let writes: Vec<_> = rc.sim.writes().iter().map(|one| one.status).collect();
        assert_eq!(writes, [400], "a write that was answered with a refusal");
    }
}

#[tokio::test]
async fn custom_fields_are_replaced_or_merged_and_the_undefined_are_dropped() {
    for (version, switch, merged) in [
        (Version::V6, CustomFields::ByRelease, false),
        (Version::V7, CustomFields::ByRelease, true),
        (Version::V8, CustomFields::ByRelease, true),
        (Version::V8, CustomFields::Replaced, false),
        (Version::V6, CustomFields::Merged, true),
    ] {
        let rc = start(SimConfig {
            version,
            custom_fields: vec!["lpAgentId".to_owned(), "team".to_owned()],
            ..SimConfig::default()
        })
        .await;
        rc.sim.behave(|behaviour| behaviour.custom_fields = switch);
        let mut body = person("ann");
        body["customFields"] = json!({ "team": "red", "unknown": "x" });
        let made = rc.done("users.create", body).await["user"].clone();
        assert_eq!(made["customFields"], json!({ "team": "red" }));
        let fields = json!({ "customFields": { "lpAgentId": "7" } });
        let body = json!({ "userId": made["_id"], "data": fields });
        let user = rc.done("users.update", body).await["user"].clone();
        let expected = if merged {
            json!({ "team": "red", "lpAgentId": "7" })
        } else {
            json!({ "lpAgentId": "7" })
        };
        assert_eq!(user["customFields"], expected, "{version:?} {switch:?}");
    }
}

#[tokio::test]
async fn with_no_field_defined_nothing_is_stored_and_nobody_says_so() {
    let rc = start(SimConfig {
        custom_fields: Vec::new(),
        ..SimConfig::default()
    })
    .await;
    let mut body = person("ann");
    body["customFields"] = json!({ "lpAgentId": "7" });
    let made = rc.done("users.create", body).await["user"].clone();
    assert_eq!(made.get("customFields"), None);
    let value = json!({ "lpAgentId": { "type": "text", "required": true } }).to_string();
    let setting = json!({ "value": value });
    rc.done("settings/Accounts_CustomFields", setting).await;
    let mut body = person("bob");
    body["customFields"] = json!({});
    let refused = rc.post("users.create", body).await;
    let code = "error-user-registration-custom-field";
    assert_eq!(refused.refusal(), (400, code));
}

#[tokio::test]
async fn lists_show_custom_fields_only_when_told_so() {
    let rc = fresh().await;
    let mut body = person("ann");
    body["customFields"] = json!({ "lpAgentId": "7" });
    rc.done("users.create", body).await;
    for shown in [false, true] {
        rc.sim
            .behave(|behaviour| behaviour.list_custom_fields = shown);
        for path in [
            "users.list?sort=%7B%22username%22%3A1%7D",
            "users.listByStatus?status=active",
        ] {
            let users = rc.get(path).await.json["users"].clone();
            let ann = |user: &&Value| user["username"] == "ann";
            let ann = users.as_array().unwrap().iter().find(ann).unwrap().clone();
            assert_eq!(ann.get("customFields").is_some(), shown, "{path}");
            assert_eq!(ann["emails"][0]["address"], "ann@example.org");
        }
    }
}

#[tokio::test]
async fn who_may_not_see_everything_sees_no_addresses() {
    let rc = fresh().await;
    let world = rc.sim.world();
    world.set_permission("view-full-other-user-info", &[]);
    let users = rc.get("users.list").await.json["users"].clone();
    assert_eq!(users[0].get("emails"), None);
    let found = rc.get("users.info?username=plain.person").await.json;
    let keys = ["emails", "roles", "customFields"];
    assert!(keys.iter().all(|key| found["user"].get(key).is_none()));
}

#[tokio::test]
async fn a_deactivation_ends_logins_and_takes_agents_off_duty() {
    let rc = fresh().await;
    let ann = rc.agent("ann").await;
    let login = json!({ "user": "ann", "password": "not-a-secret" }).to_string();
    let enter = || rc.send("POST /api/v1/login", &[], &login);
    let data = enter().await.unwrap().json["data"].clone();
    let token = data["authToken"].as_str().unwrap();
    let me = [("X-User-Id", ann.as_str()), ("X-Auth-Token", token)];
    let me = || rc.send("GET /api/v1/me", &me, "");
    assert_eq!(me().await.unwrap().status, 200);
    let active = |active| json!({ "userId": ann, "activeStatus": active });
    rc.done("users.setActiveStatus", active(false)).await;
    assert_eq!(me().await.unwrap().status, 401);
    assert_eq!(enter().await.unwrap().status, 401);
    let user = rc.sim.world().user("ann").unwrap();
    assert_eq!(user.status_livechat.as_deref(), Some("not-available"));
    assert!(user.is_agent());
    rc.done("users.setActiveStatus", active(true)).await;
    assert_eq!(me().await.unwrap().status, 401, "the token stays dead");
    assert_eq!(enter().await.unwrap().status, 200);
    let user = rc.sim.world().user("ann").unwrap();
    assert_eq!(user.status_livechat.as_deref(), Some("not-available"));
}

#[tokio::test]
async fn passwords_mails_and_channels_are_as_asked() {
    let rc = fresh().await;
    let mut quiet = person("ann");
    quiet["setRandomPassword"] = json!(true);
    quiet["password"] = json!("");
    rc.done("users.create", quiet).await;
    let world = rc.sim.world();
    let ann = world.user("ann").unwrap();
    assert!(ann.require_password_change && !ann.joined_default_channels);
    assert_eq!(world.mails(), []);
    let mut loud = person("bob");
    for name in ["joinDefaultChannels", "sendWelcomeEmail"] {
        loud.as_object_mut().unwrap().remove(name);
    }
    rc.done("users.create", loud).await;
    assert!(world.user("bob").unwrap().joined_default_channels);
    for email in ["ann@example.org", "nobody@example.org"] {
        let body = json!({ "email": email }).to_string();
        let sent = rc.send("POST /api/v1/users.forgotPassword", &[], &body);
        assert_eq!(sent.await.unwrap().status, 200);
    }
    let mails: Vec<_> = world
        .mails()
        .into_iter()
        .map(|one| (one.kind, one.to))
        .collect();
    let expected = [("welcome", "bob@example.org"), ("reset", "ann@example.org")];
    assert_eq!(
        mails,
        expected.map(|(kind, to)| (kind.to_owned(), to.to_owned()))
    );
}

#[tokio::test]
async fn blocked_names_have_an_error_of_their_own() {
    let rc = fresh().await;
    let checked = rc
        .get("users.checkUsernameAvailability?username=System")
        .await;
    assert_eq!(checked.refusal(), (400, "error-blocked-username"));
    assert_eq!(checked.json["details"]["field"], "System");
}

#[tokio::test]
async fn a_role_has_its_old_name_until_7() {
    for (version, known) in [
        (Version::V6, true),
        (Version::V7, true),
        (Version::V8, false),
    ] {
        let rc = playing(version).await;
        rc.user("ann").await;
        let body = json!({ "roleName": "livechat-manager", "username": "ann" });
        let reply = rc.post("roles.addUserToRole", body).await;
        let expected = if known {
            (200, "")
        } else {
            (400, "error-invalid-role-properties")
        };
        assert_eq!(reply.refusal(), expected, "{version:?}");
    }
}

#[tokio::test]
async fn the_same_steps_end_in_the_same_digest_whatever_the_ids() {
    let mut ends = Vec::new();
    for (seed, names) in [(1, ["ann", "bob"]), (2, ["bob", "ann"])] {
        let rc = start(SimConfig {
            seed,
            ..SimConfig::default()
        })
        .await;
        rc.department("Sales").await;
        for name in names {
            rc.agent(name).await;
            assert!(rc.sim.world().add_member(name, "Sales", (1, 0)));
        }
        ends.push((
            rc.sim.state_digest(),
            rc.sim.world().user("ann").unwrap().id,
        ));
    }
    assert_eq!(ends[0].0, ends[1].0);
    assert_ne!(ends[0].1, ends[1].1);
}
