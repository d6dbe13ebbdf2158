//! What provisioning of agents and departments trips over in the simulated Rocket.Chat: every trap
//! of the admin contract §3, at the wire.

use lp2rc::sim::rocketchat::{BusinessHours, Edition, NewUser, ReAdd, SimConfig};
use serde_json::{Value, json};

use crate::sim_rocketchat_client::{Workspace, department, start};

async fn fresh() -> Workspace {
    start(SimConfig::default()).await
}

/// An agent by the test's own hand, with these roles besides.
fn agent(rc: &Workspace, username: &str, roles: &[&str]) -> String {
    let roles = [&["livechat-agent"], roles].concat();
    let user = NewUser {
        username: username.to_owned(),
        roles: Some(roles.into_iter().map(str::to_owned).collect()),
        ..NewUser::default()
    };
    rc.sim.world().add_user(user).unwrap()
}

#[tokio::test]
async fn counters_that_an_upsert_does_not_name_become_0() {
    let rc = fresh().await;
    let (ann, sales) = (agent(&rc, "ann", &[]), rc.department("Sales").await);
    let path = format!("livechat/department/{sales}/agents");
    for (item, counters) in [
        (json!({ "count": 12, "order": 3 }), (12, 3)),
        (json!({ "order": 3 }), (0, 3)),
        (json!({ "count": 5 }), (5, 0)),
        (json!({}), (0, 0)),
    ] {
        let mut item = item;
        item["agentId"] = json!(ann);
        item["username"] = json!("ann");
        rc.done(&path, json!({ "upsert": [item], "remove": [] }))
            .await;
        let member = rc.sim.world().member("ann", "Sales").unwrap();
        assert_eq!((member.count, member.order), counters);
    }
}

#[tokio::test]
async fn unknown_ids_are_skipped_silently_and_who_is_no_agent_is_stored() {
    let rc = fresh().await;
    rc.user("bob").await;
    let bob = rc.sim.world().user("bob").unwrap().id;
    let sales = rc.department("Sales").await;
    let path = format!("livechat/department/{sales}/agents");
    let items = json!([
        { "agentId": "nobody", "username": "nobody" },
        { "agentId": bob, "username": "a wrong name" },
    ]);
    rc.done(&path, json!({ "upsert": items, "remove": [] }))
        .await;
    let listed = rc.get(&path).await.json;
    assert_eq!(listed["total"], 1);
    assert_eq!(listed["agents"][0]["username"], "bob");
    for bad in [
        json!({ "upsert": [], "remove": [{ "agentId": bob }] }),
        json!({ "upsert": [{ "agentId": bob, "username": "bob", "x": 1 }], "remove": [] }),
        json!({ "upsert": [] }),
    ] {
        let refused = rc.post(&path, bad).await;
        assert_eq!(refused.refusal(), (400, "error-invalid-params"));
    }
    let own = listed["agents"][0].clone();
    rc.done(&path, json!({ "upsert": [], "remove": [own] }))
        .await;
    assert_eq!(rc.get(&path).await.json["total"], 0);
}

#[tokio::test]
async fn saved_info_replaces_the_whole_object_and_the_whole_list() {
    let rc = fresh().await;
    let ann = agent(&rc, "ann", &[]);
    let (a, b) = (rc.department("A").await, rc.department("B").await);
    rc.department("C").await;
    let world = rc.sim.world();
    assert!(world.add_member("ann", "A", (9, 4)));
    assert!(world.add_member("ann", "C", (7, 0)));
    let save = |data: Value, departments: Value| {
        let body = json!({
            "agentId": ann, "agentData": data, "agentDepartments": departments,
        });
        rc.done("livechat/agents.saveInfo", body)
    };
    save(
        json!({ "maxNumberSimultaneousChat": 4, "voipExtension": "12", "empty": "" }),
        json!([a, b, "unknown"]),
    )
    .await;
    let livechat = world.user("ann").unwrap().livechat;
    let expected = json!({ "maxNumberSimultaneousChat": 4, "voipExtension": "12" });
    assert_eq!(Value::from(livechat), expected);
    let member = |name| world.member("ann", name).map(|one| (one.count, one.order));
    assert_eq!(
        (member("A"), member("B"), member("C")),
        (Some((9, 4)), Some((0, 0)), None)
    );
    save(json!({ "maxNumberSimultaneousChat": "5" }), json!([])).await;
    let livechat = world.user("ann").unwrap().livechat;
    let expected = json!({ "maxNumberSimultaneousChat": "5" });
    assert_eq!(Value::from(livechat), expected);
    assert_eq!(world.members(), []);
    let bob = rc.user("bob").await;
    let body = json!({ "agentId": bob, "agentData": {}, "agentDepartments": [] });
    let refused = rc.post("livechat/agents.saveInfo", body).await;
    assert_eq!(refused.refusal(), (400, "error-user-is-not-agent"));
}

