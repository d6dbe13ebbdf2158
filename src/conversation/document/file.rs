//! Files that were sent (livechat contract §4.7.7): what is known of one. Its bytes are in a file
//! of the state directory that is named by the id.

use serde::{Deserialize, Serialize};

use super::{Document, Moment};

/// A file of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredFile {
    /// `_id`, made here.
    pub id: String,
    /// Room.
    pub rid: String,
    /// Id of the visitor who sent it.
    pub visitor: String,
    /// Name as the client gave it, without what a path could be made of. Shown, never opened.
    pub name: String,
    /// Media type, as the client said.
    pub kind: String,
    /// Bytes.
    pub size: u64,
    /// When it came.
    pub ts: Moment,
}

impl Document for StoredFile {
    const VERSION: u32 = 1;
}
