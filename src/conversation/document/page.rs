//! Pages that were visited before there was a room (livechat contract §4.7.3). The token is in the
//! key only, as its hash.

use serde::{Deserialize, Serialize};

use super::{Document, Moment};

/// One page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// What changed: `url` or `title`.
    pub change: String,
    /// Its address.
    pub href: String,
    /// When it was visited.
    pub ts: Moment,
}

impl Document for Page {
    const VERSION: u32 = 1;
}