#[tokio::test]
async fn limits_may_be_saved_by_either_way_whatever_the_release() {
    let rc = fresh().await;
    rc.sim.behave(|behaviour| {
        behaviour.save_info = Some(false);
        behaviour.save_info_method = Some(true);
    });
    let ann = agent(&rc, "ann", &[]);
    let body = json!({ "agentId": ann, "agentData": {}, "agentDepartments": [] });
    assert_eq!(rc.post("livechat/agents.saveInfo", body).await.status, 404);
    let call = |id: &str| {
        let data = json!({ "maxNumberSimultaneousChat": 2 });
        let message = json!({
            "msg": "method",
            "id": "9",
            "method": "livechat:saveAgentInfo",
            "params": [id, data, []],
        });
        let body = json!({ "message": message.to_string() });
        rc.done("method.call/livechat:saveAgentInfo", body)
    };
    let inner = |reply: &Value| -> Value {
        serde_json::from_str(reply["message"].as_str().unwrap()).unwrap()
    };
    let expected = json!({ "msg": "result", "id": "9", "result": true });
    assert_eq!(inner(&call(&ann).await), expected);
    let refused = inner(&call("nobody").await);
    assert_eq!(refused["error"]["error"], "error-user-is-not-agent");
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let rc = fresh().await;
    let body = |username: &str| json!({ "roleId": "admin", "username": username });
    rc.done("roles.removeUserFromRole", body("admin")).await;
    let refused = rc.post("roles.removeUserFromRole", body("bridge")).await;
    assert_eq!(refused.refusal(), (400, "error-admin-required"));
}

#[tokio::test]
async fn what_is_not_found_may_be_200_with_null() {
    let rc = fresh().await;
    let bob = rc.user("bob").await;
    for (path, member) in [
        (format!("livechat/users/agent/{bob}"), "user"),
        ("livechat/users/manager/nobody".to_owned(), "user"),
        ("livechat/department/nowhere".to_owned(), "department"),
    ] {
        let reply = rc.get(&path).await;
        let expected = json!({ "success": true, member: null });
        assert_eq!((reply.status, reply.json), (200, expected), "{path}");
    }
}

#[tokio::test]
async fn making_an_agent_makes_him_available_and_the_role_alone_does_not() {
    let rc = fresh().await;
    let mut body = crate::sim_rocketchat_client::person("ann");
    body["roles"] = json!(["user", "livechat-agent"]);
    let ann = rc.done("users.create", body).await["user"].clone();
    assert_eq!(ann["statusLivechat"], "not-available");
    rc.agent("bob").await;
    let bob = || rc.sim.world().user("bob").unwrap();
    assert_eq!(bob().status_livechat.as_deref(), Some("available"));
    assert!(!bob().is_routable(), "no client is connected");
    rc.sim.world().set_presence("bob", "away");
    assert!(bob().is_routable());
    let wrong_case = json!({ "username": "BOB" });
    let refused = rc.post("livechat/users/agent", wrong_case).await;
    assert_eq!(refused.refusal(), (400, "error-invalid-user"));
    let shown = rc.get("livechat/users/agent?onlyAvailable=true").await.json;
    assert_eq!(shown["total"], 1);
}

#[tokio::test]
async fn adding_an_agent_again_does_what_nobody_knows() {
    let cases = [
        (ReAdd::Available, (200, ""), "available", true),
        (ReAdd::Unchanged, (200, ""), "not-available", false),
        (ReAdd::Refused, (400, ""), "not-available", false),
    ];
    for (re_add, refusal, status, wrote) in cases {
        let rc = fresh().await;
        rc.sim.behave(|behaviour| behaviour.re_add = re_add);
        let id = rc.agent("ann").await;
        let dark = json!({ "agentId": id, "status": "not-available" });
        rc.done("livechat/agent.status", dark).await;
        rc.sim.clear_log();
        let body = json!({ "username": "ann" });
        let again = rc.post("livechat/users/agent", body).await;
        assert_eq!(again.refusal(), refusal);
        assert_eq!(again.json.get("error"), None);
        let now = rc.sim.world().user("ann").unwrap().status_livechat;
        assert_eq!(now.as_deref(), Some(status), "{re_add:?}");
        assert_eq!(!rc.sim.writes().is_empty(), wrote, "{re_add:?}");
    }
}

