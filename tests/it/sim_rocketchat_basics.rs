//! The simulated Rocket.Chat on its good days: every route that provisioning needs, at the wire.

use lp2rc::sim::rocketchat::{Edition, NewUser, SimConfig, Version};
use serde_json::{Value, json};

use crate::sim_rocketchat_client::{Workspace, department, person, start};

async fn fresh() -> Workspace {
    start(SimConfig::default()).await
}

#[tokio::test]
async fn only_the_right_pair_of_user_and_token_is_let_in() {
    let rc = fresh().await;
    let (user, token) = ("bridgeUserId00001", "bridge-token");
    let cases: [(&[(&str, &str)], u16); 5] = [
        (&[("X-User-Id", user), ("X-Auth-Token", token)], 200),
        (&[("x-user-id", user), ("x-auth-token", token)], 200),
        (&[("X-User-Id", user)], 401),
        (&[("X-User-Id", user), ("X-Auth-Token", "other")], 401),
        (&[("X-User-Id", "other"), ("X-Auth-Token", token)], 401),
    ];
    for (headers, status) in cases {
        let reply = rc.send("GET /api/v1/me", headers, "").await.unwrap();
        assert_eq!(reply.status, status, "{headers:?}");
        assert_eq!(reply.json["success"], json!(status == 200), "{headers:?}");
    }
    let me = rc.get("me").await.json;
    assert_eq!(
        (&me["_id"], &me["username"]),
        (&json!(user), &json!("bridge"))
    );
    assert_eq!(me["roles"], json!(["admin"]));
}

#[tokio::test]
async fn a_login_gives_a_token_that_a_logout_takes_back() {
    let rc = fresh().await;
    let wrong = json!({ "user": "bridge", "password": "wrong" }).to_string();
    let reply = rc.send("POST /api/v1/login", &[], &wrong).await.unwrap();
    assert_eq!(
        (reply.status, &reply.json["status"]),
        (401, &json!("error"))
    );
    for name in ["bridge", "BRIDGE@example.com"] {
        let good = json!({ "user": name, "password": "bridge-password" }).to_string();
        let reply = rc.send("POST /api/v1/login", &[], &good).await.unwrap();
        assert_eq!(reply.json["status"], "success");
        let data = &reply.json["data"];
        let token = data["authToken"].as_str().unwrap();
        let user = data["userId"].as_str().unwrap();
        let login = [("X-User-Id", user), ("X-Auth-Token", token)];
        let ask = |line| rc.send(line, &login, "");
        assert_eq!(ask("GET /api/v1/me").await.unwrap().status, 200);
        let left = ask("POST /api/v1/logout").await.unwrap();
        assert_eq!(left.json["status"], "success");
        assert_eq!(ask("GET /api/v1/me").await.unwrap().status, 401);
    }
}

#[tokio::test]
async fn the_version_is_short_for_strangers() {
    let cases = [
        (Version::V6, "6.13", "6.13.1"),
        (Version::V7, "7.10", "7.10.3"),
        (Version::V8, "8.5", "8.5.2"),
    ];
    for (version, short, full) in cases {
        let rc = start(SimConfig {
            version,
            ..SimConfig::default()
        })
        .await;
        let stranger = rc.send("GET /api/info", &[], "").await.unwrap().json;
        assert_eq!(stranger["version"], short);
        assert_eq!(stranger.get("info"), None);
        let login = [
            ("X-User-Id", rc.sim.user_id()),
            ("X-Auth-Token", rc.sim.token()),
        ];
        let known = rc.send("GET /api/info", &login, "").await.unwrap().json;
        assert_eq!(known["info"]["version"], full);
        let new = rc.get("licenses.info").await.status;
        let old = rc.get("licenses.get").await.status;
        let expected = if version == Version::V6 {
            (404, 200)
        } else {
            (200, 404)
        };
        assert_eq!((new, old), expected, "{short}");
    }
}

