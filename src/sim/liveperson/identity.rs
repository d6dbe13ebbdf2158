//! Who the account is and who may log in; both can change while the simulator runs.

/// Who the account is and who may log in. It has no `Debug`, since it holds secrets.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) account: String,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) app_key: String,
    pub(super) app_secret: String,
}

/// What becomes of the identity; `None` leaves things as they are. It has no `Debug`, since it
/// holds secrets.
#[derive(Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityChange {
    /// A new password.
    pub password: Option<String>,
    /// A new secret of the key.
    pub app_secret: Option<String>,
    /// A new account number: the old one is unknown from now on.
    pub account: Option<String>,
    /// Ends every login and every agent session.
    pub revoke: bool,
}

impl Identity {
    pub(super) fn change(&mut self, change: IdentityChange) {
        let values = [
            (&mut self.password, change.password),
            (&mut self.app_secret, change.app_secret),
            (&mut self.account, change.account),
        ];
        for (old, new) in values {
            if let Some(new) = new {
                *old = new;
            }
        }
    }
}
