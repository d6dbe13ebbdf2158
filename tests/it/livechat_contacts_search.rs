//! Contacts looked for, and where they wrote from (livechat contract §4.8).

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    livechat_matrix::{Row, get, run},
    livechat_world::Livechat,
};

const CREATE: &str = "omnichannel/contacts";

async fn create(livechat: &Livechat, name: &str, email: &str, phone: &str) -> String {
    let body =
        json!({"name": name, "emails": [email], "phones": [phone], "contactManager": "t-ada"});
    let told = livechat.as_user("admin", "POST", CREATE, body).await.ok();
    told["contactId"].as_str().unwrap().to_owned()
}

async fn close(livechat: &Livechat, token: &str, rid: &str) {
    let body = json!({"token": token, "rid": rid});
    livechat.post("livechat/room.close", body).await.ok();
    livechat.world.clock.advance(Duration::from_secs(1));
}

#[tokio::test]
async fn contacts_are_found_by_part_of_what_is_known_of_them() {
    let livechat = Livechat::new().await;
    create(&livechat, "Zoe", "zoe@example.org", "+491").await;
    create(&livechat, "Ann", "ann@example.net", "+492").await;
    livechat.room("Tim").await;
    let path = "omnichannel/contacts.search";
    let names = async |query: &str| {
        let path = format!("{path}{query}");
        let told = livechat.as_user("manager", "GET", &path, Value::Null).await;
        let told = told.ok();
        let contacts = told["contacts"].as_array().unwrap().iter();
        let names = contacts.map(|c| c["name"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>(), told["total"].as_u64().unwrap())
    };
    let cases = [
        ("", vec!["Ann", "Tim", "Zoe"], 3),
        ("?searchText=", vec!["Ann", "Tim", "Zoe"], 3),
        ("?searchText=ZO", vec!["Zoe"], 1),
        ("?searchText=example", vec!["Ann", "Zoe"], 2),
        ("?searchText=EXAMPLE.net", vec!["Ann"], 1),
        ("?searchText=%2B49", vec!["Ann", "Zoe"], 2),
        ("?searchText=nobody", vec![], 0),
        ("?searchText=.*", vec![], 0),
        ("?unknown=true", vec!["Tim"], 1),
        ("?unknown=false", vec!["Ann", "Zoe"], 2),
        ("?count=1&offset=1", vec!["Tim"], 3),
        ("?sort=%7B%22name%22:-1%7D", vec!["Zoe", "Tim", "Ann"], 3),
        (
            "?sort=%7B%22lastChat.ts%22:-1%7D",
            vec!["Tim", "Ann", "Zoe"],
            3,
        ),
    ];
    for (query, wanted, total) in cases {
        assert_eq!(
            names(query).await,
            (wanted.iter().map(|n| (*n).to_owned()).collect(), total),
            "{query}"
        );
    }
    let found = format!("{path}?searchText=zoe");
    let found = livechat
        .as_user("manager", "GET", &found, Value::Null)
        .await;
    let manager = json!({"_id": "t-ada", "name": "ADA \"L\"", "username": "ada"});
    assert_eq!(found.ok()["contacts"][0]["contactManager"], manager);
    let rows: Vec<Row> = vec![
        get(path).not_logged_in(),
        get(path).by("nobody").not_permitted(),
        get(format!("{path}?x=1"))
            .by("admin")
            .params("must NOT have additional properties"),
        get(format!("{path}?count=x"))
            .by("admin")
            .params("must be number"),
        get(format!("{path}?unknown=maybe"))
            .by("admin")
            .params("must be boolean"),
        get(format!("{path}?searchText[a]=1"))
            .by("admin")
            .params("must be string"),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn a_contact_exists_by_exactly_one_key() {
    let livechat = Livechat::new().await;
    let id = create(&livechat, "Ann", "ann@example.org", "+491").await;
    let path = "omnichannel/contacts.checkExistence";
    let by = |query: &str| get(format!("{path}{query}")).by("ada-account");
    let (no_id, no_email, no_phone) = (
        "must have required property 'contactId'",
        "must have required property 'email'",
        "must have required property 'phone'",
    );
    let none = "must match exactly one schema in oneOf";
    let more = "must NOT have additional properties";
    let empty = "must pass \"isNotEmpty\" keyword validation";
    let format = "must match format \"basic_email\"";
    let exists = |exists: bool| json!({"exists": exists});
    let rows: Vec<Row> = vec![
        get(path).not_logged_in(),
        get(path).by("nobody").not_permitted(),
        by("").params(&[no_id, no_email, no_phone, none].join("\n ")),
        by("?x=1").params(&[no_id, no_email, no_phone, none].join("\n ")),
        by("?contactId=x&email=a@b").params(&[more, more, no_phone, none].join("\n ")),
        by("?phone=").params(&[no_id, no_email, empty, none].join("\n ")),
        by("?contactId[a]=1").params(&["must be string", no_email, no_phone, none].join("\n ")),
        by("?email=ann").params(&[no_id, format, no_phone, none].join("\n ")),
        by(&format!("?contactId={id}")).gives_only(exists(true)),
        by("?contactId=nobody").gives_only(exists(false)),
        by("?email=ANN@example.org").gives_only(exists(true)),
        by("?email=ann@example.com").gives_only(exists(false)),
        by("?phone=%2B491").gives_only(exists(true)),
        by("?phone=491").gives_only(exists(false)),
    ];
    run(&livechat, rows).await;
}

#[tokio::test]
async fn history_and_channels_are_the_rooms_of_all_their_visitors() {
    let livechat = Livechat::new().await;
    let first = livechat.room("T1").await;
    let room = livechat.get("livechat/room?token=T1").await.ok();
    let id = room["room"]["contactId"].as_str().unwrap().to_owned();
    close(&livechat, "T1", &first).await;
    let widget = "cookie: rc_room_type=l; rc_is_widget=t";
    let told = livechat
        .raw("GET", "livechat/room?token=T1", widget, "")
        .await
        .ok();
    let second = told["room"]["_id"].as_str().unwrap().to_owned();
    assert_eq!(told["room"]["contactId"], json!(id), "the same person");
    close(&livechat, "T1", &second).await;
    let third = livechat.room("T1").await;
    let never = create(&livechat, "Ann", "ann@example.org", "+491").await;

    let history = format!("omnichannel/contacts.history?contactId={id}");
    let channels = format!("omnichannel/contacts.channels?contactId={id}");
    let found = livechat
        .as_user("ada-account", "GET", &history, Value::Null)
        .await
        .ok();
    let rooms: Vec<_> = found["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|room| room["_id"].clone())
        .collect();
    assert_eq!(
        rooms,
        [json!(second), json!(first)],
        "closed ones, newest first"
    );
    let past = json!({
        "fname": "T1", "closer": "visitor", "source": {"type": "widget"},
        "closedBy": {"username": "guest-1"}, "v": {"token": "T1"},
    });
    assert!(
        crate::livechat_matrix::holds(&found["history"][0], &past),
        "{found}"
    );
    assert!(found["history"][0]["closedAt"].is_string());

    let told = livechat
        .as_user("ada-account", "GET", &channels, Value::Null)
        .await
        .ok();
    let channel = |kind: &str, rid: &str| json!({"name": kind, "blocked": false, "verified": false, "details": {"type": kind}, "lastChat": {"_id": rid}});
    for (place, (kind, rid)) in [("api", &third), ("widget", &second)]
        .into_iter()
        .enumerate()
    {
        let found = &told["channels"][place];
        assert!(
            crate::livechat_matrix::holds(found, &channel(kind, rid)),
            "{told}"
        );
        assert_eq!(found["visitor"]["source"], json!({"type": kind}));
    }
    assert_eq!(told["channels"].as_array().unwrap().len(), 2);

    run(&livechat, rows(&id, &never)).await;
}

/// What both endpoints say of the contact `id`, who has three rooms, of one who never wrote, and of
/// what is no question.
fn rows(id: &str, never: &str) -> Vec<Row> {
    let history = format!("omnichannel/contacts.history?contactId={id}");
    let channels = format!("omnichannel/contacts.channels?contactId={id}");
    let (h, c) = (
        "omnichannel/contacts.history",
        "omnichannel/contacts.channels",
    );
    let missing = "must have required property 'contactId'";
    vec![
        get(&history).not_logged_in(),
        get(&history).by("nobody").not_permitted(),
        get(h).by("admin").params(missing),
        get(format!("{history}&x=1"))
            .by("admin")
            .params("must NOT have additional properties"),
        get(format!("{history}&count=x"))
            .by("admin")
            .params("must be number"),
        get(format!("{h}?contactId=nobody"))
            .by("admin")
            .plain("error-contact-not-found"),
        get(format!("{h}?contactId={never}"))
            .by("admin")
            .gives_only(json!({"history": [], "count": 0, "offset": 0, "total": 0})),
        get(format!("{history}&source=api"))
            .by("admin")
            .gives(json!({"total": 1, "count": 1})),
        get(format!("{history}&count=1&offset=1"))
            .by("admin")
            .gives(json!({"total": 2, "count": 1, "offset": 1})),
        get(&channels).not_logged_in(),
        get(&channels).by("nobody").not_permitted(),
        get(c).by("admin").params(missing),
        get(format!("{channels}&x=1"))
            .by("admin")
            .params("must NOT have additional properties"),
        get(format!("{c}?contactId[a]=1"))
            .by("admin")
            .params("must be string"),
        get(format!("{c}?contactId={never}"))
            .by("admin")
            .gives_only(json!({"channels": []})),
        get(format!("{c}?contactId=nobody"))
            .by("admin")
            .gives_only(json!({"channels": null})),
    ]
}
