//! A visitor's first steps: registered, in a room, writing, closed.

use serde_json::json;

use crate::livechat_world::Livechat;

#[tokio::test]
async fn a_visitor_is_registered_gets_a_room_writes_and_closes() {
    let livechat = Livechat::new().await;
    let rid = livechat.room("T1").await;
    let again = livechat.get("livechat/room?token=T1").await.ok();
    assert_eq!(
        (&again["room"]["_id"], &again["newRoom"]),
        (&json!(rid), &json!(false))
    );
    let message = livechat.write("T1", &rid, "hello").await;
    assert_eq!(message["msg"], "hello");
    let history = format!("livechat/messages.history/{rid}?token=T1");
    let history = livechat.get(&history).await.ok();
    assert_eq!(history["messages"][0]["_id"], message["_id"]);
    let next = livechat.get("livechat/agent.next/T1").await.ok();
    assert_eq!(
        next,
        json!({"success": true}),
        "a visitor with an open room"
    );
    let close = json!({"token": "T1", "rid": rid});
    livechat
        .post("livechat/room.close", close.clone())
        .await
        .ok();
    let again = livechat.post("livechat/room.close", close).await;
    assert_eq!(again.refusal(), (400, "room-closed", None));
    let foreign = livechat
        .get(&format!("livechat/room?token=T1&rid={}", "x"))
        .await;
    assert_eq!(foreign.refusal(), (400, "invalid-room", None));
}
