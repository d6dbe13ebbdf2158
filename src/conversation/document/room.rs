//! Rooms and inquiries (livechat contract §3.2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Document, Moment};

/// A conversation of one visitor.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Room {
    /// `_id`, always made here.
    pub id: String,
    /// The visitor's name when it was made, or since renamed.
    pub fname: String,
    /// When it was made.
    pub ts: Moment,
    /// When the last message came.
    pub lm: Moment,
    /// When it last changed.
    pub updated_at: Moment,
    /// Messages so far, system messages included.
    pub msgs: u32,
    /// Number of the next message.
    pub next: u32,
    /// Its visitor.
    pub v: RoomVisitor,
    /// Id of the department.
    pub department_id: Option<String>,
    /// Whether it is open.
    pub open: bool,
    /// Whether the visitor waits for an answer.
    pub waiting_response: bool,
    /// Where it came from.
    pub source: Source,
    /// Since when it waits, or waited, for an agent.
    pub queued_at: Moment,
    /// The agent; `None` while nobody serves it.
    pub served_by: Option<ServedBy>,
    /// Usernames of agents who joined besides.
    pub joined: Vec<String>,
    /// Number of the last message that is shown as `lastMessage`.
    pub last_message: Option<u32>,
    /// Custom fields of scope `room`.
    pub livechat_data: BTreeMap<String, String>,
    /// Whatever whoever made it wanted to keep with it.
    pub custom_fields: Option<Map<String, Value>>,
    /// Set by agents.
    pub topic: Option<String>,
    /// Set by agents.
    pub tags: Vec<String>,
    /// Contact of the visitor.
    pub contact_id: Option<String>,
    /// Times, in the visitor's favour or not.
    pub metrics: Metrics,
    /// Who answered last.
    pub response_by: Option<LastResponse>,
    /// Answers to the survey.
    pub survey: BTreeMap<String, String>,
    /// When it was closed.
    pub closed_at: Option<Moment>,
    /// By which side.
    pub closer: Option<Closer>,
    /// By whom.
    pub closed_by: Option<ClosedBy>,
    /// A transcript that an agent asked for.
    pub transcript_request: Option<TranscriptRequest>,
    /// Since when its agent is not there; `None` while they are.
    pub agent_gone_since: Option<Moment>,
    /// State of a video call (up to 7.x).
    pub call_status: Option<String>,
}

impl Document for Room {
    const VERSION: u32 = 1;
}

/// The visitor as the room keeps them: `v`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RoomVisitor {
    /// `_id`.
    pub id: String,
    /// Username.
    pub username: String,
    /// Token.
    pub token: String,
    /// Presence, as the visitor's client last said.
    pub status: String,
    /// When they last wrote.
    pub last_message_ts: Option<Moment>,
    /// Months of activity.
    pub activity: Vec<String>,
}

/// Where a room came from (livechat contract §2.6, §3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// `widget`, `api`, …
    pub kind: String,
    /// The `Host` of the page's server, for widgets (7.x).
    pub destination: Option<String>,
}

/// Who serves a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedBy {
    /// Id in the target.
    pub id: String,
    /// Name in the target.
    pub username: String,
    /// Since when.
    pub ts: Moment,
}

/// Who answered last: `responseBy`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastResponse {
    /// Id in the target.
    pub id: String,
    /// Name in the target.
    pub username: String,
    /// When.
    pub last_message_ts: Moment,
}

/// `metrics` (seed of the room): durations are seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// When the agent first wrote.
    pub first_response: Option<Moment>,
    /// Seconds from an agent's taking the room to their first message (`reaction.ft`).
    pub reaction_ft: Option<f64>,
    /// Seconds of all reactions together (`reaction.tt`).
    pub reaction_tt: f64,
    /// Seconds until the first response (`response.ft`).
    pub response_ft: Option<f64>,
    /// Seconds of all responses together (`response.tt`).
    pub response_tt: f64,
    /// How many responses (`response.total`).
    pub responses: u32,
    /// When the visitor last asked (`v.lq`).
    pub last_question: Option<Moment>,
    /// When the agent last answered (`servedBy.lr`).
    pub last_response: Option<Moment>,
    /// Seconds from opening to closing.
    pub chat_duration: Option<f64>,
}

/// Which side closed a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Closer {
    /// The visitor.
    Visitor,
    /// An agent.
    User,
}

/// Who closed a room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedBy {
    /// `_id` of the visitor, or the agent's id in the target.
    pub id: String,
    /// Their name.
    pub username: String,
}

/// A transcript that is sent when the room is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranscriptRequest {
    /// To whom.
    pub email: String,
    /// Of the mail.
    pub subject: String,
    /// Who asked: id and username.
    pub by: (String, String),
    /// When.
    pub requested_at: Moment,
}

/// How far an inquiry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InquiryStatus {
    /// Waits for an agent.
    #[default]
    Queued,
    /// An agent has it.
    Taken,
}

/// A room's place in the queue. There is one as long as the room is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inquiry {
    /// `_id`.
    pub id: String,
    /// Room.
    pub rid: String,
    /// Visitor's name.
    pub name: String,
    /// The last message.
    pub message: String,
    /// Id of the department.
    pub department: Option<String>,
    /// How far it is.
    pub status: InquiryStatus,
    /// When it came into the queue.
    pub ts: Moment,
    /// When it last changed.
    pub updated_at: Moment,
    /// When an agent took it.
    pub taken_at: Option<Moment>,
    /// Its visitor.
    pub v: RoomVisitor,
    /// Where the room came from.
    pub source: Source,
    /// Agent who would be first choice: id and username.
    pub default_agent: Option<(String, String)>,
}

impl Document for Inquiry {
    const VERSION: u32 = 1;
}
