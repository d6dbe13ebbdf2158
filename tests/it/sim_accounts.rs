//! The account configuration of the simulated LivePerson: users, skills and agent groups.

use lp2rc::{
    domain::Capacity,
    sim::liveperson::{
        Behaviour, Fault, GROUPS, Place, RevisionHeader, SKILLS, SimConfig, Simulator, What,
    },
};
use serde_json::{Value, json};

use crate::{
    sim_client::{Entered, Reply, enter, send, still},
    sim_control::done,
};

async fn ask(sim: &Simulator, entered: &Entered, what: &str, more: &[(&str, &str)]) -> Reply {
    let line = format!("GET /api/account/12345678/configuration/le-users/{what}");
    let mut headers = vec![("Authorization", entered.authorization.as_str())];
    headers.extend(more);
    send(sim, &line, &headers, "").await
}

fn few() -> SimConfig {
    SimConfig {
        agents: 3,
        ..SimConfig::default()
    }
}

#[tokio::test]
async fn a_user_is_shown_with_every_field_of_the_contract() {
    let (sim, _) = still(few()).await;
    let entered = enter(&sim).await;
    let reply = ask(&sim, &entered, "users?v=6.0&select=$all", &[]).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, "application/json")
    );
    let users = reply.json();
    let agent = &sim.world().agents()[0];
    let mut expected = json!({
        "id": 20_000_007, "pid": users[1]["pid"], "deleted": false, "loginName": agent.login,
        "fullName": "", "nickname": agent.nickname, "isEnabled": true, "disabledManually": false,
        "maxChats": 4, "maxAsyncChats": null, "email": agent.email.clone().unwrap_or_default(),
        "skillIds": agent.skills, "managerOf": [], "profileIds": [1],
        "memberOf": { "agentGroupId": GROUPS[agent.group].0, "assignmentDate": "2012-03-12 09:35:26" },
        "permissionGroups": [agent.privilege], "description": "", "mobileNumber": "",
        "employeeId": "", "pictureUrl": null, "lobIds": [], "isApiUser": false, "userTypeId": 1,
        "allowedAppKeys": "", "dateUpdated": "2012-03-12 09:35:26",
    });
    assert_eq!(users[1], expected);
    let ids = |users: &Value| -> Vec<u64> {
        let users = users.as_array().unwrap();
        users
            .iter()
            .map(|user| user["id"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(
        ids(&users),
        [20_000_000, 20_000_007, 20_000_014, 20_000_021]
    );
    assert_eq!(
        (&users[0]["isApiUser"], &users[0]["userTypeId"]),
        (&json!(true), &json!(2))
    );

    sim.behave(|behaviour| behaviour.accounts_quoted = true);
    let quoted = ask(&sim, &entered, "users?v=4.0&select=$all", &[])
        .await
        .json();
    expected["id"] = json!("20000007");
    expected["maxChats"] = json!("4");
    for (name, value) in [
        ("deleted", "false"),
        ("isEnabled", "true"),
        ("disabledManually", "false"),
        ("isApiUser", "false"),
        ("userTypeId", "1"),
    ] {
        expected[name] = json!(value);
    }
    let texts: Vec<String> = agent.skills.iter().map(ToString::to_string).collect();
    expected["skillIds"] = json!(texts);
    expected["profileIds"] = json!(["1"]);
    expected["memberOf"]["agentGroupId"] = json!(GROUPS[agent.group].0.to_string());
    assert_eq!(quoted[1], expected);
}

#[tokio::test]
async fn skills_and_groups_are_those_of_the_world() {
    let (sim, _) = still(few()).await;
    let entered = enter(&sim).await;
    let skills = ask(&sim, &entered, "skills?v=4.0", &[]).await.json();
    let expected: Vec<Value> = SKILLS
        .iter()
        .take(few().skills)
        .map(|(id, name)| json!({ "id": id, "deleted": false, "name": name }))
        .collect();
    assert_eq!(skills, json!(expected));
    let all = ask(&sim, &entered, "skills?v=4.0&select=$all", &[])
        .await
        .json();
    assert_eq!(
        (&all[0]["maxWaitTime"], &all[11]["skillOrder"]),
        (&json!(120), &json!(12))
    );
    let groups = ask(&sim, &entered, "agentGroups?v=4.0", &[]).await.json();
    let shown: Vec<Value> = groups
        .as_array()
        .unwrap()
        .iter()
        .map(|group| json!([group["id"], group["name"], group["parentGroupId"]]))
        .collect();
    let expected: Vec<Value> = GROUPS
        .iter()
        .map(|(id, name)| json!([id, name, if *id == -1 { Value::Null } else { json!(-1) }]))
        .collect();
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn select_picks_fields_and_leaves_unknown_ones_blank() {
    let (sim, _) = still(few()).await;
    let entered = enter(&sim).await;
    let user = async |query: &str| {
        let reply = ask(&sim, &entered, &format!("users?v=4.0{query}"), &[]).await;
        assert_eq!(reply.status, 200, "{query}");
        let names = reply.json()[1].as_object().unwrap().clone();
        names.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(user("").await, "deleted id loginName pid");
    assert_eq!(user("&select=id,nickname").await, "id nickname");
    assert_eq!(user("&select=id,%20isEnabled").await, "id isEnabled");
    let nested = "&select=id,memberOf(agentGroupId,assignmentDate),skillIds";
    assert_eq!(user(nested).await, "id memberOf skillIds");
    let blank = ask(&sim, &entered, "users?v=4.0&select=id,shoeSize", &[]).await;
    assert_eq!(blank.json()[1], json!({ "id": 20_000_007, "shoeSize": "" }));
}

#[tokio::test]
async fn disabled_and_deleted_users_are_told_apart() {
    let (sim, _) = still(few()).await;
    let entered = enter(&sim).await;
    let wish = json!({ "agents": { "20000014": { "listed": false },
                                   "20000021": { "deleted": true } } });
    done(&sim, "POST /sim/world", wish).await;
    let query = "&select=id,isEnabled,deleted";
    let shown = async |more: &str| {
        let path = format!("users?v=4.0{query}{more}");
        ask(&sim, &entered, &path, &[]).await.json()
    };
    let user = |id: u64, enabled: bool, deleted: bool| json!({ "id": id, "isEnabled": enabled, "deleted": deleted });
    let there = [
        user(20_000_000, true, false),
        user(20_000_007, true, false),
        user(20_000_014, false, false),
    ];
    assert_eq!(shown("").await, json!(there));
    assert_eq!(shown("&include_deleted=false").await, json!(there));
    let mut all = there.to_vec();
    all.push(user(20_000_021, false, true));
    assert_eq!(shown("&include_deleted=true").await, json!(all));
}

#[tokio::test]
async fn the_revision_rises_with_the_static_half_alone() {
    let (sim, _) = still(few()).await;
    let entered = enter(&sim).await;
    let revision = async |headers: &[(&str, &str)]| {
        let reply = ask(&sim, &entered, "users?v=4.0", headers).await;
        let revision: u64 = reply.header("ac-revision").parse().unwrap();
        (reply.status, revision, reply.body.is_empty())
    };
    assert_eq!(revision(&[]).await, (200, 1, false));
    assert_eq!(revision(&[("If-Match", "1")]).await, (304, 1, true));
    assert_eq!(revision(&[("If-Match", "-1")]).await, (200, 1, false));
    assert_eq!(revision(&[("If-Match", "7")]).await, (200, 1, false));
    let world = sim.world();
    // What only the list of agents shows changes nothing here.
    world.set_chats(20_000_007, 9);
    world.set_presence(20_000_014, lp2rc::domain::Presence::Away);
    assert_eq!(revision(&[("If-Match", "1")]).await, (304, 1, true));
    let mut last = 1;
    let changes: [(&str, &dyn Fn()); 4] = [
        ("name", &|| assert!(world.rename(20_000_007, "new", "New"))),
        ("skills", &|| assert!(world.set_skills(20_000_007, &[101]))),
        ("limit", &|| {
            assert!(world.set_capacity(20_000_007, Capacity::Limited(9)));
        }),
        ("who is there", &|| assert!(world.remove(20_000_021))),
    ];
    for (name, change) in changes {
        change();
        let (status, now, _) = revision(&[("If-Match", &last.to_string())]).await;
        assert_eq!(status, 200, "{name}");
        assert!(now > last, "{name}");
        last = now;
    }
    let wish = json!({ "agents": { "20000014": { "listed": false } } });
    done(&sim, "POST /sim/world", wish).await;
    assert!(revision(&[]).await.1 > last);
    // One revision for all three, under the other name when told so.
    sim.behave(|behaviour| behaviour.revision_header = RevisionHeader::ETag);
    let tags: Vec<String> = [
        ask(&sim, &entered, "users?v=4.0", &[]).await,
        ask(&sim, &entered, "skills?v=4.0", &[]).await,
        ask(&sim, &entered, "agentGroups?v=4.0", &[]).await,
    ]
    .iter()
    .map(|reply| {
        assert_eq!(reply.header("ac-revision"), "");
        reply.header("etag").to_owned()
    })
    .collect();
    assert!(
        !tags[0].is_empty() && tags.iter().all(|tag| *tag == tags[0]),
        "{tags:?}"
    );
}

#[tokio::test]
async fn the_configuration_is_refused_and_broken_like_the_rest() {
    let (sim, _) = still(few()).await;
    let entered = enter(&sim).await;
    let status = async |path: &str| ask(&sim, &entered, path, &[]).await.status;
    assert_eq!(status("users").await, 400, "v is required");
    assert_eq!(status("users?v=9.0").await, 400);
    assert_eq!(status("profiles?v=4.0").await, 404);
    let line = "GET /api/account/12345678/configuration/le-users/users?v=4.0";
    let refused = send(&sim, line, &[("Authorization", "Bearer x")], "").await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.json()["error"]["responseStatus"], "UNAUTHORIZED");
    let bearer = ("Authorization", entered.authorization.as_str());
    let foreign = line.replace("12345678", "999");
    assert_eq!(send(&sim, &foreign, &[bearer], "").await.status, 401);
    let post = line.replace("GET", "POST");
    assert_eq!(send(&sim, &post, &[bearer], "").await.status, 405);

    sim.behave(|behaviour| behaviour.accounts_allowed = false);
    assert_eq!(status("users?v=4.0").await, 403);
    assert_eq!(
        entered.list(&sim, "").await.status,
        200,
        "agents are another right"
    );
    sim.behave(|behaviour| *behaviour = Behaviour::default());

    let count = async || {
        let reply = ask(&sim, &entered, "users?v=4.0", &[]).await;
        reply.json().as_array().unwrap().len()
    };
    for (what, expected) in [
        (What::EmptyList, 0),
        (What::HalfList, 2),
        (What::Nothing, 4),
    ] {
        sim.faults().put(Place::Accounts, Fault::lasting(what));
        assert_eq!(count().await, expected);
    }
    sim.faults()
        .put(Place::Accounts, Fault::lasting(What::Status(401)));
    assert_eq!(status("users?v=4.0").await, 401);
    assert_eq!(
        entered.list(&sim, "").await.status,
        200,
        "the fault has its place"
    );
}

#[tokio::test]
async fn discovery_and_login_name_the_service() {
    let (sim, _) = still(few()).await;
    let host = sim.addr().to_string();
    let line = "GET /api/account/12345678/service/accountConfigReadOnly/baseURI.json";
    let found = send(&sim, line, &[], "").await.json();
    assert_eq!(found["baseURI"], host.as_str());
    let welcome = crate::sim_client::login(&sim, "bridge-password")
        .await
        .json();
    let services = &welcome["csdsCollectionResponse"]["baseURIs"];
    assert!(services.as_array().unwrap().contains(&found), "{services}");
}
