//! Messages that somebody else brings for a visitor, all at once (livechat contract §4.6.6).

use super::{
    chats::Chats,
    document::{Message, Source},
    message::Saying,
    refused::Refused,
    register::Registration,
    room::RoomRequest,
};

impl Chats {
    /// Writes messages in a visitor's name into their open room, which is made when there is none; so is
    /// the visitor. (7.x registered an unknown visitor and then failed; that is not rehearsed.)
    pub fn bring_messages(
        &mut self,
        who: Registration,
        source: Source,
        messages: Vec<String>,
    ) -> Result<Vec<Message>, Refused> {
        let token = who.token.clone();
        if self.visitor_by_token(&token)?.is_none() {
            self.register(who)?;
        }
        let (room, _) = self.room_for(RoomRequest {
            token: token.clone(),
            source,
            ..RoomRequest::default()
        })?;
        let mut said = Vec::with_capacity(messages.len());
        for msg in messages {
            said.push(self.visitor_says(Saying {
                token: token.clone(),
                rid: room.id.clone(),
                msg,
                ..Saying::default()
            })?);
        }
        Ok(said)
    }
}
