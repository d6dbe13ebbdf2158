//! Video calls by WebRTC, up to 7.x (livechat contract §4.7.6). Only the state of the call is here: the
//! clients talk to each other.

use serde_json::Value;

use super::{
    chats::Chats,
    document::{Author, Room},
    message::Draft,
    refused::Refused,
    routing::{agent_of, find_agent},
};

/// The type of the message that a call is.
const CALL: &str = "livechat_webrtc_video_call";

/// Who calls.
#[derive(Clone, Debug, Default)]
pub struct Calling {
    /// The agent whom an account acts as; `None`: whoever serves the room.
    pub agent: Option<String>,
    /// Whether every room may be entered, not only those which that agent serves.
    pub everywhere: bool,
}

impl Chats {
    /// An open room that the caller may enter, and in whose name they do; else `invalid-room`.
    fn called_room(&self, rid: &str, calling: &Calling) -> Result<(Room, Author), Refused> {
        let room = self.room(rid)?.filter(|room| room.open);
        let room = room.ok_or(Refused::INVALID_ROOM)?;
        let snapshot = self.ledger.snapshot();
        let served = room.served_by.as_ref().map(|served| Author {
            id: served.id.clone(),
            username: served.username.clone(),
            name: None,
        });
        let actor = match &calling.agent {
            Some(agent) => find_agent(&snapshot, agent).map(agent_of),
            None => served.clone(),
        };
        match actor {
            Some(actor) if calling.everywhere || served.is_some_and(|s| s.id == actor.id) => {
                Ok((room, actor))
            }
            Some(_) | None => Err(Refused::INVALID_ROOM),
        }
    }

    /// Lets it ring, unless a call is under way. Gives the state of the call.
    pub fn ring(&mut self, rid: &str, calling: &Calling) -> Result<String, Refused> {
        let (mut room, actor) = self.called_room(rid, calling)?;
        if !self.config.settings.video_call {
            return Err(Refused::plain("webRTC calling not enabled"));
        }
        let status = room.call_status.clone();
        if let Some(status) = status.filter(|status| !is_over(status)) {
            return Ok(status);
        }
        let text = "Join my room to start the video call";
        self.say(&mut room, Draft::system(CALL, text, actor));
        room.call_status = Some("ringing".to_owned());
        self.keep_room(&mut room);
        Ok("ringing".to_owned())
    }

    /// Notes what became of a call, which is known by its message.
    pub fn note_call(
        &mut self,
        rid: &str,
        call: &str,
        status: &str,
        calling: &Calling,
    ) -> Result<(), Refused> {
        let (mut room, _) = self.called_room(rid, calling)?;
        let message = self.message(call)?.filter(|message| message.rid == room.id);
        let message = message.filter(|message| message.kind.as_deref() == Some(CALL));
        let mut message = message.ok_or(Refused::plain("invalid-callId"))?;
        room.call_status = Some(status.to_owned());
        if is_over(status) {
            let now = self.now();
            status.clone_into(&mut message.msg);
            let ended = Value::from(now.to_string());
            message.extra.insert("webRtcCallEndTs".to_owned(), ended);
            message.updated_at = now;
            self.keep_message(&message);
        }
        self.keep_room(&mut room);
        Ok(())
    }
}

fn is_over(status: &str) -> bool {
    matches!(status, "ended" | "declined")
}
