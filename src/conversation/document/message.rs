//! Messages (livechat contract §3.3). `md` and `urls` are not kept: they follow from the text.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Document, Moment};
use crate::ports::DOCUMENT_LIMIT;

/// One message of a room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Message {
    /// `_id`: the client's, or made here.
    pub id: String,
    /// Room.
    pub rid: String,
    /// Its place in the room; order of arrival.
    pub number: u32,
    /// Text.
    pub msg: String,
    /// When it came. Later than every earlier message of the room.
    pub ts: Moment,
    /// When it last changed.
    pub updated_at: Moment,
    /// Who wrote it.
    pub u: Author,
    /// The visitor's token, on messages of visitors and for them.
    pub token: Option<String>,
    /// The visitor's name.
    pub alias: Option<String>,
    /// Type of a system message.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Whether clients may show it with its neighbours as one.
    pub groupable: Option<bool>,
    /// Not shown.
    pub hidden: bool,
    /// Attachments, as they go over the wire.
    pub attachments: Vec<Value>,
    /// Files.
    pub files: Vec<FileRef>,
    /// When it was last edited.
    pub edited_at: Option<Moment>,
    /// By whom.
    pub edited_by: Option<Editor>,
    /// Whatever else a system message carries, by its key on the wire: `transferData`,
    /// `navigation`, `transcriptRequested`, …
    pub extra: serde_json::Map<String, Value>,
}

impl Document for Message {
    const VERSION: u32 = 1;
}

impl Message {
    /// Whether it can be kept: a document has a limit, whatever the configuration allows.
    pub fn fits(&self) -> bool {
        super::seal(self).len() <= DOCUMENT_LIMIT
    }
}

/// Who wrote a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Author {
    /// `_id` of the visitor, or the agent's id in the target.
    pub id: String,
    /// Username.
    pub username: String,
    /// Shown name.
    pub name: Option<String>,
}

/// Who edited a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Editor {
    /// Id.
    pub id: String,
    /// Username.
    pub username: String,
}

/// A file of a message: `_id`, `name`, `type` exactly (livechat contract §4.7.7).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRef {
    /// Id.
    pub id: String,
    /// Name as it was sent.
    pub name: String,
    /// Media type.
    pub kind: String,
    /// Bytes.
    pub size: u64,
}