#[tokio::test]
async fn an_agent_is_made_looked_up_changed_and_unmade() {
    let rc = fresh().await;
    let mut body = person("ann");
    body["customFields"] = json!({ "lpAgentId": "123" });
    body["requirePasswordChange"] = json!(true);
    let made = rc.done("users.create", body).await["user"].clone();
    assert_eq!(made["roles"], json!(["user"]));
    assert_eq!(
        (&made["status"], &made["active"]),
        (&json!("offline"), &json!(true))
    );
    let id = made["_id"].as_str().unwrap();
    assert_eq!(id.len(), 17);
    for key in [
        format!("userId={id}"),
        "username=ann".to_owned(),
        "email=ann%40example.org".to_owned(),
    ] {
        let found = rc.get(&format!("users.info?{key}")).await.json["user"].clone();
        assert_eq!(found["_id"], id, "{key}");
        assert_eq!(found["customFields"], json!({ "lpAgentId": "123" }));
        assert_eq!(found["requirePasswordChange"], true);
    }
    let nobody = rc.get("users.info?username=bob").await;
    assert_eq!(
        (nobody.status, &nobody.json["error"]),
        (400, &json!("User not found."))
    );
    assert_eq!(nobody.json.get("errorType"), None);

    let agent = rc
        .done("livechat/users/agent", json!({ "username": "ann" }))
        .await;
    assert_eq!(agent["user"], json!({ "_id": id, "username": "ann" }));
    let shown = rc.get(&format!("livechat/users/agent/{id}")).await.json["user"].clone();
    assert_eq!(shown["statusLivechat"], "available");
    let dark = json!({ "agentId": id, "status": "not-available" });
    assert_eq!(
        rc.done("livechat/agent.status", dark).await["status"],
        "not-available"
    );
    let data = json!({ "userId": id, "data": { "name": "Ann B.", "roles": ["user", "livechat-agent", "livechat-manager"] } });
    let updated = rc.done("users.update", data).await["user"].clone();
    assert_eq!(
        (&updated["name"], &updated["statusLivechat"]),
        (&json!("Ann B."), &json!("not-available"))
    );
    let managers = rc.get("livechat/users/manager").await.json;
    assert_eq!(
        (&managers["total"], &managers["users"][0]["username"]),
        (&json!(1), &json!("ann"))
    );
    assert_eq!(managers["users"][0].get("departments"), None);

    let path = format!("livechat/users/agent/{id}");
    let gone = rc.ask("DELETE", &path, None).await.unwrap();
    assert_eq!(gone.json, json!({ "success": true }));
    assert_eq!(rc.get("livechat/users/agent").await.json["total"], 0);
    let active = rc
        .done(
            "users.setActiveStatus",
            json!({ "userId": id, "activeStatus": false }),
        )
        .await;
    assert_eq!(active["user"], json!({ "_id": id, "active": false }));
}

#[tokio::test]
async fn roles_come_and_go() {
    let rc = fresh().await;
    let id = rc.user("ann").await;
    let body = json!({ "roleId": "livechat-manager", "username": "ann" });
    assert_eq!(
        rc.done("roles.addUserToRole", body.clone()).await["role"]["_id"],
        "livechat-manager"
    );
    let again = rc.post("roles.addUserToRole", body.clone()).await;
    assert_eq!(again.refusal(), (400, "error-user-already-in-role"));
    rc.done("roles.removeUserFromRole", body).await;
    let user = rc.get(&format!("users.info?userId={id}")).await.json["user"].clone();
    assert_eq!(user["roles"], json!(["user"]));
    let roles = rc.get("roles.list").await.json["roles"].clone();
    let agent = |role: &Value| role["_id"] == "livechat-agent";
    assert!(roles.as_array().unwrap().iter().any(agent));
}

