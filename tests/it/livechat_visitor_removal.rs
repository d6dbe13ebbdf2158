//! Removing a visitor (livechat contract §4.3.3): refused, done, and nothing is left.

use serde_json::{Value, json};

use crate::{
    livechat_kept::Kept,
    livechat_matrix::{delete, get, post, run, version},
};

const COLLECTS: &str = "[livechat.behaviour]\ncollect_headers = true\n";

/// Everything a visitor can leave behind: rooms, messages, a page, an address, a number.
async fn busy(livechat: &crate::livechat_world::Livechat, token: &str) -> String {
    let guest = json!({
        "token": token, "name": token, "email": format!("{token}@example.org"), "phone": token,
    });
    livechat
        .post("livechat/visitor", json!({ "visitor": guest }))
        .await
        .ok();
    let rid = livechat.room(token).await;
    livechat.write(token, &rid, "hello").await;
    let page = json!({"title": "t", "change": "url", "location": {"href": "h"}});
    for rid in [json!(rid), Value::Null] {
        let page = json!({"token": token, "rid": rid, "pageInfo": page});
        livechat.post("livechat/page.visited", page).await.ok();
    }
    rid
}

#[tokio::test]
async fn open_rooms_are_in_the_way_and_closed_ones_go_along() {
    for number in ["6", "7", "8"] {
        let kept = Kept::default();
        let livechat = kept.face(&version(number)).await;
        let rid = busy(&livechat, "T1").await;
        let file = format!("{{\"v\":1,\"d\":{{\"rid\":\"{rid}\",\"visitor\":\"x\"}}}}");
        kept.put("file/F1", &file);
        let refused = "Cannot remove visitors with opened rooms [visitor-has-open-rooms]";
        let rows = vec![
            delete("livechat/visitor/who").typed("[invalid-token]", "invalid-token"),
            delete("livechat/visitor/T1").typed(refused, "visitor-has-open-rooms"),
            get("livechat/visitor/T1").gives(json!({})),
            post("livechat/room.close", json!({"token": "T1", "rid": rid})).gives(json!({})),
        ];
        run(&livechat, rows).await;
        let id = livechat.get("livechat/visitor/T1").await.ok()["visitor"]["_id"].take();
        let told = livechat
            .raw("DELETE", "livechat/visitor/T1", "", "")
            .await
            .ok();
        let ts = "2026-01-02T03:04:05.678Z";
        let wanted = json!({"visitor": {"_id": id, "ts": ts}, "success": true});
        assert_eq!(told, wanted);
        let rows = vec![
            get("livechat/visitor/T1").typed("[invalid-token]", "invalid-token"),
            delete("livechat/visitor/T1").typed("[invalid-token]", "invalid-token"),
            get("livechat/room?token=T1").plain("invalid-token"),
            get(format!("livechat/messages.history/{rid}?token=T1")).plain("invalid-token"),
        ];
        run(&livechat, rows).await;
        // The sweep finds the file that no message named.
        let mut place = Some(lp2rc::conversation::SweepPlace::default());
        while let Some(from) = place {
            let step = livechat
                .conversations
                .ask(move |chats| chats.sweep(&from, 10));
            place = step.await.unwrap();
        }
        let left: Vec<_> = kept.with("").into_keys().collect();
        assert_eq!(left, ["counter/guest"], "version {number}");
    }
}

#[tokio::test]
async fn where_headers_are_collected_open_rooms_go_too_and_their_agent_is_free() {
    let kept = Kept::default();
    let livechat = kept.face(COLLECTS).await;
    let rid = busy(&livechat, "T1").await;
    assert!(livechat.world.ledger.is_booked(&rid));
    let rows = vec![
        get("livechat/agent.next/T1").gives_only(json!({})),
        delete("livechat/visitor/T1").gives(json!({})),
    ];
    run(&livechat, rows).await;
    assert!(!livechat.world.ledger.is_booked(&rid));
    let rooms = livechat.conversations.open_rooms();
    assert!(!rooms.has_open_room("T1"));
    let left: Vec<_> = kept.with("").into_keys().collect();
    assert_eq!(left, ["counter/guest"]);
    // A new start finds nothing to book.
    let again = kept.face(COLLECTS).await;
    run(
        &again,
        vec![get("livechat/visitor/T1").typed("[invalid-token]", "invalid-token")],
    )
    .await;
    assert!(!again.world.ledger.is_booked(&rid));
}

