//! Messages that visitors leave when nobody is there (livechat contract §4.7.4).

use std::fmt;

use super::{
    chats::Chats,
    refused::Refused,
    routing::settings,
    transcript::{escape, paragraph, put, visible},
};
use crate::{config::livechat::is_address, ports::Letter};

/// What was written into the offline form. `Debug` tells nothing of it.
#[derive(Clone, Default)]
pub struct OfflineMessage {
    /// The visitor's name.
    pub name: String,
    /// The visitor's address.
    pub email: String,
    /// What they want.
    pub message: String,
    /// Id or name of the department they want it from.
    pub department: Option<String>,
    /// The page they were on.
    pub host: Option<String>,
}

impl fmt::Debug for OfflineMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfflineMessage").finish_non_exhaustive()
    }
}

/// Characters of the message that the subject shows, as upstream.
const SUBJECT: usize = 20;

/// Why no letter is made of it; the wire tells none of these.
const FORM_DISABLED: Refused = Refused::plain("error-offline-form-disabled");
const NO_ADDRESS: Refused = Refused::plain("error-invalid-email");
const NO_DESTINATION: Refused = Refused::plain("error-no-offline-email");

impl Chats {
    /// The letter of an offline message, to the department's address or else to `offline_email`,
    /// which may be several, parted by commas.
    pub fn offline_letter(&self, left: &OfflineMessage) -> Result<Letter, Refused> {
        if !self.config.settings.display_offline_form {
            return Err(FORM_DISABLED);
        }
        let email = left.email.trim();
        if !is_address(email) {
            return Err(NO_ADDRESS);
        }
        let departments = left
            .department
            .as_deref()
            .filter(|wanted| !wanted.is_empty());
        let to = departments
            .and_then(|wanted| self.offline_email_of(wanted))
            .unwrap_or_else(|| self.config.behaviour.offline_email.clone());
        let to: Vec<_> = to.split(',').map(|one| one.trim().to_owned()).collect();
        if !to.iter().all(|one| is_address(one)) {
            return Err(NO_DESTINATION);
        }
        let name = visible(&left.name).replace('\n', " ");
        let message = visible(&left.message);
        let begin: String = message.replace('\n', " ").chars().take(SUBJECT).collect();
        let mut text = format!("Visitor name: {name}\nVisitor email: {email}\n");
        let mut html = format!(
            "<h1>New livechat message</h1><p><strong>Visitor name:</strong> {}</p><p><strong>Visitor email:</strong> {}</p>",
            escape(&name),
            escape(email),
        );
        if let Some(host) = left.host.as_deref().filter(|host| !host.is_empty()) {
            // Shown, not linked: a visitor chose it.
            let host = visible(host).replace('\n', " ");
            put(&mut text, format_args!("Sent from: {host}\n"));
            put(
                &mut html,
                format_args!("<p><strong>Sent from:</strong> {}</p>", escape(&host)),
            );
        }
        put(&mut text, format_args!("\n{message}\n"));
        put(
            &mut html,
            format_args!(
                "<p><strong>Message:</strong><br>{}</p>",
                paragraph(&message)
            ),
        );
        Ok(Letter {
            id: self.letter_id()?,
            made_at: self.now().0,
            from: self.config.mail.from.clone(),
            sender: Some(format!("{name} - {email}")),
            to,
            reply_to: Some((name.clone(), email.to_owned())),
            subject: format!("Livechat offline message from {name}: {begin}"),
            text,
            html,
            // Whoever writes it need not be anybody's visitor.
            visitor: None,
        })
    }

    /// The address of the department of that id or name, if the configuration gives it one.
    fn offline_email_of(&self, wanted: &str) -> Option<String> {
        let named = match self.department(wanted) {
            Some((id, name)) => settings(&self.config, &id, &name),
            // Nobody is in it now: the snapshot does not know it, the configuration does.
            None => settings(&self.config, wanted, wanted),
        };
        let email = &named?.email;
        (!email.is_empty()).then(|| email.clone())
    }
}