#[tokio::test]
async fn departments_and_their_members_come_and_go() {
    let rc = fresh().await;
    let ann = rc.agent("ann").await;
    let id = rc.department("Sales").await;
    let members = format!("livechat/department/{id}/agents");
    let upsert = json!([{ "agentId": ann, "username": "ann", "count": 7, "order": 2 }]);
    rc.done(&members, json!({ "upsert": upsert, "remove": [] }))
        .await;
    let listed = rc.get(&members).await.json;
    assert_eq!(
        (
            &listed["total"],
            &listed["agents"][0]["count"],
            &listed["agents"][0]["order"]
        ),
        (&json!(1), &json!(7), &json!(2))
    );
    let own = rc
        .get(&format!("livechat/agents/{ann}/departments"))
        .await
        .json;
    assert_eq!(own["departments"][0]["departmentId"], json!(id));
    let agents = rc.get("livechat/users/agent").await.json;
    assert_eq!(agents["users"][0]["departments"], json!([id]));

    let path = format!("livechat/department/{id}");
    let mut fields = department("Sales North");
    fields["maxNumberSimultaneousChat"] = json!(3);
    let put = rc
        .ask("PUT", &path, Some(json!({ "department": fields })))
        .await
        .unwrap()
        .json;
    assert_eq!(
        (&put["department"]["name"], &put["department"]["numAgents"]),
        (&json!("Sales North"), &json!(1))
    );
    let shown = rc.get(&path).await.json;
    assert_eq!(
        (
            &shown["department"]["maxNumberSimultaneousChat"],
            shown.get("agents")
        ),
        (&json!(3), None)
    );
    let shown = rc.get(&format!("{path}?includeAgents=true")).await.json;
    assert_eq!(shown["agents"][0]["agentId"], json!(ann));

    rc.done(&format!("{path}/archive"), json!({})).await;
    assert_eq!(rc.get("livechat/department").await.json["total"], 0);
    assert_eq!(
        rc.get("livechat/department?showArchived=true").await.json["total"],
        1
    );
    assert_eq!(
        rc.get("livechat/departments/archived").await.json["total"],
        1
    );
    assert_eq!(
        rc.get(&members).await.json["agents"][0]["departmentEnabled"],
        false
    );
    rc.done(&format!("{path}/unarchive"), json!({})).await;
    let back = rc.get(&path).await.json["department"].clone();
    assert_eq!(
        (&back["enabled"], back.get("archived")),
        (&json!(false), None)
    );

    let remove = json!([{ "agentId": ann, "username": "ann" }]);
    rc.done(&members, json!({ "upsert": [], "remove": remove }))
        .await;
    assert_eq!(rc.get(&members).await.json["total"], 0);
    let refused = rc.ask("DELETE", &path, None).await.unwrap();
    assert_eq!(
        refused.refusal(),
        (400, "error-department-removal-disabled")
    );
}