#[tokio::test]
async fn a_removal_that_cannot_be_kept_is_refused_in_its_own_words() {
    let kept = Kept::default();
    let livechat = kept.face("").await;
    let guest = json!({"visitor": {"token": "T1"}});
    livechat.post("livechat/visitor", guest).await.ok();
    kept.break_down();
    let row = delete("livechat/visitor/T1").typed(
        "An error ocurred while deleting visitor [error-removing-visitor]",
        "error-removing-visitor",
    );
    run(&livechat, vec![row]).await;
}

#[tokio::test]
async fn nothing_that_one_visitor_sends_touches_anothers_room() {
    let field = "\n[[livechat.custom_fields]]\nid = \"order\"\nscope = \"room\"\n";
    let kept = Kept::default();
    let livechat = kept.face(&(version("7") + COLLECTS + field)).await;
    let rid = busy(&livechat, "T1").await;
    let theirs = kept.with(&rid);
    assert!(theirs.len() > 5, "room, two lists, inquiry, messages");
    busy(&livechat, "T2").await;
    let page = json!({"title": "t", "change": "url", "location": {"href": "h"}});
    let call = json!({"token": "T2", "callStatus": "x", "rid": rid, "callId": "c"});
    let set = json!({"key": "order", "value": "v", "overwrite": true});
    let one = json!({"token": "T2", "key": "order", "value": "v", "overwrite": true});
    let rows = vec![
        post(
            "livechat/page.visited",
            json!({"token": "T2", "rid": rid, "pageInfo": page}),
        )
        .gives(json!({})),
        post(
            "livechat/page.visited",
            json!({"token": "who", "rid": rid, "pageInfo": page}),
        )
        .gives(json!({})),
        post("livechat/visitor.callStatus", call).gives(json!({})),
        post(
            "livechat/visitor.status",
            json!({"token": "T2", "status": "away"}),
        )
        .gives(json!({})),
        post("livechat/custom.field", one).gives(json!({})),
        post(
            "livechat/custom.fields",
            json!({"token": "T2", "customFields": [set]}),
        )
        .gives(json!({})),
        post(
            "livechat/visitor",
            json!({"visitor": {"token": "T2", "name": "Other"}}),
        )
        .gives(json!({})),
        get("livechat/config?token=T2").gives(json!({"config": {"guest": {"name": "Other"}}})),
        delete("livechat/visitor/T2").gives(json!({})),
    ];
    run(&livechat, rows).await;
    assert_eq!(kept.with(&rid), theirs);
}

#[tokio::test]
async fn transcripts_in_the_outbox_go_with_their_visitor() {
    let kept = Kept::default();
    let livechat = kept.face(crate::livechat_mail_server::OUTBOX).await;
    let rid = busy(&livechat, "T1").await;
    let asked = json!({"token": "T1", "rid": rid, "email": "zoe@example.com"});
    let rows = vec![
        post("livechat/transcript", asked).gives(json!({})),
        post("livechat/room.close", json!({"token": "T1", "rid": rid})).gives(json!({})),
    ];
    run(&livechat, rows).await;
    assert_eq!(kept.kinds()["mail"], 1);
    run(
        &livechat,
        vec![delete("livechat/visitor/T1").gives(json!({}))],
    )
    .await;
    let left: Vec<_> = kept.with("").into_keys().collect();
    assert_eq!(left, ["counter/guest"]);
}

#[tokio::test]
async fn no_text_of_a_visitors_fills_what_must_still_grow() {
    let text = "[livechat.behaviour]\naccept_chats_with_no_agents = true\n";
    let kept = Kept::default();
    let livechat = crate::livechat_world::Livechat::over(
        Box::new(kept.clone()),
        text,
        Vec::new(),
        crate::server_world::config(),
    )
    .await;
    let rid = livechat.room("T1").await;
    // Six bytes each on the disk.
    let long = "\u{1}".repeat(5_000);
    livechat.write("T1", &rid, &long).await;
    let feedback = json!([{"name": "additionalFeedback", "value": long}]);
    let survey = json!({"token": "T1", "rid": rid, "data": feedback});
    let row = post("livechat/room.survey", survey).plain("invalid-data");
    run(&livechat, vec![row]).await;
    for family in ["inquiry/", "room/"] {
        for (key, document) in kept.with(family) {
            assert!(document.len() < 16 * 1024, "{key}: {}", document.len());
        }
    }
}
