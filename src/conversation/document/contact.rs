//! Contacts: people as agents know them, with all the visitors they were (livechat contract §4.8).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Document, Moment};

/// A contact. Its channels are not kept: they follow from the rooms of its visitors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contact {
    /// `_id`.
    pub id: String,
    /// Shown name.
    pub name: String,
    /// Addresses, trimmed and in lower case.
    pub emails: Vec<String>,
    /// Phone numbers.
    pub phones: Vec<String>,
    /// Id in the target of the agent who looks after them.
    pub manager: Option<String>,
    /// Custom fields of scope `visitor`.
    pub custom_fields: BTreeMap<String, String>,
    /// Whether they never wrote and no agent entered them.
    pub unknown: bool,
    /// What their visitors say otherwise.
    pub conflicts: Vec<Conflict>,
    /// When it was made.
    pub created_at: Moment,
    /// When it last changed.
    pub updated_at: Moment,
    /// Ids of their visitors.
    pub visitors: Vec<String>,
    /// Removed: nothing but the id is left, and nobody finds it.
    pub disabled: bool,
}

impl Document for Contact {
    const VERSION: u32 = 1;
}

/// A field with two values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// `name`, `manager` or `customFields.<id>`.
    pub field: String,
    /// The value that is not the contact's.
    pub value: String,
}
