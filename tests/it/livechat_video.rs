//! Calls, in the forms that each version has (livechat contract §4.7.6).

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{get, malformed, run, send},
    livechat_world::Livechat,
};

async fn livechat(version: &str, video: bool) -> Livechat {
    let text = format!(
        "[livechat]\nrocketchat_version = \"{version}\"\n[livechat.settings]\nvideo_call = {video}\n"
    );
    Livechat::with(&text).await
}

const RING: &str = "livechat/webrtc.call";

#[tokio::test]
async fn an_agent_rings_and_ends() {
    for version in ["6", "7"] {
        let livechat = livechat(version, true).await;
        let rid = livechat.room("T1").await;
        let closed = livechat.room("T2").await;
        livechat
            .post("livechat/room.close", json!({"rid": closed, "token": "T2"}))
            .await
            .ok();
        let ring = format!("{RING}?rid={rid}");
        let call =
            json!({"videoCall": {"rid": rid, "provider": "webrtc", "callStatus": "ringing"}});
        let rows = vec![
            get(ring.as_str()).not_logged_in(),
            get(ring.as_str()).by("nobody").not_permitted(),
            get(RING)
                .by("manager")
                .params("must have required property 'rid'"),
            get(format!("{ring}&x=1"))
                .by("manager")
                .params("must NOT have additional properties"),
            get(format!("{RING}?rid=a&rid=b"))
                .by("manager")
                .params("must be string"),
            get(format!("{RING}?rid=nowhere"))
                .by("manager")
                .plain("invalid-room"),
            get(format!("{RING}?rid={closed}"))
                .by("manager")
                .plain("invalid-room"),
            get(ring.as_str()).by("manager").gives_only(call.clone()),
            get(ring.as_str()).by("manager").gives_only(call.clone()),
        ];
        run(&livechat, rows).await;
        let history = format!("livechat/messages.history/{rid}?token=T1");
        let messages = livechat.get(&history).await.ok()["messages"].take();
        let calls: Vec<_> = messages.as_array().unwrap().iter().collect();
        let calls: Vec<_> = calls
            .into_iter()
            .filter(|message| message["t"] == "livechat_webrtc_video_call")
            .collect();
        assert_eq!(calls.len(), 1, "a call under way is not begun again");
        let path = format!("{RING}/{}", calls[0]["_id"].as_str().unwrap());
        let put = |body: Value| send("PUT", path.as_str(), body);
        let with = |status: &str| json!({"rid": rid, "status": status});
        let rows = vec![
            put(with("ended")).not_logged_in(),
            put(with("ended")).by("nobody").not_permitted(),
            put(json!({}))
                .by("manager")
                .params("must have required property 'rid'"),
            put(json!({"rid": rid}))
                .by("manager")
                .params("must have required property 'status'"),
            put(json!({"rid": rid, "status": "s", "x": 1}))
                .by("manager")
                .params("must NOT have additional properties"),
            put(json!({"rid": rid, "status": {}}))
                .by("manager")
                .params("must be string"),
            malformed("PUT", path.as_str())
                .by("manager")
                .params("must have required property 'rid'"),
            put(json!({"rid": "nowhere", "status": "ended"}))
                .by("manager")
                .plain("invalid-room"),
            send("PUT", format!("{RING}/none"), with("ended"))
                .by("manager")
                .plain("invalid-callId"),
            put(with("inProgress"))
                .by("manager")
                .gives_only(json!({"status": "inProgress"})),
            put(with("ended"))
                .by("manager")
                .gives_only(json!({"status": "ended"})),
            get(ring.as_str()).by("manager").gives_only(call),
        ];
        run(&livechat, rows).await;
    }
}

#[tokio::test]
async fn an_agent_rings_in_their_own_rooms_only() {
    let livechat = livechat("7", true).await;
    let (first, second) = (livechat.room("T1").await, livechat.room("T2").await);
    let mut rung = Vec::new();
    for rid in [first, second] {
        let told = livechat
            .as_user(
                "ada-account",
                "GET",
                &format!("{RING}?rid={rid}"),
                Value::Null,
            )
            .await;
        if told.status == 400 {
            assert_eq!(told.refusal(), (400, "invalid-room", None));
        }
        rung.push(told.status);
    }
    rung.sort_unstable();
    assert_eq!(rung, [200, 400], "ada serves one of them, bob the other");
}

#[tokio::test]
async fn without_a_provider_nobody_calls() {
    let livechat = livechat("7", false).await;
    let rid = livechat.room("T1").await;
    let row = get(format!("{RING}?rid={rid}"))
        .by("manager")
        .plain("webRTC calling not enabled");
    run(&livechat, vec![row]).await;
}

#[tokio::test]
async fn the_old_call_is_there_for_the_old_sdk() {
    let old = livechat("6", true).await;
    let (rid, theirs) = (old.room("T1").await, old.room("T2").await);
    let path = format!("livechat/video.call/T1?rid={rid}");
    let call = json!({"videoCall": {
        "rid": rid,
        "domain": "meet.jit.si",
        "provider": "Jitsi",
        "room": format!("RocketChat{rid}"),
        "timeout": "2026-01-02T04:04:05.678Z",
    }});
    let rows = vec![
        get(path.as_str()).gives_only(call),
        get("livechat/video.call/T1").params("must have required property 'rid'"),
        get(format!("{path}&x=1")).params("must NOT have additional properties"),
        get(format!("livechat/video.call/nobody?rid={rid}")).plain("invalid-token"),
        get("livechat/video.call/T1?rid=nowhere").plain("invalid-room"),
        get(format!("livechat/video.call/T1?rid={theirs}")).plain("invalid-room"),
    ];
    run(&old, rows).await;
    let none = livechat("6", false).await;
    let rid = none.room("T1").await;
    let path = format!("livechat/video.call/T1?rid={rid}");
    run(&none, vec![get(path).plain("invalid-livechat-config")]).await;
}

#[tokio::test]
async fn what_a_version_does_not_have_is_not_there() {
    for (version, paths) in [
        ("7", &["livechat/video.call/T1?rid=r"][..]),
        (
            "8",
            &["livechat/video.call/T1?rid=r", "livechat/webrtc.call?rid=r"],
        ),
    ] {
        let livechat = livechat(version, true).await;
        let rows = paths
            .iter()
            .map(|path| get(*path).by("manager").nothing_there());
        run(&livechat, rows.collect()).await;
        if version == "8" {
            let body = json!({"rid": "r", "status": "s"});
            let row = send("PUT", "livechat/webrtc.call/c", body).by("manager");
            run(&livechat, vec![row.nothing_there()]).await;
        }
    }
}