#[tokio::test]
async fn the_service_status_is_refused_silently_outside_business_hours() {
    let rc = fresh().await;
    let ann = rc.agent("ann").await;
    let bot = agent(&rc, "robot", &["bot"]);
    let own = rc.sim.user_id().to_owned();
    let body = json!({ "username": "bridge" });
    rc.done("livechat/users/agent", body).await;
    let set = |id: &str, status: &str| {
        let body = json!({ "agentId": id, "status": status });
        rc.post("livechat/agent.status", body)
    };
    for id in [&ann, &bot, &own] {
        assert_eq!(
            set(id, "not-available").await.json["status"],
            "not-available"
        );
    }
    rc.sim
        .behave(|behaviour| behaviour.business_hours = BusinessHours::Closed);
    let hours = rc.get("settings/Livechat_enable_business_hours").await.json;
    assert_eq!(hours["value"], true);
    rc.sim.clear_log();
    let refused = set(&ann, "available").await;
    let silent = json!({ "success": true, "status": "not-available" });
    assert_eq!((refused.status, refused.json), (200, silent));
    assert_eq!(rc.sim.writes(), []);
    let own = set(&own, "available").await;
    assert_eq!(own.refusal(), (400, "error-business-hours-are-closed"));
    assert_eq!(set(&bot, "available").await.json["status"], "available");
    rc.sim
        .behave(|behaviour| behaviour.business_hours = BusinessHours::Open);
    assert_eq!(set(&ann, "available").await.json["status"], "available");
    rc.sim
        .behave(|behaviour| behaviour.business_hours = BusinessHours::Closed);
    assert_eq!(
        set(&ann, "not-available").await.json["status"],
        "not-available"
    );
}

#[tokio::test]
async fn a_status_needs_an_active_agent_and_toggles_when_none_is_named() {
    let rc = fresh().await;
    let (ann, bob) = (rc.agent("ann").await, rc.user("bob").await);
    let set = |body: Value| rc.post("livechat/agent.status", body);
    let nobody = set(json!({ "agentId": bob, "status": "available" })).await;
    assert_eq!(nobody.status, 404);
    assert_eq!(nobody.json["error"], "Agent not found");
    let toggled = set(json!({ "agentId": ann })).await;
    assert_eq!(toggled.json["status"], "not-available");
    let bad = set(json!({ "agentId": ann, "status": "away" })).await;
    assert_eq!(bad.refusal(), (400, "error-invalid-params"));
    assert!(rc.sim.world().set_active("ann", false));
    let gone = set(json!({ "agentId": ann, "status": "available" })).await;
    assert_eq!(gone.refusal(), (400, "error-user-deactivated"));
}

#[tokio::test]
async fn who_stops_being_an_agent_leaves_his_departments() {
    for how in ["delete", "update", "role"] {
        let rc = fresh().await;
        let ann = agent(&rc, "ann", &["user"]);
        rc.department("Sales").await;
        let world = rc.sim.world();
        assert!(world.add_member("ann", "Sales", (3, 1)));
        match how {
            "delete" => {
                let path = format!("livechat/users/agent/{ann}");
                let reply = rc.ask("DELETE", &path, None).await.unwrap();
                assert_eq!(reply.status, 200);
                let again = rc.ask("DELETE", &path, None).await.unwrap();
                assert_eq!(again.json, json!({ "success": false }));
            }
            "update" => {
                let body = json!({ "userId": ann, "data": { "roles": ["user"] } });
                rc.done("users.update", body).await;
            }
            _ => {
                let body = json!({ "roleId": "livechat-agent", "username": "ann" });
                rc.done("roles.removeUserFromRole", body).await;
            }
        }
        let user = world.user("ann").unwrap();
        assert_eq!(user.roles, ["user"], "{how}");
        assert!(user.active);
        // Only the bare role leaves the rest behind.
        let left = how == "role";
        assert_eq!(world.member("ann", "Sales").is_some(), left, "{how}");
        assert_eq!(user.operator, left, "{how}");
    }
}

