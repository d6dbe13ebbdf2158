//! The methods that clients call over the socket (livechat contract §6.3). Everything else of the
//! widget and the SDKs goes over REST.

use serde_json::{Value, json};

use super::{
    super::{
        livechat::{account::Permission, login::Credentials, session::LoginRefused},
        shape::{self, Dates},
    },
    frame::{self, Meteor},
    session::{Session, meteor},
    topic::{self, room_event},
};
use crate::conversation::AgentSaying;

/// Most activities of one `user-activity`; clients send none or one.
const ACTIVITIES: usize = 8;

/// Longest name in a notice of who types, in bytes.
const LONGEST_NAME: usize = 512;

type Outcome = Result<Option<Value>, Meteor>;

impl Session {
    /// Does what a method says.
    pub(super) async fn method(&mut self, name: &str, params: &[Value]) -> Outcome {
        match name {
            "stream-notify-room" => self.notify_room(params).await,
            "livechat:setUpConnection" => self.set_up_connection(params),
            "login" => self.login(params).await,
            "logout" => self.logout().await,
            "sendMessage" => self.send_message(params).await,
            // Presence is LivePerson's to say, and a visitor's goes over REST: the clients only
            // want to be answered.
            "UserPresence:online" | "UserPresence:away" | "UserPresence:setDefaultStatus" => {
                Ok(None)
            }
            _ => Err(Meteor::new(404, format!("Method '{name}' not found"))),
        }
    }

    /// Who types: told to the other listeners of the room, and kept nowhere. As in the target a
    /// notice that is not allowed is dropped without a word.
    async fn notify_room(&self, params: &[Value]) -> Outcome {
        let event = params.first().and_then(Value::as_str);
        let event = event.ok_or_else(Meteor::no_match)?;
        let Some((rid, name)) = room_event(event) else {
            return Ok(None);
        };
        let Some(notice) = Notice::read(name, &params[1..]) else {
            return Ok(None);
        };
        let token = params[1..].iter().find_map(topic::token);
        if self.takes_part(rid, token).await {
            for (name, args) in notice.tellings() {
                self.pass_on(rid, name, &args);
            }
        }
        Ok(None)
    }

    /// From now on the end of this socket makes the visitor offline, if it is their last one.
    fn set_up_connection(&self, params: &[Value]) -> Outcome {
        let token = params
            .first()
            .and_then(|data| data.get("token"))
            .and_then(Value::as_str)
            .filter(|token| !token.is_empty())
            .ok_or_else(Meteor::no_match)?;
        self.hub.belongs_to(self.socket, token.to_owned());
        Ok(None)
    }

    /// `{resume}`, or a name and a digest. The user's document is sent before the result, where
    /// `@rocket.chat/ddp-client` takes the name from.
    async fn login(&mut self, params: &[Value]) -> Outcome {
        let refused = || Meteor::new(403, "User not found");
        let sent = params.first().and_then(Credentials::read);
        let outcome = match sent.ok_or_else(refused)? {
            Credentials::Password(name, digest) => {
                let outcome = self.face.login(&name, &digest, self.client).await;
                outcome.map(|login| (login, "password"))
            }
            Credentials::Resume(token) => {
                let outcome = self.face.resume(&token).await;
                outcome.map(|login| (login, "resume"))
            }
        };
        let (login, kind) = outcome.map_err(|why| match why {
            LoginRefused::Unauthorized => refused(),
            LoginRefused::Blocked => Meteor::new(
                "error-login-blocked-for-user",
                "Login has been temporarily blocked For User",
            ),
            LoginRefused::Busy => Meteor::new(
                "error-too-many-requests",
                "Error, too many requests. Please slow down.",
            ),
            LoginRefused::Unavailable(refused) => meteor(refused),
        })?;
        // The clients read an end in any case. A personal access token has none: it is named as one
        // that begins now would have it.
        let lasts = self.face.config.retention.sessions;
        let until = login
            .until
            .unwrap_or_else(|| self.face.clock.now().plus(lasts).into());
        let fields = json!({"username": login.caller.account.username});
        if self
            .caller()
            .is_some_and(|caller| caller.id != login.caller.id)
        {
            self.hub.forget_account(self.socket);
        }
        self.forget();
        self.say(frame::added("users", &login.caller.id, &fields));
        let result = json!({
            "id": login.caller.id,
            "token": login.token,
            "tokenExpires": Dates::Ejson.write(until),
            "type": kind,
        });
        self.login = Some((login.caller, login.token));
        Ok(Some(result))
    }

    /// Ends the session of the token, as over REST.
    async fn logout(&mut self) -> Outcome {
        if let Some(token) = self.forget() {
            self.hub.forget_account(self.socket);
            self.face.logout(&token).await.map_err(meteor)?;
        }
        Ok(None)
    }

