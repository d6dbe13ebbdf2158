//! The outbox: mails that nobody waits for, kept until they are delivered, fetched or too old.
//!
//! Which mail comes here: with `delivery = "outbox"` every one; with `smtp` only transcripts of rooms
//! that were closed. What a visitor asks for and waits for is handed to the server while they wait,
//! and is not kept when the server does not take it: they are told so and may ask again.
//!
//! A mail is delivered at least once: whoever is cut off between the server's yes and the note of it
//! sends it again, with the same `Message-ID`.

use std::{ops::ControlFlow, time::Duration};

use super::{
    chats::Chats,
    document::{Mail, MailState, Moment},
    key,
    refused::Refused,
    thread::Conversations,
};
use crate::{
    config::livechat::Delivery,
    ports::{Clock, DOCUMENT_LIMIT, Letter, Order, Post, PostError},
};

/// Bytes of one part of a body: a document, whose key counts too.
const PART: usize = DOCUMENT_LIMIT - 256;

/// How often the outbox is looked at for mails that are due.
const LOOK: Duration = Duration::from_secs(5);

/// How long a server may take for one mail; it looks at its contents while we wait.
const WITHIN: Duration = Duration::from_secs(60);

/// First wait before a mail is tried again, and the longest; it doubles.
const WAITS: (i64, i64) = (60_000, 3_600_000);

/// Tries before a mail is given up: more than a day of them.
const ATTEMPTS: u32 = 32;

/// Old mails that one operation removes.
const SWEEP: usize = 200;

impl Chats {
    /// An id for a letter: the moment, then chance.
    pub(super) fn letter_id(&self) -> Result<String, Refused> {
        loop {
            let id = format!("{:012x}{:04x}", self.now().0.max(0), fastrand::u16(..));
            if !self.has(&key::mail(&id))? {
                return Ok(id);
            }
        }
    }

    /// Keeps a letter: for a server that is tried again and again, or else for whoever fetches it.
    pub fn keep_mail(&mut self, letter: &Letter) -> Result<(), Refused> {
        let now = self.now();
        let state = match self.config.mail.delivery {
            Delivery::Smtp(_) => MailState::Waiting,
            Delivery::None | Delivery::Outbox => MailState::Kept,
        };
        let mut parts = [0, 0];
        for (kind, body) in [&letter.text, &letter.html].into_iter().enumerate() {
            for part in cut(body) {
                self.put_text(key::mail_body(&letter.id, kind, parts[kind]), part);
                parts[kind] += 1;
            }
        }
        let mut mail = Mail {
            id: letter.id.clone(),
            made_at: Moment(letter.made_at),
            from: letter.from.clone(),
            sender: letter.sender.clone(),
            to: letter.to.clone(),
            reply_to: letter.reply_to.clone(),
            subject: letter.subject.clone(),
            visitor: letter.visitor.clone(),
            state,
            bytes: (letter.text.len() + letter.html.len()) as u64,
            parts: (parts[0], parts[1]),
            ..Mail::default()
        };
        if let Some(visitor) = &letter.visitor {
            self.put_text(key::mail_of(visitor, &letter.id), "");
        }
        let due = (state == MailState::Waiting).then_some(now);
        self.put_mail(&mut mail, due);
        Ok(())
    }

    fn put_mail(&mut self, mail: &mut Mail, due: Option<Moment>) {
        if let Some(before) = mail.due.take() {
            self.remove(key::mail_due(before.0, &mail.id));
        }
        if let Some(due) = due {
            self.put_text(key::mail_due(due.0, &mail.id), "");
        }
        mail.due = due;
        mail.updated_at = self.now();
        self.put(key::mail(&mail.id), mail);
    }

    /// The newest mails, without their bodies.
    pub fn mails(&self, limit: usize) -> Result<Vec<Mail>, Refused> {
        let mut mails = Vec::new();
        let (from, to) = (key::MAIL, key::after(key::MAIL));
        self.walk(from, &to, Order::Descending, |_, mail: Mail| {
            if mails.len() == limit {
                return ControlFlow::Break(());
            }
            mails.push(mail);
            ControlFlow::Continue(())
        })?;
        Ok(mails)
    }

    /// A mail with its bodies, which are empty once it is sent.
    pub fn mail(&self, id: &str) -> Result<Option<(Mail, Letter)>, Refused> {
        let Some(mail) = self.get::<Mail>(&key::mail(id))? else {
            return Ok(None);
        };
        let body = |kind: usize, parts: u32| {
            let mut whole = String::new();
            for part in 0..parts {
                let part = self.text(&key::mail_body(id, kind, part))?;
                whole += &part.unwrap_or_default();
            }
            Ok::<_, Refused>(whole)
        };
        let letter = Letter {
            id: mail.id.clone(),
            made_at: mail.made_at.0,
            from: mail.from.clone(),
            sender: mail.sender.clone(),
            to: mail.to.clone(),
            reply_to: mail.reply_to.clone(),
            subject: mail.subject.clone(),
            text: body(0, mail.parts.0)?,
            html: body(1, mail.parts.1)?,
            visitor: mail.visitor.clone(),
        };
        Ok(Some((mail, letter)))
    }

