//! Logins of service accounts.

use serde::{Deserialize, Serialize};

use super::{Document, Moment};

/// One login. Its key is the hash of its token: neither the token nor the password is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// Login name of the account.
    pub account: String,
    /// Stands for the password hash that it was opened with: with another one it is over.
    pub mark: String,
    /// When it was opened.
    pub since: Moment,
    /// When it ends.
    pub until: Moment,
}

impl Document for Session {
    const VERSION: u32 = 1;
}
