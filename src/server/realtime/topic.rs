//! What can be listened to: streams, their events, and the credentials that come with a wish.

use serde_json::Value;

/// Longest name of an event that is kept, in bytes. A room's id is 17, an event's name 15.
const LONGEST_EVENT: usize = 256;

/// The stream of messages.
pub(super) const MESSAGES: &str = "stream-room-messages";
/// The stream of what visitors see of their room.
pub(super) const LIVECHAT: &str = "stream-livechat-room";
/// The stream of who types, and of what was deleted.
pub(super) const NOTIFY: &str = "stream-notify-room";
/// The stream of the queue.
pub(super) const QUEUE: &str = "stream-livechat-inquiry-queue-observer";

/// Streams that are ready for everybody and stay silent: the SDKs subscribe to them and wait for
/// the answer (`subscribeNotifyAll`, `subscribeLoggedNotify`, `subscribeNotifyUser`), and nothing
/// that they tell exists here.
const SILENT: [&str; 4] = [
    "stream-notify-all",
    "stream-notify-logged",
    "stream-notify-user",
    "stream-user-presence",
];

/// Where listeners stand: an event goes to one place, and costs only who stands there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// In a room.
    Room(String),
    /// In all rooms one may see.
    Mine,
    /// Before the queue, by the name of the event.
    Queue(String),
    /// Where nothing is ever told.
    Silence,
}

/// What of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// Messages.
    Messages,
    /// `agentData`, `agentStatus`, `queueData`, `visitorData`.
    Livechat,
    /// What comes after the slash of the event: `user-activity`, `typing`, `deleteMessage`, …
    Notify(String),
    /// Inquiries.
    Queue,
    /// Nothing.
    Nothing,
}

/// What somebody wants to listen to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// Where.
    pub(super) place: Place,
    /// What.
    pub(super) topic: Topic,
    /// The token of a visitor.
    pub(super) token: Option<String>,
}

/// Why a wish is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoWish {
    /// No such stream.
    Unknown,
    /// No name of an event, or not one of this stream.
    Malformed,
}

/// Reads the parameters of a subscription: the event, then anything that the clients of three
/// generations put beside it.
pub(super) fn wish(stream: &str, params: &[Value]) -> Result<Wish, NoWish> {
    let silent = SILENT.contains(&stream);
    if !silent && ![MESSAGES, LIVECHAT, NOTIFY, QUEUE].contains(&stream) {
        return Err(NoWish::Unknown);
    }
    let event = match params.first().and_then(Value::as_str) {
        Some(event) if !event.is_empty() && event.len() <= LONGEST_EVENT => event,
        Some(_) | None => return Err(NoWish::Malformed),
    };
    let (place, topic) = match stream {
        MESSAGES if event == "__my_messages__" => (Place::Mine, Topic::Messages),
        MESSAGES => (Place::Room(event.to_owned()), Topic::Messages),
        LIVECHAT => (Place::Room(event.to_owned()), Topic::Livechat),
        QUEUE => (Place::Queue(event.to_owned()), Topic::Queue),
        NOTIFY => {
            let (rid, name) = room_event(event).ok_or(NoWish::Malformed)?;
            (Place::Room(rid.to_owned()), Topic::Notify(name.to_owned()))
        }
        _ => (Place::Silence, Topic::Nothing),
    };
    Ok(Wish {
        place,
        topic,
        token: params[1..].iter().find_map(token),
    })
}

/// Room and name of an event of `stream-notify-room`.
pub(super) fn room_event(event: &str) -> Option<(&str, &str)> {
    let (rid, name) = event.split_once('/')?;
    (!rid.is_empty() && !name.is_empty()).then_some((rid, name))
}

/// The visitor's token in `{useCollection, args: [{token, visitorToken}]}`, in `{token}` alone, or
/// in whatever of both a client makes of it. A boolean, as the oldest clients send, has none.
pub(super) fn token(options: &Value) -> Option<String> {
    let named = |value: &Value| {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let token = text("visitorToken").or_else(|| text("token"))?;
        (!token.is_empty()).then(|| token.to_owned())
    };
    match options.get("args") {
        Some(Value::Array(args)) => args.iter().find_map(named),
        Some(args) => named(args),
        None => None,
    }
    .or_else(|| named(options))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_are_found_wherever_clients_put_them() {
        let cases = [
            (
                json!({"useCollection": false, "args": [{"token": "T", "visitorToken": "T"}]}),
                true,
            ),
            (
                json!({"useCollection": false, "args": [{"visitorToken": "T"}]}),
                true,
            ),
            (
                json!({"useCollection": false, "args": [{"token": "T"}]}),
                true,
            ),
            (
                json!({"useCollection": false, "args": [null, {"token": "T"}]}),
                true,
            ),
            (json!({"args": {"token": "T"}}), true),
            (json!({"token": "T"}), true),
            (json!({"visitorToken": "T", "token": "other"}), true),
            (json!({"useCollection": false, "args": []}), false),
            (json!({"useCollection": false, "args": [null]}), false),
            (json!({"args": [{"token": ""}]}), false),
            (json!({"args": [{"token": 7}]}), false),
            (json!(false), false),
            (json!("T"), false),
            (json!(null), false),
        ];
        for (options, there) in cases {
            let params = [json!("R"), options.clone()];
            let found = wish(MESSAGES, &params).unwrap().token;
            assert_eq!(found, there.then(|| "T".to_owned()), "{options}");
        }
    }

    #[test]
    fn events_lead_to_places() {
        let room = || Place::Room("R".to_owned());
        let cases = [
            (MESSAGES, "R", Ok((room(), Topic::Messages))),
            (
                MESSAGES,
                "__my_messages__",
                Ok((Place::Mine, Topic::Messages)),
            ),
            (LIVECHAT, "R", Ok((room(), Topic::Livechat))),
            (
                NOTIFY,
                "R/typing",
                Ok((room(), Topic::Notify("typing".to_owned()))),
            ),
            (NOTIFY, "R", Err(NoWish::Malformed)),
            (NOTIFY, "/typing", Err(NoWish::Malformed)),
            (NOTIFY, "R/", Err(NoWish::Malformed)),
            (
                QUEUE,
                "public",
                Ok((Place::Queue("public".to_owned()), Topic::Queue)),
            ),
            (
                "stream-notify-user",
                "u/message",
                Ok((Place::Silence, Topic::Nothing)),
            ),
            (MESSAGES, "", Err(NoWish::Malformed)),
            ("stream-importers", "R", Err(NoWish::Unknown)),
        ];
        for (stream, event, expected) in cases {
            let found = wish(stream, &[json!(event)]).map(|wish| (wish.place, wish.topic));
            assert_eq!(found, expected, "{stream} {event}");
        }
        assert_eq!(wish(MESSAGES, &[]), Err(NoWish::Malformed));
        assert_eq!(wish(MESSAGES, &[json!({})]), Err(NoWish::Malformed));
        let long = json!("x".repeat(LONGEST_EVENT + 1));
        assert_eq!(wish(MESSAGES, &[long]), Err(NoWish::Malformed));
    }
}
