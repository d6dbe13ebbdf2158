//! A letter as the bytes that a mail server gets.
//!
//! Names and the subject come from visitors: whatever could begin another header line is taken out
//! here, whoever wrote it, and addresses must parse as addresses.

use std::time::{Duration, SystemTime};

use lettre::{
    Address, Message,
    message::{Mailbox, MultiPart},
};

use crate::ports::{Letter, PostError};

/// The message of a letter.
pub(super) fn of(letter: Letter) -> Result<Message, PostError> {
    let address = |text: &str| text.parse::<Address>().map_err(|_| PostError::Unfit);
    let mailbox = |name: Option<&str>, text: &str| {
        let name = name.map(one_line).filter(|name| !name.is_empty());
        Ok(Mailbox::new(name, address(text)?))
    };
    let from = mailbox(letter.sender.as_deref(), &letter.from)?;
    let id = format!("<{}@{}>", letter.id, from.email.domain());
    let made = Duration::from_millis(u64::try_from(letter.made_at).unwrap_or(0));
    let mut message = Message::builder()
        .from(from)
        .date(SystemTime::UNIX_EPOCH + made)
        .message_id(Some(id))
        .subject(one_line(&letter.subject));
    for to in &letter.to {
        message = message.to(mailbox(None, to)?);
    }
    if let Some((name, to)) = &letter.reply_to {
        message = message.reply_to(mailbox(Some(name), to)?);
    }
    let body = MultiPart::alternative_plain_html(letter.text, letter.html);
    message.multipart(body).map_err(|_| PostError::Unfit)
}

/// Text without anything that ends a line.
fn one_line(text: &str) -> String {
    let ends = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    let text = text.replace(ends, " ");
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            id: "0123456789abcdef".to_owned(),
            made_at: 1_767_323_045_000,
            from: "chat@example.org".to_owned(),
            to: vec!["office@example.org".to_owned()],
            subject: "Hello".to_owned(),
            text: "text\n.\nmore".to_owned(),
            html: "<p>text</p>".to_owned(),
            ..Letter::default()
        }
    }

    fn head(letter: Letter) -> String {
        let bytes = of(letter).unwrap().formatted();
        let text = String::from_utf8(bytes).unwrap();
        text.split("\r\n\r\n").next().unwrap().to_owned()
    }

    #[test]
    fn a_letter_has_its_head() {
        let head = head(Letter {
            sender: Some("Visitor".to_owned()),
            reply_to: Some(("Zoë".to_owned(), "zoe@example.com".to_owned())),
            ..letter()
        });
        let lines: Vec<_> = head.lines().collect();
        for line in [
            "From: Visitor <chat@example.org>",
            "To: office@example.org",
            "Subject: Hello",
            "Message-ID: <0123456789abcdef@example.org>",
            "Date: Fri, 02 Jan 2026 03:04:05 +0000",
        ] {
            assert!(lines.contains(&line), "{line} is not in\n{head}");
        }
        assert!(head.contains("Reply-To: =?utf-8?b?"), "{head}");
    }

    #[test]
    fn nobody_writes_a_header_of_their_own() {
        let evils = [
            "\r\nBcc: x@evil.example",
            "\nBcc: x",
            "\rBcc: x",
            "\u{2028}Bcc: x",
        ];
        for evil in evils {
            let head = head(Letter {
                sender: Some(format!("Eve{evil}")),
                reply_to: Some((format!("Eve{evil}"), "eve@example.com".to_owned())),
                subject: format!("Hi{evil}"),
                ..letter()
            });
            let names = head.lines().filter(|line| !line.starts_with([' ', '\t']));
            let names: Vec<_> = names.map(|line| line.split(':').next().unwrap()).collect();
            assert!(!names.contains(&"Bcc"), "{head}");
            assert_eq!(names.len(), 8, "{head}");
        }
    }

    #[test]
    fn what_is_no_address_is_not_sent() {
        for evil in [
            "a@example.org\r\nRCPT TO:<x@evil.example>",
            "a@example.org\n",
            "a b@example.org",
            "a@example.org, b@example.org",
            "<a@example.org>",
            "nobody",
            "",
        ] {
            let to = Letter {
                to: vec![evil.to_owned()],
                ..letter()
            };
            let reply = Letter {
                reply_to: Some(("A".to_owned(), evil.to_owned())),
                ..letter()
            };
            let from = Letter {
                from: evil.to_owned(),
                ..letter()
            };
            for letter in [to, reply, from] {
                assert_eq!(of(letter).err(), Some(PostError::Unfit), "{evil}");
            }
        }
    }
}
