//! The simulated LivePerson changed while it runs: people, identity, intruders, time, the record.

use std::time::Duration;

use lp2rc::{
    domain::Presence,
    sim::liveperson::{IdentityChange, SimConfig},
};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    sim_client::{START, enter, ids, login, send, still},
    sim_control::done,
};

#[tokio::test]
async fn the_people_are_shown_and_changed_by_hand() {
    let (sim, _) = still(SimConfig {
        agents: 3,
        ..SimConfig::default()
    })
    .await;
    let world = done(&sim, "GET /sim/world", Value::Null).await;
    let people = sim.world().agents();
    let first = &people[0];
    assert_eq!(
        world["agents"][0],
        json!({ "id": "20000007", "login": first.login, "nickname": first.nickname,
                "state": "online", "listed": true, "chats": first.chats, "max_chats": 4,
                "deleted": false })
    );
    assert_eq!(
        world["agents"].as_array().unwrap().len(),
        3,
        "not the own user"
    );

    let entered = enter(&sim).await;
    let wish = json!({ "agents": {
        "20000007": { "state": "away", "chats": 3, "nickname": "Ada" },
        "20000014": { "listed": false },
        "20000021": { "deleted": true },
    }});
    let after = done(&sim, "POST /sim/world", wish).await;
    assert_eq!(after, done(&sim, "GET /sim/world", Value::Null).await);
    let ada = &after["agents"][0];
    assert_eq!(
        (&ada["state"], &ada["chats"], &ada["nickname"]),
        (&json!("away"), &json!(3), &json!("Ada"))
    );
    let standing = |world: &Value, index: usize| {
        let agent = &world["agents"][index];
        (agent["listed"] == true, agent["deleted"] == true)
    };
    assert_eq!(standing(&after, 1), (false, false));
    assert_eq!(standing(&after, 2), (false, true));
    let listed = entered.list(&sim, "").await.json();
    assert_eq!(ids(&listed), [entered.user_id.as_str(), "20000007"]);
    assert_eq!(
        sim.world().agent(20_000_007).unwrap().presence,
        Presence::Away
    );

    // (listed, deleted) of the third one after each wish.
    let cases = [
        (json!({ "listed": false }), (false, true)),
        (json!({ "deleted": false }), (false, false)),
        (json!({ "deleted": false }), (false, false)),
        (json!({ "listed": true }), (true, false)),
        (json!({ "deleted": true }), (false, true)),
        (json!({ "listed": true }), (true, false)),
        (json!({}), (true, false)),
    ];
    for (wish, expected) in cases {
        let world = json!({ "agents": { "20000021": wish } });
        let after = done(&sim, "POST /sim/world", world).await;
        assert_eq!(standing(&after, 2), expected, "{wish}");
    }
}

#[tokio::test]
async fn steps_come_by_hand_and_who_was_sent_away_by_hand_stays_away() {
    let (sim, _) = still(SimConfig::default()).await;
    let (twin, _) = still(SimConfig::default()).await;
    let stepped = done(&sim, "POST /sim/world", json!({ "step": 5 })).await;
    for _ in 0..5 {
        twin.world().step();
    }
    assert_eq!(done(&twin, "GET /sim/world", Value::Null).await, stepped);
    let away = json!({ "agents": { "20000014": { "listed": false },
                                   "20000021": { "deleted": true } } });
    done(&sim, "POST /sim/world", away).await;
    let later = done(&sim, "POST /sim/world", json!({ "step": 2_000 })).await;
    assert_eq!(later["agents"][1]["listed"], false);
    assert_eq!(later["agents"][2]["deleted"], true);
    assert_ne!(later, stepped);
}

#[tokio::test]
async fn the_identity_changes_and_old_logins_end_when_revoked() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let who = done(&sim, "POST /sim/identity", json!({ "password": "new" })).await;
    assert_eq!(who, json!({ "account": "12345678", "username": "bridge" }));
    assert_eq!(
        entered.list(&sim, "").await.status,
        200,
        "nobody was thrown out"
    );
    assert_eq!(login(&sim, "bridge-password").await.status, 401);
    assert_eq!(login(&sim, "new").await.status, 200);

    sim.identify(IdentityChange {
        password: Some("bridge-password".to_owned()),
        ..IdentityChange::default()
    });
    let entered = enter(&sim).await;
    done(&sim, "POST /sim/identity", json!({ "revoke": true })).await;
    assert_eq!(entered.list(&sim, "").await.status, 401);
    let state = done(&sim, "GET /sim/state", Value::Null).await;
    assert_eq!(
        (&state["logins"], &state["sessions"]),
        (&json!(0), &json!(0))
    );

    let keys = json!({ "username": "bridge", "appKey": "bridge-key", "secret": "other",
                       "accessToken": "dummy", "accessTokenSecret": "dummy" })
    .to_string();
    let line = "POST /api/account/12345678/login";
    assert_eq!(send(&sim, line, &[], &keys).await.status, 401);
    done(&sim, "POST /sim/identity", json!({ "app_secret": "other" })).await;
    assert_eq!(send(&sim, line, &[], &keys).await.status, 200);

    let entered = enter(&sim).await;
    done(&sim, "POST /sim/identity", json!({ "account": "999" })).await;
    assert_eq!(
        entered.list(&sim, "").await.status,
        401,
        "the account is gone"
    );
    assert_eq!(login(&sim, "bridge-password").await.status, 401);
    let line = "GET /api/account/999/service/agentVep/baseURI.json";
    assert_eq!(send(&sim, line, &[], "").await.json()["account"], "999");
}

