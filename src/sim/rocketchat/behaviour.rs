//! How this Rocket.Chat behaves where releases differ or nobody knows (contract §11), and what an
//! administrator may have switched on. The defaults are what the contract holds most likely. In
//! JSON the names are those of the fields, words are `snake_case`, durations end in `_ms`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::setup::Version;

/// The switches. Not faults: every answer is well-formed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// What adding somebody who is an agent already does (§3.2, §11.10).
    pub re_add: ReAdd,
    /// What `users.update` does to the custom fields that it does not name (§2.3).
    pub custom_fields: CustomFields,
    /// What becomes of a custom field that is not defined (§2.1).
    pub undefined_field: UndefinedField,
    /// `users.list` and `users.listByStatus` show `customFields`.
    pub list_custom_fields: bool,
    /// `POST livechat/agents.saveInfo` exists; `None` for by release (§3.3).
    pub save_info: Option<bool>,
    /// The method `livechat:saveAgentInfo` exists; `None` for up to 7 (§11.5).
    pub save_info_method: Option<bool>,
    /// Which second factor the callers have to give (§1.2).
    pub two_factor: TwoFactor,
    /// `users.create` asks for it, too; `None` for from 8 on (§11.4).
    pub create_needs_two_factor: Option<bool>,
    /// Whether agents are within their business hours now (§3.6).
    pub business_hours: BusinessHours,
    /// A `users.create` that does not say so sends a welcome mail (§2.1).
    pub welcome_by_default: bool,
    /// `query` and `fields` get 400 as in 9.0, instead of being ignored (§2.5).
    pub refuse_query_and_fields: bool,
    /// The answer of every request takes so long, by the clock.
    #[serde(rename = "delay_ms", with = "millis")]
    pub delay: Duration,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            re_add: ReAdd::Available,
            custom_fields: CustomFields::ByRelease,
            undefined_field: UndefinedField::Dropped,
            list_custom_fields: false,
            save_info: None,
            save_info_method: None,
            two_factor: TwoFactor::Off,
            create_needs_two_factor: None,
            business_hours: BusinessHours::Off,
            welcome_by_default: true,
            refuse_query_and_fields: false,
            delay: Duration::ZERO,
        }
    }
}

impl Behaviour {
    pub(super) fn has_save_info(&self, version: Version) -> bool {
        // From 7.11 on, and our 7 is 7.10.
        self.save_info.unwrap_or(version >= Version::V8)
    }

    pub(super) fn has_save_info_method(&self, version: Version) -> bool {
        self.save_info_method.unwrap_or(version < Version::V8)
    }

    pub(super) fn create_needs_two_factor(&self, version: Version) -> bool {
        self.create_needs_two_factor
            .unwrap_or(version >= Version::V8)
    }

    pub(super) fn merges_custom_fields(&self, version: Version) -> bool {
        match self.custom_fields {
            // Merged since 7.5.4.
            CustomFields::ByRelease => version >= Version::V7,
            CustomFields::Replaced => false,
            CustomFields::Merged => true,
        }
    }
}

/// What adding an agent again does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReAdd {
    /// 200, and he is available again.
    Available,
    /// 200, and nothing changes.
    Unchanged,
    /// 400 without an error, and nothing changes.
    Refused,
}

/// What an update does to the custom fields that it does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomFields {
    /// They are lost up to 6, and stay from 7 on.
    ByRelease,
    /// They are lost.
    Replaced,
    /// They stay.
    Merged,
}

/// What becomes of a custom field that nobody defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndefinedField {
    /// It is left out silently.
    Dropped,
    /// 400 before anything is written.
    Refused,
    /// 400 after the user was made.
    LeavesUser,
}

/// Which second factor the callers have to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TwoFactor {
    /// None.
    Off,
    /// SHA-256 of the caller's password, in hexadecimal digits.
    Password,
    /// The code 123456, by an application.
    Totp,
    /// The same code, by mail.
    Email,
}

/// Whether business hours are on, and the agents within them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BusinessHours {
    /// Not on.
    Off,
    /// On, and open now.
    Open,
    /// On, and closed now.
    Closed,
}

/// Durations in JSON: whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(wait: &Duration, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_u64(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}
