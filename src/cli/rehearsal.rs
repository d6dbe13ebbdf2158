//! What `lp2rc demo` sets for the livechat face, so that a rehearsal shows everything: two service
//! accounts, a form with a department and custom fields, transcripts and offline messages.

use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use sha2::{Digest as _, Sha256};

use super::exit::{self, Failure};
use crate::{
    server::{account_id, hash_password},
    sim::{crew::CrewConfig, liveperson::SKILLS},
};

/// Name (the password is the same) and roles. Their secrets are public: a demo has nothing to hide.
const ACCOUNTS: [(&str, &str); 2] = [
    ("console", "[\"livechat-manager\"]"),
    ("bot", "[\"bot\", \"livechat-agent\", \"livechat-manager\"]"),
];

/// A field of the visitor's and one of the room's.
const CUSTOM_FIELDS: &str = r#"[
    { id = "plan", label = "Plan", scope = "visitor", public = true, searchable = true, type = "select", options = ["basic", "pro"] },
    { id = "order", label = "Order number", scope = "room", public = true, type = "input", regexp = "^[0-9]*$" },
]"#;

/// Settings and values, as the command line would give them. Slow: passwords are hashed.
pub(super) async fn flags() -> Result<Vec<(&'static str, String)>, Failure> {
    let accounts = tokio::task::spawn_blocking(account_tables)
        .await
        .map_err(anyhow::Error::from)?
        .ok_or_else(|| {
            let why = "the system gave no random bytes; look at /dev/urandom and try again";
            Failure::new(exit::UNEXPECTED, why)
        })?;
    let (_, department) = SKILLS[0];
    let departments = format!(
        "[{{ name = \"{department}\", show_on_registration = true, show_on_offline_form = true, email = \"sales@example.org\" }}]"
    );
    Ok(vec![
        ("livechat.accounts", accounts),
        ("livechat.departments", departments),
        ("livechat.custom_fields", CUSTOM_FIELDS.to_owned()),
        ("livechat.settings.registration_form", "true".to_owned()),
        ("livechat.settings.transcript", "true".to_owned()),
        ("livechat.mail.delivery", "outbox".to_owned()),
        ("livechat.mail.from", "rehearsal@example.org".to_owned()),
        (
            "livechat.behaviour.offline_email",
            "service@example.org".to_owned(),
        ),
    ])
}

/// How to be one of the accounts.
pub(super) fn accounts() -> String {
    let lines = ACCOUNTS.map(|(name, _)| {
        format!(
            "account {name}: password {name}, or X-User-Id: {} and X-Auth-Token: {}",
            account_id(name),
            token(name)
        )
    });
    lines.join("\n")
}

/// The simulated agents' own way in: the account `bot`, which no rate limit holds up.
pub(super) fn crew(api: SocketAddr, takes: Duration) -> CrewConfig {
    // A wildcard is listened on, not connected to.
    let at = if api.ip().is_unspecified() {
        SocketAddr::from(([127, 0, 0, 1], api.port()))
    } else {
        api
    };
    CrewConfig {
        api: format!("http://{at}"),
        user_id: account_id("bot"),
        token: token("bot"),
        takes,
    }
}

fn token(name: &str) -> String {
    format!("{name}-token")
}

fn account_tables() -> Option<String> {
    let tables = ACCOUNTS.map(|(name, roles)| {
        let password = hash_password(name)?;
        let mut hash = String::new();
        for byte in Sha256::digest(token(name)) {
            // Writing into a string cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        Some(format!(
            "{{ username = \"{name}\", roles = {roles}, password_hash = \"{password}\", token_hash = \"{hash}\" }}"
        ))
    });
    let tables: Option<Vec<_>> = tables.into_iter().collect();
    Some(format!("[{}]", tables?.join(", ")))
}
