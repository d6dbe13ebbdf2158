//! What a visitor says of a chat afterwards (livechat contract §4.4.3).

use super::{chats::Chats, custom_field::fills, refused::Refused};

/// Questions of the survey; the misspelling is the target's.
const ITEMS: [&str; 4] = [
    "satisfaction",
    "agentKnowledge",
    "agentResposiveness",
    "agentFriendliness",
];

/// Answers to them.
const VALUES: [&str; 5] = ["1", "2", "3", "4", "5"];

/// Takes any text, as long as a message may be.
const FEEDBACK: &str = "additionalFeedback";

impl Chats {
    /// Keeps the answers that mean something with the visitor's room, open or closed, and gives them.
    /// Unknown questions are dropped in silence as long as one is known.
    pub fn survey(
        &mut self,
        token: &str,
        rid: &str,
        answers: Vec<(String, String)>,
    ) -> Result<Vec<(String, String)>, Refused> {
        let visitor = self.guest(token)?;
        let mut room = self.find_room(&visitor, rid)?;
        let kept: Vec<_> = answers
            .into_iter()
            .filter(|(name, value)| {
                let known = ITEMS.contains(&name.as_str()) && VALUES.contains(&value.as_str());
                known || (name == FEEDBACK && self.is_sayable(value))
            })
            .collect();
        if kept.is_empty() {
            return Err(Refused::plain("invalid-data"));
        }
        room.survey.extend(kept.iter().cloned());
        if fills(&room) {
            // It must stay small enough to be closed, whatever the text's escapes take.
            return Err(Refused::plain("invalid-data"));
        }
        self.keep_room(&mut room);
        Ok(kept)
    }
}
