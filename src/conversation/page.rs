//! Pages a visitor looks at (livechat contract §4.7.3): written into their open room, else kept until
//! they have one.

use serde_json::{Map, json};

use super::{
    chats::Chats,
    document::{Author, Message, Moment, Page, Room},
    id::random_id,
    key,
    message::Draft,
    refused::Refused,
    register::LONGEST,
};
use crate::domain::Timestamp;

/// Pages that wait for one visitor's room; one more and the oldest goes.
const WAITING: usize = 100;

/// Characters of a title or an address that are kept: both are in a message twice, which must stay
/// within the size of a document.
const CUT: usize = 1_000;

/// The type of their messages.
const KIND: &str = "livechat_navigation_history";

impl Chats {
    /// A visitor looks at a page. The token need not be anybody's; of a room that is not this
    /// visitor's nothing is touched and nothing is kept.
    pub fn visit_page(
        &mut self,
        token: &str,
        rid: Option<&str>,
        mut page: Page,
    ) -> Result<(), Refused> {
        if token.len() > LONGEST {
            // Nobody can be registered with it.
            return Ok(());
        }
        page.ts = self.now();
        page.title = page.title.chars().take(CUT).collect();
        page.href = page.href.chars().take(CUT).collect();
        if let Some(rid) = rid.filter(|rid| !rid.is_empty()) {
            let Some(visitor) = self.visitor_by_token(token)? else {
                return Ok(());
            };
            let own = self.room(rid)?.filter(|room| room.v.id == visitor.id);
            let Some(mut room) = own else { return Ok(()) };
            if room.open {
                let draft = self.navigation(&page, token);
                self.say(&mut room, draft);
                self.keep_room(&mut room);
                return Ok(());
            }
        }
        let prefix = key::pages_of(token);
        let waiting = self.keys(&prefix, &key::after(&prefix), WAITING)?;
        let last = waiting
            .last()
            .and_then(|key| u64::from_str_radix(key::last(key), 16).ok());
        let now = u64::try_from(page.ts.0).unwrap_or_default();
        let number = last.map_or(now, |last| now.max(last + 1));
        if waiting.len() == WAITING {
            self.remove(waiting[0].clone());
        }
        self.put(key::page(token, number), &page);
        Ok(())
    }

    /// Moves the pages that wait for a visitor's room into this new one, in front of everything else
    /// and at the moments when they were visited. The caller keeps the room.
    pub(super) fn attach_pages(&mut self, room: &mut Room) -> Result<(), Refused> {
        let (prefix, now) = (key::pages_of(&room.v.token), self.now());
        let mut latest = Moment(i64::MIN);
        for key in self.keys(&prefix, &key::after(&prefix), WAITING)? {
            let page: Option<Page> = self.get(&key)?;
            self.remove(key);
            let Some(page) = page.filter(|page| !self.page_is_old(page)) else {
                continue;
            };
            let draft = self.navigation(&page, &room.v.token);
            latest = Moment(page.ts.0.max(latest.0.saturating_add(1)));
            let message = Message {
                id: random_id(),
                rid: room.id.clone(),
                number: room.next,
                msg: draft.msg,
                ts: latest,
                updated_at: now,
                u: draft.author,
                kind: draft.kind,
                groupable: draft.groupable,
                hidden: draft.hidden,
                extra: draft.extra,
                ..Message::default()
            };
            room.next += 1;
            room.msgs += 1;
            room.lm = room.lm.max(latest);
            self.keep_message(&message);
            let place = format!("{}/{}", message.number, message.rid);
            self.put_text(key::message_id(&message.id), &place);
        }
        Ok(())
    }

    /// Whether a page has waited for too long.
    pub(super) fn page_is_old(&self, page: &Page) -> bool {
        let age = self.timestamp().since(Timestamp::from(page.ts));
        age > self.config.retention.pages
    }

    /// The message of a page, by the target's own bot.
    fn navigation(&self, page: &Page, token: &str) -> Draft {
        let author = Author {
            id: "rocket.cat".to_owned(),
            username: "rocket.cat".to_owned(),
            name: Some("Rocket.Cat".to_owned()),
        };
        let shown = json!({
            "page": {
                "title": page.title,
                "change": page.change,
                "location": {"href": page.href},
            },
            "token": token,
        });
        Draft {
            hidden: !self.config.behaviour.navigation_as_message,
            extra: Map::from_iter([("navigation".to_owned(), shown)]),
            ..Draft::system(KIND, &format!("{} - {}", page.title, page.href), author)
        }
    }
}