    /// Removes a mail. `false`: there is none of that id.
    pub fn remove_mail(&mut self, id: &str) -> Result<bool, Refused> {
        let Some(mut mail) = self.get::<Mail>(&key::mail(id))? else {
            return Ok(false);
        };
        self.forget_bodies(&mut mail);
        if let Some(due) = mail.due {
            self.remove(key::mail_due(due.0, id));
        }
        if let Some(visitor) = &mail.visitor {
            self.remove(key::mail_of(visitor, id));
        }
        self.remove(key::mail(id));
        Ok(true)
    }

    fn forget_bodies(&mut self, mail: &mut Mail) {
        let parts = std::mem::take(&mut mail.parts);
        for (kind, parts) in [parts.0, parts.1].into_iter().enumerate() {
            for part in 0..parts {
                self.remove(key::mail_body(&mail.id, kind, part));
            }
        }
    }

    /// The letter that has been due for the longest time, if one is.
    fn due_mail(&self) -> Result<Option<Letter>, Refused> {
        let now = key::mail_due(self.now().0 + 1, "");
        let Some(key) = self.keys(key::MAIL_DUE, &now, 1)?.pop() else {
            return Ok(None);
        };
        Ok(self.mail(key::last(&key))?.map(|(_, letter)| letter))
    }

    /// Notes how a try ended.
    fn note_try(&mut self, id: &str, outcome: Result<(), PostError>) -> Result<(), Refused> {
        // Somebody may have removed it meanwhile.
        let Some(mut mail) = self.get::<Mail>(&key::mail(id))? else {
            return Ok(());
        };
        mail.attempts += 1;
        let mut due = None;
        match outcome {
            Ok(()) => {
                mail.state = MailState::Sent;
                mail.why = None;
                self.forget_bodies(&mut mail);
            }
            Err(error) => {
                mail.why = Some(error.to_string());
                if error.is_final() || mail.attempts >= ATTEMPTS {
                    mail.state = MailState::Failed;
                } else {
                    let doubled = WAITS.0 << (mail.attempts - 1).min(10);
                    due = Some(Moment(self.now().0 + doubled.min(WAITS.1)));
                }
                tracing::warn!(
                    mail = id,
                    attempts = mail.attempts,
                    state = mail.state.word(),
                    "a mail was not delivered: {error}"
                );
            }
        }
        self.put_mail(&mut mail, due);
        Ok(())
    }

    /// Removes mails older than `livechat.retention.outbox`, some of them at a time. Whether there
    /// may be more.
    pub fn sweep_mail(&mut self) -> Result<bool, Refused> {
        let kept = self.config.retention.outbox.as_millis();
        let oldest = self.now().0 - i64::try_from(kept).unwrap_or(i64::MAX);
        let to = key::mail(&format!("{:012x}0000", oldest.max(0)));
        let old = self.keys(key::MAIL, &to, SWEEP)?;
        for key in &old {
            self.remove_mail(key::last(key))?;
        }
        Ok(old.len() == SWEEP)
    }
}

/// A body in parts that fit a document, none of them cut inside a character.
fn cut(body: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), body);
    while !rest.is_empty() {
        let end = (0..=rest.len().min(PART)).rev();
        let end = end.into_iter().find(|end| rest.is_char_boundary(*end));
        let (part, more) = rest.split_at(end.unwrap_or(rest.len()));
        parts.push(part);
        rest = more;
    }
    parts
}

/// Delivers what is due, again and again, and removes what is too old. Never ends; may be dropped at
/// any time.
pub async fn carry_mail(
    conversations: &Conversations,
    post: &dyn Post,
    clock: &dyn Clock,
    sweep_every: Duration,
) {
    let mut swept: Option<Duration> = None;
    loop {
        if let Err(error) = carry_due(conversations, post).await {
            tracing::error!("mails could not be read or noted: {error}");
        }
        let now = clock.elapsed();
        if swept.is_none_or(|last| now.saturating_sub(last) >= sweep_every) {
            swept = Some(now);
            loop {
                match conversations.ask(Chats::sweep_mail).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        tracing::error!("old mails could not be removed: {error}");
                        break;
                    }
                }
            }
        }
        clock.sleep(LOOK).await;
    }
}

/// One letter after the other until none is due. A server that is not there ends the round: the
/// others would only wait for it too.
async fn carry_due(conversations: &Conversations, post: &dyn Post) -> Result<(), Refused> {
    while let Some(letter) = conversations.ask(|chats| chats.due_mail()).await? {
        let id = letter.id.clone();
        let outcome = post.send(letter, WITHIN).await;
        conversations
            .ask(move |chats| chats.note_try(&id, outcome))
            .await?;
        let absent = matches!(outcome, Err(PostError::Unreachable | PostError::TooSlow));
        if absent {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_cut_between_characters_and_nothing_is_lost() {
        for letter in ["a", "\u{e4}", "\u{20ac}", "\u{1F600}"] {
            for more in 0..4 {
                let body = "x".repeat(more) + &letter.repeat(PART);
                let parts = cut(&body);
                assert!(parts.iter().all(|part| part.len() <= PART));
                assert_eq!(parts.concat(), body);
            }
        }
        assert!(cut("").is_empty());
    }
}
