//! What is older than it may be goes, in small steps, and nothing else does.

use std::{sync::Arc, time::Duration};

use lp2rc::conversation::{SweepPlace, keep_swept};
use serde_json::json;

use crate::{livechat_kept::Kept, livechat_world::Livechat, server_world::until};

const DAYS_91: Duration = Duration::from_secs(91 * 86_400);

/// One round, with at most `limit` documents a step; gives how many steps it took.
async fn round(livechat: &Livechat, limit: usize) -> usize {
    let (mut place, mut steps) = (Some(SweepPlace::default()), 0);
    while let Some(from) = place {
        let step = livechat
            .conversations
            .ask(move |chats| chats.sweep(&from, limit));
        place = step.await.unwrap();
        steps += 1;
    }
    steps
}

/// A visitor with a room of nine messages of theirs; closed, unless it is to stay open.
async fn chat(livechat: &Livechat, token: &str, stays_open: bool) -> String {
    let rid = livechat.room(token).await;
    for number in 0..9 {
        livechat.write(token, &rid, &number.to_string()).await;
    }
    if !stays_open {
        let close = json!({"token": token, "rid": rid});
        livechat.post("livechat/room.close", close).await.ok();
    }
    rid
}

async fn visit(livechat: &Livechat, token: &str) {
    let page = json!({"title": "t", "change": "url", "location": {"href": "h"}});
    let page = json!({"token": token, "pageInfo": page});
    livechat.post("livechat/page.visited", page).await.ok();
}

#[tokio::test]
async fn old_rooms_visitors_and_pages_go_and_open_rooms_stay() {
    let kept = Kept::default();
    let livechat = kept.face("").await;
    let rid = chat(&livechat, "OPEN", true).await;
    let open = kept.with("");
    chat(&livechat, "CLOSED", false).await;
    let idle = json!({"visitor": {"token": "IDLE", "email": "i@example.org", "phone": "1"}});
    livechat.post("livechat/visitor", idle).await.ok();
    visit(&livechat, "NOBODY").await;
    kept.put("file/F1", "{\"v\":9,\"d\":{\"rid\":\"gone\"}}");
    kept.put("session/over", "{\"v\":1,\"d\":{\"until\":1}}");
    kept.put(
        "file/F2",
        &format!("{{\"v\":9,\"d\":{{\"rid\":\"{rid}\"}}}}"),
    );
    // Nothing is old yet; of the file nobody knows the room, and the login is over.
    let mut before = kept.kinds();
    before.remove("session").unwrap();
    round(&livechat, 200).await;
    let mut young = kept.kinds();
    *young.get_mut("file").unwrap() += 1;
    assert_eq!(young, before);
    livechat.world.clock.advance(DAYS_91);
    let steps = round(&livechat, 4).await;
    assert!(steps >= 10, "{steps} steps");
    let mut left = kept.with("");
    assert!(left.remove("file/F2").is_some());
    left.remove("counter/guest");
    let mut open = open;
    open.remove("counter/guest");
    assert_eq!(left, open);
}

#[tokio::test]
async fn a_visitor_who_came_back_stays() {
    let kept = Kept::default();
    let livechat = kept.face("").await;
    chat(&livechat, "T1", false).await;
    livechat.world.clock.advance(DAYS_91);
    let again = json!({"visitor": {"token": "T1"}});
    livechat.post("livechat/visitor", again).await.ok();
    round(&livechat, 200).await;
    let kinds = kept.kinds();
    assert_eq!((kinds.get("room"), kinds.get("message")), (None, None));
    assert_eq!(kinds["visitor"], 1);
    livechat.get("livechat/visitor/T1").await.ok();
}

#[tokio::test]
async fn what_cannot_be_read_stays_and_stops_nothing() {
    let kept = Kept::default();
    let livechat = kept.face("").await;
    kept.put("room/0", "not a document");
    kept.put("visitor/0", "{\"v\":99,\"d\":{}}");
    chat(&livechat, "T1", false).await;
    livechat.world.clock.advance(DAYS_91);
    round(&livechat, 3).await;
    let left: Vec<_> = kept.with("").into_keys().collect();
    assert_eq!(left, ["counter/guest", "room/0", "visitor/0"]);
}

#[tokio::test]
async fn it_is_done_by_itself_every_while() {
    let kept = Kept::default();
    let livechat = kept.face("").await;
    chat(&livechat, "T1", false).await;
    let clock = livechat.world.clock.clone();
    let every = Duration::from_secs(600);
    let sweeping = keep_swept(
        livechat.conversations.clone(),
        Arc::new(clock.clone()),
        every,
    );
    let sweeping = tokio::spawn(sweeping);
    until("it sleeps", || clock.next_wake().is_some()).await;
    clock.advance(DAYS_91);
    until("everything is gone", || {
        clock.advance(Duration::from_millis(50));
        kept.with("").len() == 1
    })
    .await;
    sweeping.abort();
}
