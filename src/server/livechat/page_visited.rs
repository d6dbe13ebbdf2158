//! Heading "Page visited" (livechat contract §4.7.3).

use std::sync::Arc;

use http::Method;
use serde_json::{Map, json};

use super::{
    Livechat,
    call::Call,
    endpoint::{ALWAYS, Auth, Endpoint, Params},
    failure::Outcome,
    schema::{Kind, Schema},
};
use crate::conversation::document::Page;

const LOCATION: Schema = Schema {
    required: &["href"],
    properties: &[("href", Kind::Text)],
    open: false,
};

const INFO: Schema = Schema {
    required: &["title", "change", "location"],
    properties: &[
        ("title", Kind::Text),
        ("change", Kind::Text),
        ("location", Kind::Object(&LOCATION)),
    ],
    open: false,
};

const VISITED: Schema = Schema {
    required: &["token", "pageInfo"],
    properties: &[
        ("token", Kind::Text),
        ("rid", Kind::Nullable(&Kind::Text)),
        ("pageInfo", Kind::Object(&INFO)),
    ],
    open: false,
};

pub(super) const ENDPOINTS: &[Endpoint] = &[Endpoint {
    method: Method::POST,
    template: "livechat/page.visited",
    versions: ALWAYS,
    auth: Auth::Public,
    limit: None,
    params: Params::Body(&VISITED),
    summary: "Tell which page a visitor looks at.",
    run: |livechat, call| Box::pin(visited(livechat, call)),
}];

/// The answer is the same whether the token is anybody's and the room is theirs or not: only what is
/// kept differs.
async fn visited(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let info = &call.body["pageInfo"];
    let text = |key: &str| info[key].as_str().unwrap_or_default().to_owned();
    let page = Page {
        title: text("title"),
        change: text("change"),
        href: info["location"]["href"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        ..Page::default()
    };
    if page.change != livechat.config.settings.history_monitor_type {
        return Ok(Map::new());
    }
    let (token, rid) = (call.required_text("token"), call.body_text("rid"));
    let answer = json!({
        "msg": format!("{} - {}", page.title, page.href),
        "navigation": {
            "page": {
                "title": page.title,
                "change": page.change,
                "location": {"href": page.href},
            },
            "token": token,
        },
    });
    livechat
        .conversations
        .ask(move |chats| chats.visit_page(&token, rid.as_deref(), page))
        .await?;
    Ok(Map::from_iter([("page".to_owned(), answer)]))
}