#[tokio::test]
async fn limits_are_saved_by_the_route_or_by_the_method() {
    for (version, route) in [
        (Version::V6, false),
        (Version::V7, false),
        (Version::V8, true),
    ] {
        let rc = start(SimConfig {
            version,
            ..SimConfig::default()
        })
        .await;
        let (ann, sales) = (rc.agent("ann").await, rc.department("Sales").await);
        let data = json!({ "maxNumberSimultaneousChat": 4 });
        let body = json!({ "agentId": ann, "agentData": data, "agentDepartments": [sales] });
        let by_route = rc.post("livechat/agents.saveInfo", body).await;
        assert_eq!(
            by_route.status,
            if route { 200 } else { 404 },
            "{version:?}"
        );
        let message = json!({ "msg": "method", "id": "1", "method": "livechat:saveAgentInfo", "params": [ann, data, [sales]] });
        let body = json!({ "message": message.to_string() });
        let by_method = rc.done("method.call/livechat:saveAgentInfo", body).await;
        let inner: Value = serde_json::from_str(by_method["message"].as_str().unwrap()).unwrap();
        assert_eq!(
            (inner.get("error").is_some(), &inner["id"]),
            (route, &json!("1")),
            "{version:?}"
        );
        let shown = rc.get(&format!("livechat/users/agent/{ann}")).await.json["user"].clone();
        assert_eq!(shown["livechat"], data, "{version:?}");
        let own = rc
            .get(&format!("livechat/agents/{ann}/departments"))
            .await
            .json;
        assert_eq!(
            own["departments"][0]["departmentId"],
            json!(sales),
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn lists_are_paged_and_big_pages_are_clamped() {
    let rc = start(SimConfig {
        users: 130,
        ..SimConfig::default()
    })
    .await;
    let page = rc.get("users.list").await.json;
    assert_eq!(
        (&page["count"], &page["offset"], &page["total"]),
        (&json!(50), &json!(0), &json!(131))
    );
    let page = rc.get("users.list?count=5000&offset=100").await.json;
    assert_eq!((&page["count"], &page["offset"]), (&json!(31), &json!(100)));
    assert_eq!(rc.get("users.list?count=5000").await.json["count"], 100);
    let down = rc
        .get("users.list?count=1&sort=%7B%22username%22%3A-1%7D")
        .await
        .json;
    assert_eq!(down["users"][0]["username"], "rocket.cat");
    let bad = rc.get("users.list?sort=%7B%22username%22%3A2%7D").await;
    assert_eq!(bad.refusal(), (400, "error-invalid-sort"));
    let found = rc
        .get("users.listByStatus?status=active&searchTerm=PLAIN&type=user")
        .await
        .json;
    assert_eq!(
        (&found["total"], &found["users"][0]["username"]),
        (&json!(1), &json!("plain.person"))
    );
    rc.sim
        .world()
        .set_setting("API_Allow_Infinite_Count", json!(false));
    assert_eq!(rc.get("users.list?count=0").await.json["count"], 50);
}

#[tokio::test]
async fn settings_licence_routing_permissions_and_load_are_shown() {
    let rc = start(SimConfig {
        seats: Some(10),
        ..SimConfig::default()
    })
    .await;
    rc.done(
        "settings/Livechat_Routing_Method",
        json!({ "value": "Manual_Selection" }),
    )
    .await;
    let shown = rc.get("settings/Livechat_Routing_Method").await.json;
    assert_eq!(shown["value"], "Manual_Selection");
    let routing = rc.get("livechat/config/routing").await.json;
    assert_eq!(routing["config"]["autoAssignAgent"], false);
    let unknown = rc.get("settings/No_Such_Setting").await;
    assert_eq!(
        (unknown.status, unknown.json),
        (400, json!({ "success": false }))
    );
    let licence = rc.get("licenses.info?loadValues=true").await.json["license"].clone();
    assert_eq!(
        licence["limits"]["activeUsers"],
        json!({ "max": 10, "value": 3 })
    );
    let modules = licence["activeModules"].as_array().unwrap().clone();
    assert!(modules.contains(&json!("livechat-enterprise")));
    let permissions = rc.get("permissions.listAll").await.json["update"].clone();
    let create = |one: &&Value| one["_id"] == "create-user";
    let create = permissions.as_array().unwrap().iter().find(create).unwrap();
    assert_eq!(create["roles"], json!(["admin"]));
    let world = rc.sim.world();
    world.add_department("Sales");
    let ann = NewUser {
        username: "ann".to_owned(),
        status: Some("online".to_owned()),
        ..NewUser::default()
    };
    world.add_user(ann).unwrap();
    assert!(world.set_chats("ann", "Sales", 2));
    let queue = rc.get("livechat/queue").await.json["queue"].clone();
    assert_eq!(
        (
            &queue[0]["chats"],
            &queue[0]["user"]["username"],
            &queue[0]["department"]["name"]
        ),
        (&json!(2), &json!("ann"), &json!("Sales"))
    );
    for (name, free) in [("ANN", false), ("bob", true)] {
        let path = format!("users.checkUsernameAvailability?username={name}");
        assert_eq!(rc.get(&path).await.json["result"], free);
    }
}

#[tokio::test]
async fn a_missing_permission_is_403_and_an_unknown_path_404() {
    let rc = start(SimConfig {
        roles: vec!["livechat-manager".to_owned()],
        ..SimConfig::default()
    })
    .await;
    assert_eq!(rc.get("livechat/users/manager").await.status, 200);
    assert_eq!(rc.get("settings/Livechat_enabled").await.status, 403);
    let refused = rc.post("users.create", person("ann")).await;
    assert_eq!(refused.refusal(), (400, "error-action-not-allowed"));
    assert_eq!(refused.json["details"]["action"], "Adding_user");
    assert_eq!(rc.get("no.such.route").await.status, 404);
}

#[tokio::test]
async fn the_log_has_everything_and_the_writes_only_what_took_effect() {
    let rc = start(SimConfig {
        edition: Edition::Enterprise,
        ..SimConfig::default()
    })
    .await;
    let before = rc.sim.state_digest();
    rc.user("ann").await;
    rc.post("users.create", person("ann")).await;
    rc.get("users.info?username=ann").await;
    let log: Vec<_> = rc
        .sim
        .log()
        .iter()
        .map(|one| (one.route, one.status, one.took_effect))
        .collect();
    assert_eq!(
        log,
        [
            ("users.create", 200, true),
            ("users.create", 400, false),
            ("users.info", 200, false)
        ]
    );
    let writes = rc.sim.writes();
    assert_eq!(writes.len(), 1);
    let body = writes[0].body.as_ref().unwrap();
    assert_eq!(
        (&body["username"], &body["password"]),
        (&json!("ann"), &json!("***"))
    );
    assert_eq!(
        rc.sim.log()[2].query,
        [("username".to_owned(), "ann".to_owned())]
    );
    assert_ne!(rc.sim.state_digest(), before);
    assert!(rc.sim.world().remove_user("ann"));
    assert_eq!(rc.sim.state_digest(), before);
    rc.sim.clear_log();
    assert_eq!(rc.sim.log(), []);
    rc.sim.stop().await;
}
