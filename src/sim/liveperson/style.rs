//! How lists of agents are written (contract §4.3, §4.5): part of the key of the body cache.

use serde::{Deserialize, Serialize};

/// How a list of agents is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that are independent of each other"
)]
pub struct Style {
    /// `chats` is written when it is 0, too.
    pub zero_chats: bool,
    /// `skillsInfo` is written: real answers have it, the page does not (§4.4).
    pub skills_info: bool,
    /// How `chatState` and `voiceState` are written.
    pub states: States,
    /// How a list without agents looks.
    pub empty: Empty,
    /// JSON: attributes without the `@`.
    pub bare_keys: bool,
    /// JSON: text that looks like a whole number comes as a number.
    pub numbers: bool,
    /// XML: under which namespace.
    pub namespace: Namespace,
    /// XML: the attributes of an agent come as child elements.
    pub attributes_as_children: bool,
    /// The link comes before the agents.
    pub link_first: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            zero_chats: false,
            skills_info: true,
            states: States::default(),
            empty: Empty::default(),
            bare_keys: false,
            numbers: false,
            namespace: Namespace::default(),
            attributes_as_children: false,
            link_first: false,
        }
    }
}

/// How `chatState` and `voiceState` of every agent are written (§4.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum States {
    /// As documented: `2`.
    #[default]
    Digits,
    /// By name: `Online`.
    Names,
    /// `9`, which nobody documented.
    Unknown,
    /// Empty.
    Empty,
}

/// How a list without agents looks. In XML the last three are a self-closed `<agents/>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Empty {
    /// `agents` is left out.
    #[default]
    Absent,
    /// `"agents":{}`.
    Object,
    /// `"agents":""`.
    Text,
    /// `"agents":null`.
    Null,
}

/// The namespace of XML lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Namespace {
    /// None.
    #[default]
    None,
    /// One for all elements, without prefix.
    Default,
    /// One with the prefix `lp`.
    Prefixed,
}
