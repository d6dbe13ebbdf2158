//! The contacts of 6.x and earlier, which are visitors (livechat contract §4.8).

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    super::shape::{self, Dates},
    Livechat,
    call::Call,
    failure::{Failure, Outcome},
};
use crate::{
    config::livechat::Version,
    conversation::{Refused, VisitorEntry, VisitorSearch, document::Visitor},
};

/// `contact` is the visitor's id: a text.
pub(super) async fn enter(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let manager = call.body_object("contactManager");
    let manager = manager.and_then(|manager| manager["username"].as_str());
    let entry = VisitorEntry {
        token: call.required_text("token"),
        name: call.required_text("name"),
        username: call.body_text("username"),
        email: call.body_text("email"),
        phone: call.body_text("phone"),
        custom_fields: call.body_object("customFields").cloned(),
        manager: manager.filter(|name| !name.is_empty()).map(str::to_owned),
    };
    let id = livechat
        .conversations
        .ask(move |chats| chats.enter_visitor(entry))
        .await?;
    Ok(Map::from_iter([("contact".to_owned(), Value::from(id))]))
}

pub(super) async fn read(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let id = call.query_text("contactId").unwrap_or_default();
    let wanted = id.clone();
    let visitor = livechat
        .conversations
        .ask(move |chats| chats.visitor(&wanted))
        .await?;
    let visitor = visitor.filter(|visitor| visitor.id == id);
    Ok(shown(
        &livechat,
        visitor,
        livechat.config.version >= Version::V8,
    ))
}

pub(super) async fn search(livechat: Arc<Livechat>, call: Call) -> Outcome {
    let given = |key: &str| call.query_text(key).filter(|text| !text.is_empty());
    let (email, phone) = (given("email"), given("phone"));
    let custom = match call.query_text("custom") {
        None => None,
        Some(text) if text.is_empty() => Some(Map::new()),
        Some(text) => match serde_json::from_str(&text) {
            Ok(Value::Object(fields)) => Some(fields),
            // Numbers, texts and lists name no field.
            Ok(_) => Some(Map::new()),
            Err(_) => return Err(Refused::code("error-invalid-params-custom").into()),
        },
    };
    if email.is_none() && phone.is_none() {
        match &custom {
            // The target trips over it, and says so.
            None => {
                let text = "Cannot convert undefined or null to object";
                return Err(Failure::plain(text));
            }
            Some(fields) if fields.is_empty() => {
                return Err(Refused::code("error-invalid-params").into());
            }
            Some(_) => {}
        }
    }
    let wanted = VisitorSearch {
        email,
        phone,
        custom: custom.unwrap_or_default(),
    };
    let visitor = livechat
        .conversations
        .ask(move |chats| chats.search_visitor(&wanted))
        .await?;
    Ok(shown(&livechat, visitor, false))
}

/// `contact`: the visitor or `null`. Their token is their credential, which 8.x no longer tells by id.
fn shown(livechat: &Livechat, visitor: Option<Visitor>, without_token: bool) -> Map<String, Value> {
    let shown = visitor.map(|visitor| {
        let mut shown = shape::visitor(&visitor, Dates::Iso);
        if without_token {
            shown.remove("token");
        }
        livechat.add_manager(&mut shown, visitor.contact_manager.as_deref());
        shown
    });
    Map::from_iter([("contact".to_owned(), shown.map(Value::Object).into())])
}
