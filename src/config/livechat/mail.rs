//! `[livechat.mail]`: how offline messages and transcripts leave the house.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::super::{error::ConfigError, secret::Places};

/// `[livechat.mail]` as it was typed. `Debug` shows no password.
#[derive(Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    delivery: String,
    from: String,
    host: String,
    port: u16,
    security: String,
    username: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_credential: Option<String>,
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Typed")
            .field("delivery", &self.delivery)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            delivery: "none".to_owned(),
            from: String::new(),
            host: String::new(),
            port: 587,
            security: "starttls".to_owned(),
            username: String::new(),
            password: None,
            password_file: None,
            password_credential: None,
        }
    }
}

/// Who carries mail.
#[derive(Clone, Debug)]
pub enum Delivery {
    /// Nobody: whatever needs mail fails, as the contract says.
    None,
    /// It is kept; `lp2rc outbox` lists it.
    Outbox,
    /// A mail server.
    Smtp(SmtpConfig),
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// Not at all: for a server on the same machine.
    Plain,
    /// STARTTLS, required.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// A mail server.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// User and password, where it wants them.
    pub login: Option<(String, SecretString)>,
}

/// How mail leaves the house.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// Who carries it.
    pub delivery: Delivery,
    /// The sender's address; `From_Email`.
    pub from: String,
    /// Whether transcripts name agents: `[api] show_agent_info`.
    pub names_agents: bool,
}

/// Whether a text is one e-mail address, and nothing but that: no name, no list, no line end. Quoted
/// local parts and address literals are not taken.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let local_letter =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&byte);
    let dots = |text: &str| text.starts_with('.') || text.ends_with('.') || text.contains("..");
    let label = |label: &str| {
        let plain = |letter: char| letter.is_alphanumeric() || letter == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 254
        && (1..=64).contains(&local.len())
        && local.bytes().all(local_letter)
        && !dots(local)
        && domain.split('.').all(label)
}

impl Typed {
    pub(super) fn meaning(self, credentials: Option<&Path>) -> Result<MailConfig, ConfigError> {
        let wrong =
            |key: &str, why: &str| Err(ConfigError::meaning(&format!("livechat.mail.{key}"), why));
        let delivery = match self.delivery.as_str() {
            "none" => Delivery::None,
            "outbox" => Delivery::Outbox,
            "smtp" => {
                let security = match self.security.as_str() {
                    "none" => SmtpSecurity::Plain,
                    "starttls" => SmtpSecurity::StartTls,
                    "tls" => SmtpSecurity::Tls,
                    _ => return wrong("security", "must be \"none\", \"starttls\" or \"tls\""),
                };
                if self.host.is_empty() {
                    return wrong("host", "is missing; name the mail server");
                }
                let places = Places {
                    key: "livechat.mail.password",
                    inline: self.password,
                    file: self.password_file,
                    credential: self.password_credential,
                };
                let login = if self.username.is_empty() {
                    if places.any() {
                        return wrong("username", "is missing beside a password");
                    }
                    None
                } else {
                    Some((self.username, places.read(credentials)?))
                };
                Delivery::Smtp(SmtpConfig {
                    host: self.host,
                    port: self.port,
                    security,
                    login,
                })
            }
            _ => return wrong("delivery", "must be \"none\", \"outbox\" or \"smtp\""),
        };
        if !matches!(delivery, Delivery::None) && !is_address(&self.from) {
            return wrong(
                "from",
                "is missing or not an address; name the sender's, such as chat@example.org",
            );
        }
        Ok(MailConfig {
            delivery,
            from: self.from,
            names_agents: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn an_address_is_one_address() {
        for text in [
            "a@b",
            "a.b+c@example.org",
            "o'neil@x-y.example",
            "a@b\u{fc}cher.example",
        ] {
            assert!(is_address(text), "{text}");
        }
        for text in [
            "",
            "a",
            "@b",
            "a@",
            "a@b@c",
            "a b@c",
            "a@b c",
            "a@b.",
            "a@.b",
            ".a@b",
            "a..b@c",
            "a@-b",
            "a@b\r\nBcc: c@d",
            "A <a@b>",
            "a@b,c@d",
            "a@[127.0.0.1]",
            "\"a\"@b",
        ] {
            assert!(!is_address(text), "{text}");
        }
    }
}