#[tokio::test]
async fn an_intruder_is_a_second_login() {
    let (sim, _) = still(SimConfig::default()).await;
    let first = enter(&sim).await;
    let counts = done(&sim, "POST /sim/intrude", Value::Null).await;
    assert_eq!(first.list(&sim, "").await.status, 401);
    assert_eq!(
        counts,
        json!({ "logins": 1, "sessions": 0, "logins_made": 2, "sessions_made": 1,
                "in_flight": 0, "held": 0 })
    );
    sim.behave(|behaviour| behaviour.second_login_revokes = false);
    let again = enter(&sim).await;
    sim.intrude();
    assert_eq!(again.list(&sim, "").await.status, 200);
    let counts = sim.counts();
    assert_eq!((counts.logins, counts.sessions), (3, 1));
    assert_eq!((counts.logins_made, counts.sessions_made), (4, 2));
}

#[tokio::test]
async fn the_told_time_jumps_and_no_wait_notices() {
    let (sim, clock) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let stamp = |list: &Value| {
        let href = list["availableAgents"]["link"]["@href"].as_str().unwrap();
        href.rsplit_once("?timeStamp=").unwrap().1.to_owned()
    };
    let list = entered.list(&sim, "").await;
    assert_eq!(list.header("date"), "Mon, 12 Mar 2012 09:35:26 GMT");
    let before = stamp(&list.json());
    assert_eq!(before, START.to_string());
    let hour = 3_600_000;
    for (jump, ahead, date, time) in [
        (hour, hour, "Mon, 12 Mar 2012 10:35:26 GMT", "10:35:26 AM"),
        (
            -3 * hour,
            -2 * hour,
            "Mon, 12 Mar 2012 07:35:26 GMT",
            "7:35:26 AM",
        ),
    ] {
        let told = done(&sim, "POST /sim/clock", json!({ "jump_ms": jump })).await;
        assert_eq!(told, json!({ "now_ms": START + ahead }));
        let list = entered.list(&sim, "").await;
        assert_eq!(list.header("date"), date);
        assert_eq!(stamp(&list.json()), (START + ahead).to_string());
        let refused = login(&sim, "wrong").await.json()["error"]["time"].clone();
        assert_eq!(refused, format!("Mar 12, 2012 {time}"));
    }
    // Back to the very moment of the first stamp, in another world: the stamps must differ.
    sim.world().step();
    sim.jump(2 * hour);
    let again = stamp(&entered.list(&sim, "").await.json());
    assert_eq!(again, (START + 1).to_string());
    assert_eq!(
        entered
            .list(&sim, &format!("&timeStamp={before}"))
            .await
            .status,
        200
    );
    // The session lived through hours of told time; by the clock itself it idles out.
    clock.advance(Duration::from_secs(400));
    assert_eq!(entered.list(&sim, "").await.status, 401);
    let welcome = login(&sim, "bridge-password").await.json();
    assert_eq!(welcome["config"]["serverCurrentTime"], START + 400_000);
}

#[tokio::test]
async fn the_log_holds_every_request_but_no_token_and_not_its_own() {
    let (sim, _) = still(SimConfig::default()).await;
    let entered = enter(&sim).await;
    let token = entered.authorization.strip_prefix("Bearer ").unwrap();
    let line = format!("GET /nowhere/{token}?bearer={token}&v=1");
    assert_eq!(send(&sim, &line, &[], "").await.status, 404);
    done(&sim, "GET /sim/world", Value::Null).await;
    let log = done(&sim, "GET /sim/log", Value::Null).await;
    assert_eq!(
        log,
        json!({ "requests": [
            { "method": "POST", "target": "/api/account/12345678/login?v=1.3", "status": 200 },
            { "method": "POST", "target": "/api/account/12345678/agentSession?v=1&NC=true",
              "status": 201 },
            { "method": "GET", "target": "/nowhere/***?bearer=***&v=1", "status": 404 },
        ]})
    );
    assert_eq!(sim.log().len(), 3);
    let empty = json!({ "requests": [] });
    assert_eq!(done(&sim, "DELETE /sim/log", Value::Null).await, empty);
    assert_eq!(done(&sim, "GET /sim/log", Value::Null).await, empty);
}

#[tokio::test]
async fn whoever_leaves_before_the_answer_is_in_the_log_without_a_status() {
    let (sim, _) = still(SimConfig::default()).await;
    done(
        &sim,
        "POST /sim/faults",
        json!({ "discovery": { "what": "silence" } }),
    )
    .await;
    let mut stream = TcpStream::connect(sim.addr()).await.unwrap();
    let line = "/api/account/12345678/service/agentVep/baseURI.json";
    let request = format!("GET {line} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    while sim.held() == 0 {
        tokio::task::yield_now().await;
    }
    let counts = done(&sim, "GET /sim/state", Value::Null).await;
    assert_eq!(
        (&counts["in_flight"], &counts["held"]),
        (&json!(1), &json!(1)),
        "control calls do not count"
    );
    drop(stream);
    while sim.in_flight() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(sim.held(), 0);
    let last = sim.log().pop().unwrap();
    assert_eq!((last.target.as_str(), last.status), (line, 0));
}
