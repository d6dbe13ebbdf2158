//! Agents as visitors and accounts see them (livechat contract §4.1), row by row.

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{get, malformed, post, run, send},
    livechat_world::Livechat,
    server_world::{agent, config, unavailable},
};

const STATUS: &str = "livechat/agent.status";

#[tokio::test]
async fn agent_info_is_told_to_the_rooms_own_visitor() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    livechat.room("T2").await;
    let info = |rid: &str, token: &str| get(format!("livechat/agent.info/{rid}/{token}"));
    let ada = json!({"agent": {
        "_id": "t-ada", "name": "ADA \"L\"", "username": "ada", "status": "online",
        "emails": [{"address": "ada@example.org", "verified": true}],
        "livechat": {"maxNumberSimultaneousChat": 4},
    }});
    let rows = vec![
        // The token is looked at before the room.
        info("x", "nobody").plain("invalid-token"),
        info(&rid, "nobody").plain("invalid-token"),
        info("x", "T1").plain("invalid-room"),
        info(&rid, "T2").plain("invalid-room"),
        info(&rid, "T1").gives_only(ada.clone()),
        get(format!("livechat/agent.info/{rid}/T1?foo=1")).gives_only(ada.clone()),
        post("livechat/room.close", json!({"token": "T1", "rid": rid})).gives(json!({})),
        // The room may be closed.
        info(&rid, "T1").gives_only(ada),
        get(format!("livechat/agent.info/{rid}")).nothing_there(),
        get(format!("livechat/agent.info/{rid}/T1/")).nothing_there(),
        send("POST", format!("livechat/agent.info/{rid}/T1"), json!({})).nothing_there(),
    ];
    run(&livechat, rows).await;
    livechat.world.publish(vec![agent("bob", &["sales"])]);
    run(&livechat, vec![info(&rid, "T1").plain("invalid-agent")]).await;
}

#[tokio::test]
async fn nobody_serves_yet_or_nothing_is_shown() {
    let text = "[livechat.behaviour]\naccept_chats_with_no_agents = true\n";
    let mut api = config();
    api.show_agent_info = false;
    let livechat = Livechat::of(text, vec![unavailable(agent("ada", &[]))], api).await;
    let waiting = livechat.room("T1").await;
    livechat.world.publish(vec![agent("ada", &[])]);
    let served = livechat.room("T2").await;
    let hidden = json!({"agent": {"hiddenInfo": true}});
    let rows = vec![
        get(format!("livechat/agent.info/{waiting}/T1")).plain("invalid-agent"),
        get(format!("livechat/agent.info/{served}/T2")).gives_only(hidden.clone()),
        get("livechat/agent.next/T3").gives_only(hidden),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn agent_next_asks_the_department_that_is_offered() {
    let agents = || {
        vec![
            agent("ada", &["sales"]),
            agent("bob", &["support"]),
            unavailable(agent("cy", &["asleep"])),
        ]
    };
    let offer = |names: &[&str]| {
        let section = |name: &&str| {
            format!("[[livechat.departments]]\nname = \"{name}\"\nshow_on_registration = true\n")
        };
        names.iter().map(section).collect::<String>()
    };
    let next = |path: &str| get(format!("livechat/agent.next/{path}"));
    let named = |name: &str| json!({"agent": {"username": name}});
    let livechat = Livechat::of(&offer(&["asleep", "support"]), agents(), config()).await;
    let rows = vec![
        // The first that is offered has nobody online.
        next("T1").gives(named("bob")),
        next("T2?department=").gives(named("bob")),
        next("T3?department=sales").gives(named("ada")),
        next("T4?department=asleep").plain("agent-not-found"),
    ];
    run(&livechat, rows).await;
    let none = Livechat::of(&offer(&["asleep"]), agents(), config()).await;
    run(
        &none,
        vec![
            next("T1").gives(named("ada")),
            next("T2").gives(named("bob")),
        ],
    )
    .await;
    none.room("T5").await;
    run(&none, vec![next("T5").gives_only(json!({}))]).await;
}

#[tokio::test]
async fn a_service_status_is_answered_and_left_to_the_source() {
    let livechat = Livechat::new().await;
    let (ada, manager) = ("ada-account", "manager");
    let asked = |who: &str, body: Value| post(STATUS, body).by(who);
    let closed = "error-business-hours-are-closed";
    let unauthorized = json!({"success": false, "error": "unauthorized"});
    let absent = json!({"success": false, "error": "Agent not found"});
    let available = json!({"status": "available"});
    let rows = vec![
        post(STATUS, json!({})).not_logged_in(),
        asked("nobody", json!({})).not_permitted(),
        asked(ada, json!({"x": 1})).params("must NOT have additional properties"),
        asked(ada, json!({"status": "gone"})).params("must be equal to one of the allowed values"),
        asked(ada, json!({"agentId": {}})).params("must be string"),
        asked(ada, json!([])).params("must be object"),
        asked(ada, json!({"agentId": "who"})).refused(404, absent.clone()),
        // Not bound to an agent.
        asked(manager, json!({})).refused(404, absent),
        asked(ada, json!({"status": "available"})).gives_only(available.clone()),
        asked(ada, json!({"status": "not-available"})).plain(closed),
        asked(ada, json!({"status": null, "agentId": null})).plain(closed),
        malformed("POST", STATUS).by(ada).plain(closed),
        asked(ada, json!({"status": "available", "agentId": "t-bob"}))
            .gives_only(available.clone()),
        asked(ada, json!({"status": "not-available", "agentId": "t-bob"}))
            .refused(403, unauthorized),
        asked(ada, json!({"status": "not-available", "agentId": "t-ada"})).plain(closed),
        // Nothing changes, and that is what is told.
        asked(
            manager,
            json!({"status": "not-available", "agentId": "t-bob"}),
        )
        .gives_only(available),
        get(STATUS).by(ada).nothing_there(),
    ];
    run(&livechat, rows).await;
    livechat
        .world
        .publish(vec![unavailable(agent("ada", &["sales"]))]);
    let rows = vec![
        asked(manager, json!({"agentId": "t-ada"})).gives_only(json!({"status": "not-available"})),
        asked(ada, json!({})).plain(closed),
    ];
    run(&livechat, rows).await;
}