#[tokio::test]
async fn a_department_needs_five_fields_and_no_name_of_its_own() {
    let rc = fresh().await;
    let id = rc.department("Sales").await;
    rc.department("Sales").await;
    assert_eq!(rc.get("livechat/department").await.json["total"], 2);
    let path = format!("livechat/department/{id}");
    for missing in [
        "name",
        "email",
        "enabled",
        "showOnRegistration",
        "showOnOfflineForm",
    ] {
        let mut fields = department("Sales");
        fields.as_object_mut().unwrap().remove(missing);
        let body = json!({ "department": fields });
        let refused = rc.ask("PUT", &path, Some(body)).await.unwrap();
        assert_eq!(
            refused.refusal(),
            (400, "error-invalid-params"),
            "{missing}"
        );
    }
    let refusal = |fields: Value| {
        let mut whole = department("Sales");
        for (name, value) in fields.as_object().unwrap() {
            whole[name] = value.clone();
        }
        let body = json!({ "department": whole });
        let (rc, path) = (&rc, &path);
        async move {
            let reply = rc.ask("PUT", path, Some(body)).await.unwrap();
            (reply.status, reply.refusal().1.to_owned())
        }
    };
    let cases = [
        (
            json!({ "requestTagBeforeClosingChat": true }),
            "error-validating-department-chat-closing-tags",
        ),
        (
            json!({ "fallbackForwardDepartment": id }),
            "error-fallback-department-circular",
        ),
        (
            json!({ "fallbackForwardDepartment": "x" }),
            "error-fallback-department-not-found",
        ),
        (json!({ "extra": { "nested": 1 } }), "error-invalid-params"),
    ];
    for (fields, code) in cases {
        assert_eq!(refusal(fields).await, (400, code.to_owned()));
    }
    rc.done(&format!("{path}/archive"), json!({})).await;
    let code = "error-archived-department-cant-be-enabled";
    assert_eq!(refusal(json!({})).await, (400, code.to_owned()));
    assert_eq!(refusal(json!({ "enabled": false })).await.0, 200);
}

#[tokio::test]
async fn a_put_only_adds_agents_and_stores_0_for_what_it_does_not_name() {
    let rc = fresh().await;
    let (ann, bob) = (agent(&rc, "ann", &[]), agent(&rc, "bob", &[]));
    let id = rc.department("Sales").await;
    let world = rc.sim.world();
    assert!(world.add_member("ann", "Sales", (8, 2)));
    let agents = json!([{ "agentId": bob, "count": 3 }]);
    let body = json!({ "department": department("Sales"), "agents": agents });
    let path = format!("livechat/department/{id}");
    let reply = rc.ask("PUT", &path, Some(body)).await.unwrap();
    assert_eq!(reply.json["department"]["numAgents"], 2);
    let counters = |name| {
        world
            .member(name, "Sales")
            .map(|one| (one.count, one.order))
    };
    assert_eq!(
        (counters("ann"), counters("bob")),
        (Some((8, 2)), Some((3, 0)))
    );
    let agents = json!([{ "agentId": ann, "username": "ann" }]);
    let body = json!({ "department": department("Sales"), "agents": agents });
    let refused = rc.ask("PUT", &path, Some(body)).await.unwrap();
    assert_eq!(refused.refusal(), (400, "error-invalid-params"));
}

#[tokio::test]
async fn without_a_licence_there_is_one_department_archived_or_not() {
    let rc = start(SimConfig {
        edition: Edition::Community,
        ..SimConfig::default()
    })
    .await;
    let available = "livechat/department/isDepartmentCreationAvailable";
    let ask = || async { rc.get(available).await.json["isDepartmentCreationAvailable"].clone() };
    assert_eq!(ask().await, true);
    let id = rc.department("Sales").await;
    assert_eq!(ask().await, false);
    rc.done(&format!("livechat/department/{id}/archive"), json!({}))
        .await;
    assert_eq!(ask().await, false);
    let body = json!({ "department": department("Service") });
    let refused = rc.post("livechat/department", body).await;
    let code = "error-max-departments-number-reached";
    assert_eq!(refused.refusal(), (400, code));
}
