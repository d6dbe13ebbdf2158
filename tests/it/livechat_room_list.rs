//! The list of rooms for agents (livechat contract §4.5, §9).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{get, run},
    livechat_world::Livechat,
    server_world::{agent, config, unavailable},
};

const TEXT: &str = r#"
[livechat.behaviour]
accept_chats_with_no_agents = true

[[livechat.custom_fields]]
id = "order"
scope = "room"
"#;

fn version(number: &str) -> String {
    format!("[livechat]\nrocketchat_version = \"{number}\"\n{TEXT}")
}

/// Four rooms, a second apart: Ann's is closed and tagged, Bea's is served by bob, Cleo's too with an
/// order, Dora's waits. Ada served Ann's.
async fn four(text: &str) -> Livechat {
    let agents = || vec![agent("ada", &["sales"]), agent("bob", &["support"])];
    let livechat = Livechat::of(text, agents(), config()).await;
    let people = [
        ("T1", "Ann", "sales"),
        ("T2", "Bea", "support"),
        ("T3", "Cleo Bea", "support"),
    ];
    for (token, name, department) in people {
        let guest = json!({"visitor": {"token": token, "name": name, "department": department}});
        livechat.post("livechat/visitor", guest).await.ok();
        livechat
            .get(&format!("livechat/room?token={token}"))
            .await
            .ok();
        livechat.world.clock.advance(Duration::from_secs(1));
    }
    livechat
        .world
        .publish(agents().into_iter().map(unavailable).collect());
    let guest = json!({"visitor": {"token": "T4", "name": "Dora"}});
    livechat.post("livechat/visitor", guest).await.ok();
    livechat.get("livechat/room?token=T4").await.ok();
    let rooms = listed(&livechat, "").await;
    let of = |name: &str| {
        rooms
            .iter()
            .find(|room| room["fname"] == name)
            .unwrap()
            .clone()
    };
    let close = json!({"rid": of("Ann")["_id"], "comment": "bye", "tags": ["won"]});
    livechat
        .as_user("ada-account", "POST", "livechat/room.closeByUser", close)
        .await
        .ok();
    let cleo = of("Cleo Bea");
    let info = json!({"guestData": {"_id": cleo["v"]["_id"]},
        "roomData": {"_id": cleo["_id"], "livechatData": {"order": "No 77"}}});
    livechat
        .as_user("manager", "POST", "livechat/room.saveInfo", info)
        .await
        .ok();
    livechat
}

async fn listed(livechat: &Livechat, query: &str) -> Vec<Value> {
    let path = format!("livechat/rooms?{query}");
    let told = livechat
        .as_user("manager", "GET", &path, Value::Null)
        .await
        .ok();
    told["rooms"].as_array().unwrap().clone()
}