    /// An agent writes, in the name that the account acts in.
    async fn send_message(&self, params: &[Value]) -> Outcome {
        let caller = self
            .caller()
            .ok_or_else(|| Meteor::new("error-invalid-user", "Invalid user"))?;
        // Whoever is bound to an agent is one; others must be allowed to see rooms at all.
        if caller.account.agent.is_none() && !caller.may(Permission::ViewRoom) {
            return Err(Meteor::code("error-not-allowed"));
        }
        let sent = params.first().ok_or_else(Meteor::no_match)?;
        let text = |key: &str| sent.get(key).and_then(Value::as_str).map(str::to_owned);
        let saying = AgentSaying {
            rid: text("rid").ok_or_else(Meteor::no_match)?,
            msg: text("msg").unwrap_or_default(),
            id: text("_id"),
            ..AgentSaying::default()
        };
        let actor = caller.actor();
        let conversations = &self.face.conversations;
        let said = conversations.ask(move |chats| chats.agent_says(&actor, saying));
        let said = said.await;
        let said = said.map_err(meteor)?;
        Ok(Some(Value::Object(shape::message(&said, Dates::Ejson))))
    }

    /// Looks whether the login still lasts: it may have ended by itself, or over REST.
    pub(super) async fn look_at_login(&mut self) {
        let Some((_, token)) = &self.login else {
            return;
        };
        let token = token.clone();
        let resumed = self.face.resume(&token).await;
        if matches!(resumed, Err(LoginRefused::Unauthorized)) {
            self.forget();
            self.hub.forget_account(self.socket);
        }
    }

    /// Nobody is logged in any more. Gives the token.
    fn forget(&mut self) -> Option<String> {
        let (caller, token) = self.login.take()?;
        self.say(frame::removed("users", &caller.id));
        Some(token)
    }
}

/// A notice of somebody's in a room.
#[derive(Debug, PartialEq)]
enum Notice {
    /// What somebody does: `user-typing`, or nothing any more.
    Activity(String, Vec<String>),
    /// A call is declined, in the words of this event.
    Call(&'static str, Vec<Value>),
}

impl Notice {
    /// Reads what comes after the event. The visitor's token, which may stand there too, is a
    /// credential and goes no further.
    fn read(name: &str, args: &[Value]) -> Option<Self> {
        let who = args.first()?.as_str()?;
        if who.len() > LONGEST_NAME {
            return None;
        }
        let who = who.to_owned();
        match name {
            "user-activity" => {
                let words = args.get(1)?.as_array()?.iter().take(ACTIVITIES);
                let words: Option<Vec<_>> = words
                    .map(|word| Some(word.as_str()?.chars().take(64).collect()))
                    .collect();
                Some(Self::Activity(who, words?))
            }
            "typing" => {
                let typing = args.get(1)?.as_bool()?;
                let words = typing.then(|| "user-typing".to_owned());
                Some(Self::Activity(who, words.into_iter().collect()))
            }
            "call" if who == "decline" => Some(Self::Call("call", vec![Value::from(who)])),
            "webrtc" if who == "callStatus" => {
                let status = args.get(1)?.get("callStatus")?.as_str()?;
                let declined = status == "declined";
                let args = vec![Value::from(who), json!({"callStatus": status})];
                declined.then_some(Self::Call("webrtc", args))
            }
            _ => None,
        }
    }

    /// Events and their arguments. Old clients listen to `typing`, new ones to `user-activity`, and
    /// both may sit in one room.
    fn tellings(&self) -> Vec<(&'static str, Vec<Value>)> {
        match self {
            Self::Activity(who, words) => {
                let typing = words.iter().any(|word| word == "user-typing");
                vec![
                    ("user-activity", vec![json!(who), json!(words)]),
                    ("typing", vec![json!(who), json!(typing)]),
                ]
            }
            Self::Call(name, args) => vec![(name, args.clone())],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_notices_that_clients_send_are_passed_on_and_without_the_token() {
        let activity = |words: &[&str]| {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            Some(Notice::Activity("guest-1".to_owned(), words))
        };
        let cases = [
            (
                "user-activity",
                json!(["guest-1", ["user-typing"], {"token": "T"}]),
                activity(&["user-typing"]),
            ),
            ("user-activity", json!(["guest-1", []]), activity(&[])),
            (
                "typing",
                json!(["guest-1", true, {"token": "T"}]),
                activity(&["user-typing"]),
            ),
            ("typing", json!(["guest-1", false]), activity(&[])),
            ("user-activity", json!(["guest-1", "user-typing"]), None),
            ("user-activity", json!(["guest-1", [7]]), None),
            ("user-activity", json!([["guest-1"], []]), None),
            ("user-activity", json!(["x".repeat(513), []]), None),
            ("typing", json!(["guest-1"]), None),
            (
                "call",
                json!(["decline"]),
                Some(Notice::Call("call", vec![json!("decline")])),
            ),
            ("call", json!(["anything"]), None),
            (
                "webrtc",
                json!(["callStatus", {"callStatus": "declined", "more": 1}]),
                Some(Notice::Call(
                    "webrtc",
                    vec![json!("callStatus"), json!({"callStatus": "declined"})],
                )),
            ),
            ("webrtc", json!(["candidate", {}]), None),
            ("deleteMessage", json!(["guest-1", {"_id": "M"}]), None),
            ("typing", json!([]), None),
        ];
        for (name, args, expected) in cases {
            let args = args.as_array().unwrap();
            assert_eq!(Notice::read(name, args), expected, "{name} {args:?}");
        }
    }
}
