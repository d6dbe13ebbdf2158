//! What goes over the crew's socket (livechat contract §6.3).

use serde_json::{Value, json};

/// A message in a room, as far as the crew cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) id: String,
    pub(super) rid: String,
    pub(super) text: String,
    /// Shown name of whoever wrote it.
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What a message means to the crew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A visitor wrote.
    Question,
    /// An agent has joined.
    Joined,
}

/// One frame, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Wants this frame back.
    Ping(String),
    /// The login or the subscription was refused.
    Refused,
    /// From now on every message is heard.
    Listening,
    /// Somebody wrote.
    Said(Said),
    /// The answer to this question was taken, or was not.
    Answered {
        /// Id of the question.
        question: String,
        /// Whether it was taken.
        taken: bool,
    },
    /// Nothing for the crew.
    Other,
}

/// What is sent first: connect, log in, listen to everything.
pub(super) fn greeting(token: &str) -> [String; 3] {
    [
        json!({"msg": "connect", "version": "1", "support": ["1", "pre2", "pre1"]}),
        json!({"msg": "method", "method": "login", "id": "login", "params": [{"resume": token}]}),
        json!({
            "msg": "sub", "id": "all", "name": "stream-room-messages",
            "params": ["__my_messages__", false],
        }),
    ]
    .map(|frame| frame.to_string())
}

/// Writes into a room. The id of the answer follows from the id of the question, so that an answer
/// that is sent twice is one.
pub(super) fn send(rid: &str, text: &str, question: &str) -> String {
    let message = json!({"_id": format!("re-{question}"), "rid": rid, "msg": text});
    json!({
        "msg": "method", "method": "sendMessage", "id": format!("s-{question}"),
        "params": [message],
    })
    .to_string()
}

/// Reads one frame.
pub(super) fn read(text: &str) -> Heard {
    let Ok(frame) = serde_json::from_str::<Value>(text) else {
        return Heard::Other;
    };
    match frame["msg"].as_str() {
        Some("ping") => {
            let mut pong = json!({"msg": "pong"});
            if let Some(id) = frame.get("id") {
                pong["id"] = id.clone();
            }
            Heard::Ping(pong.to_string())
        }
        Some("result") if frame["id"] == "login" && frame.get("error").is_some() => Heard::Refused,
        Some("result") => {
            let id = frame["id"].as_str().and_then(|id| id.strip_prefix("s-"));
            id.map_or(Heard::Other, |question| Heard::Answered {
                question: question.to_owned(),
                taken: frame.get("error").is_none(),
            })
        }
        Some("nosub" | "failed") => Heard::Refused,
        Some("ready") => Heard::Listening,
        Some("changed") if frame["collection"] == "stream-room-messages" => {
            match said(&frame["fields"]["args"][0]) {
                Some(said) => Heard::Said(said),
                None => Heard::Other,
            }
        }
        Some(_) | None => Heard::Other,
    }
}

/// The last messages of rooms whose visitor waits, and how many rooms the page had.
pub(super) fn waiting(page: &str) -> (Vec<Said>, usize) {
    let page: Value = serde_json::from_str(page).unwrap_or_default();
    let rooms = page["rooms"].as_array().map_or(&[][..], Vec::as_slice);
    let waits = |room: &&Value| room["waitingResponse"] == true && room["servedBy"].is_object();
    let found = rooms.iter().filter(waits);
    let found = found.filter_map(|room| said(&room["lastMessage"]));
    (found.collect(), rooms.len())
}

fn said(message: &Value) -> Option<Said> {
    let text = |key: &str| message[key].as_str().map(str::to_owned);
    let kind = match (message["t"].as_str(), message["token"].is_string()) {
        (Some("command"), _) if message["msg"] == "connected" => Kind::Joined,
        (None, true) if message.get("editedAt").is_none() => Kind::Question,
        (Some(_) | None, _) => return None,
    };
    let author = &message["u"];
    let name = author["name"].as_str().or(author["username"].as_str());
    Some(Said {
        id: text("_id")?,
        rid: text("rid")?,
        text: text("msg")?,
        name: name.unwrap_or_default().to_owned(),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(message: &Value) -> String {
        json!({
            "msg": "changed", "collection": "stream-room-messages", "id": "id",
            "fields": {"eventName": "__my_messages__", "args": [message]},
        })
        .to_string()
    }

    #[test]
    fn frames_are_read_for_what_matters() {
        let question = json!({
            "_id": "m1", "rid": "r1", "msg": "hello", "token": "t", "u": {"username": "guest-1"},
        });
        let mut edited = question.clone();
        edited["editedAt"] = json!({"$date": 1});
        let joined = json!({
            "_id": "m2", "rid": "r1", "msg": "connected", "t": "command", "u": {"name": "Ada"},
        });
        let said = |id: &str, text: &str, name: &str, kind| {
            Heard::Said(Said {
                id: id.to_owned(),
                rid: "r1".to_owned(),
                text: text.to_owned(),
                name: name.to_owned(),
                kind,
            })
        };
        let agents = json!({"_id": "m3", "rid": "r1", "msg": "hi", "u": {"username": "ada"}});
        let cases = [
            (
                changed(&question),
                said("m1", "hello", "guest-1", Kind::Question),
            ),
            (changed(&edited), Heard::Other),
            (
                changed(&joined),
                said("m2", "connected", "Ada", Kind::Joined),
            ),
            (changed(&agents), Heard::Other),
            (
                r#"{"msg":"ping","id":"7"}"#.to_owned(),
                Heard::Ping(r#"{"id":"7","msg":"pong"}"#.to_owned()),
            ),
            (
                r#"{"msg":"ready","subs":["all"]}"#.to_owned(),
                Heard::Listening,
            ),
            (r#"{"msg":"nosub","id":"all"}"#.to_owned(), Heard::Refused),
            (
                r#"{"msg":"result","id":"login","error":{}}"#.to_owned(),
                Heard::Refused,
            ),
            (
                r#"{"msg":"result","id":"s-m1","error":{}}"#.to_owned(),
                Heard::Answered {
                    question: "m1".to_owned(),
                    taken: false,
                },
            ),
            ("no json".to_owned(), Heard::Other),
        ];
        for (frame, heard) in cases {
            assert_eq!(read(&frame), heard, "{frame}");
        }
    }

    #[test]
    fn a_page_tells_who_waits() {
        let last = json!({"_id": "m", "rid": "r", "msg": "?", "token": "t", "u": {}});
        let served = json!({"_id": "a"});
        let page = json!({"rooms": [
            {"waitingResponse": true, "servedBy": served, "lastMessage": last},
            {"waitingResponse": false, "servedBy": served, "lastMessage": last},
            {"waitingResponse": true, "lastMessage": last},
        ]});
        let (found, seen) = waiting(&page.to_string());
        assert_eq!((found.len(), seen), (1, 3));
        assert_eq!(waiting("nothing"), (Vec::new(), 0));
    }
}