#[tokio::test]
async fn filters_let_through_what_they_say() {
    let livechat = four(TEXT).await;
    let cases = [
        ("", "Dora,Cleo Bea,Bea,Ann"),
        ("open=false", "Ann"),
        ("open=true", "Cleo Bea,Bea"),
        ("queued=true", "Dora"),
        ("open=true&queued=true", "Dora"),
        ("open=false&queued=true", ""),
        ("onhold=true", ""),
        ("onhold=false", "Dora,Cleo Bea,Bea,Ann"),
        ("agents[]=t-ada", "Ann"),
        ("agents[]=ada&agents[]=bob", "Cleo Bea,Bea,Ann"),
        ("agents[]=who", ""),
        ("departmentId=sales", "Ann"),
        (
            "departmentId[]=sales&departmentId[]=support",
            "Cleo Bea,Bea,Ann",
        ),
        ("departmentId=", "Dora,Cleo Bea,Bea,Ann"),
        ("tags[]=won", "Ann"),
        ("tags[]=lost", ""),
        ("roomName=bea", "Cleo Bea,Bea"),
        ("roomName=%22bea%22", "Bea"),
        ("customFields={%22order%22:%22NO%22}", "Cleo Bea"),
        ("customFields={}", "Dora,Cleo Bea,Bea,Ann"),
        (
            "createdAt={%22start%22:%222026-01-02T03:04:06.678Z%22,%22end%22:%222026-01-02T03:04:07.678Z%22}",
            "Cleo Bea,Bea",
        ),
        ("createdAt={%22end%22:%222026-01-01%22}", ""),
        ("closedAt={%22start%22:%222026-01-02%22}", "Ann"),
        ("closedAt={}", "Dora,Cleo Bea,Bea,Ann"),
        ("units[]=x", "Dora,Cleo Bea,Bea,Ann"),
        ("sort={%22ts%22:1}", "Ann,Bea,Cleo Bea,Dora"),
        ("sort={%22fname%22:-1}", "Dora,Cleo Bea,Bea,Ann"),
        (
            "sort={%22departmentId%22:1,%22ts%22:-1}",
            "Dora,Ann,Cleo Bea,Bea",
        ),
        ("sort={%22who%22:1}&roomName=Ann", "Ann"),
        ("count=2", "Dora,Cleo Bea"),
        ("offset=1&count=2", "Cleo Bea,Bea"),
        ("offset=9", ""),
    ];
    for (query, names) in cases {
        let rooms = listed(&livechat, query).await;
        let found: Vec<_> = rooms
            .iter()
            .map(|room| room["fname"].as_str().unwrap())
            .collect();
        assert_eq!(found.join(","), names, "{query}");
    }
    let path = "livechat/rooms?offset=1&count=2";
    let told = livechat
        .as_user("manager", "GET", path, Value::Null)
        .await
        .ok();
    let counts = (&told["offset"], &told["count"], &told["total"]);
    assert_eq!(counts, (&json!(1), &json!(2), &json!(4)));
}

#[tokio::test]
async fn refusals_come_in_the_targets_words() {
    let livechat = four(TEXT).await;
    let rooms = |query: &str| get(format!("livechat/rooms?{query}")).by("manager");
    let flag = "must be string\n must be boolean\n must match a schema in anyOf";
    let unauthorized = json!({"success": false, "error": "unauthorized"});
    let json_text = |key: &str| format!("The \"{key}\" query parameter must be a valid JSON.");
    let rows = vec![
        get("livechat/rooms").not_logged_in(),
        // Looked at by the endpoint itself: the short text, and after the schema.
        get("livechat/rooms")
            .by("nobody")
            .refused(403, unauthorized.clone()),
        get("livechat/rooms")
            .by("ada-account")
            .refused(403, unauthorized),
        get("livechat/rooms?x=1")
            .by("nobody")
            .params("must NOT have additional properties"),
        rooms("agents=ada").params("must be array"),
        rooms("agents[0][a]=b").params("must be string"),
        rooms("roomName[]=a").params("must be string"),
        rooms("departmentId[a]=b")
            .params("must be string\n must be array\n must match a schema in anyOf"),
        rooms("open[]=true").params(flag),
        rooms("queued[a]=true").params(flag),
        rooms("tags=a").params("must be array"),
        rooms("count=x").params("must be number"),
        rooms("createdAt=x").plain(&json_text("createdAt")),
        rooms("closedAt=[]").plain(&json_text("closedAt")),
        rooms("createdAt={%22start%22:%22x%22}")
            .plain("The \"createdAt.start\" query parameter must be a valid date."),
        rooms("customFields=x").plain(&json_text("customFields")),
        rooms("sort=x").typed(
            "Invalid sort parameter provided: \"x\" [error-invalid-sort]",
            "error-invalid-sort",
        ),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn before_7_there_is_no_queued_and_one_department() {
    let livechat = four(&version("6")).await;
    let open = listed(&livechat, "open=true").await;
    assert_eq!(open.len(), 3, "those who wait are open");
    let rooms = |query: &str| get(format!("livechat/rooms?{query}")).by("manager");
    let rows = vec![
        rooms("queued=true").params("must NOT have additional properties"),
        rooms("departmentId[]=a").params("must be string"),
    ];
    run(&livechat, rows).await;
}
