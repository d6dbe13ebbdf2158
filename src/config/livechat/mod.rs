//! `[livechat]`: the rehearsal of Rocket.Chat's Livechat. For the rooms `conversation` and `server`.

mod accounts;
mod fields;
mod limits;
mod mail;
mod settings;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

pub use accounts::{Account, Role};
pub use fields::{CustomField, DepartmentSettings, Scope, Trigger};
pub use limits::{FileLimits, RealtimeLimits, Retention};
pub use mail::{Delivery, MailConfig, SmtpConfig, SmtpSecurity, is_address};
pub use settings::{Behaviour, Settings, Texts, Theme};

use super::{duration::Span, error::ConfigError};

/// `[livechat]` as it was typed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    enabled: bool,
    rocketchat_version: String,
    site_url: String,
    site_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    widget_dir: Option<PathBuf>,
    agent_gone: String,
    agent_gone_after: Span,
    max_body: u64,
    behaviour: Behaviour,
    settings: Settings,
    theme: Theme,
    messages: Texts,
    triggers: Vec<Trigger>,
    departments: Vec<DepartmentSettings>,
    custom_fields: Vec<CustomField>,
    accounts: Vec<accounts::Typed>,
    files: limits::TypedFiles,
    mail: mail::Typed,
    realtime: limits::TypedRealtime,
    retention: limits::TypedRetention,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            enabled: true,
            rocketchat_version: "8".to_owned(),
            site_url: String::new(),
            site_name: "Rocket.Chat".to_owned(),
            widget_dir: None,
            agent_gone: "keep".to_owned(),
            agent_gone_after: Span::seconds(60),
            max_body: 1_048_576,
            behaviour: Behaviour::default(),
            settings: Settings::default(),
            theme: Theme::default(),
            messages: Texts::default(),
            triggers: Vec::new(),
            departments: Vec::new(),
            custom_fields: Vec::new(),
            accounts: Vec::new(),
            files: limits::TypedFiles::default(),
            mail: mail::Typed::default(),
            realtime: limits::TypedRealtime::default(),
            retention: limits::TypedRetention::default(),
        }
    }
}

/// The Rocket.Chat whose documented differences are shown (livechat contract §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 6.x
    V6,
    /// 7.x
    V7,
    /// 8.x
    V8,
}

/// What becomes of the chats of an agent who is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentGone {
    /// Nothing: they wait for them. Rocket.Chat's own default.
    Keep,
    /// They go back into the queue.
    Requeue,
    /// They go to another agent of the same department; nobody free: back into the queue.
    Forward,
}

/// How the livechat face behaves.
#[derive(Clone, Debug)]
pub struct LivechatConfig {
    /// `Livechat_enabled`.
    pub enabled: bool,
    /// Whose differences are shown.
    pub version: Version,
    /// Absolute address that clients know the bridge by, without a slash at the end; empty: what
    /// the request's `Host` says.
    pub site_url: String,
    /// `Site_Name`, in mails.
    pub site_name: String,
    /// An installed build of the official widget, served at `/livechat`.
    pub widget_dir: Option<PathBuf>,
    /// The rule for agents who go away.
    pub agent_gone: AgentGone,
    /// How long they may be away before it applies.
    pub agent_gone_after: Duration,
    /// Largest body of a request that is not an upload, in bytes.
    pub max_body: u64,
    /// What the server does.
    pub behaviour: Behaviour,
    /// `config.settings`.
    pub settings: Settings,
    /// `config.theme`.
    pub theme: Theme,
    /// `config.messages`.
    pub messages: Texts,
    /// `config.triggers`.
    pub triggers: Vec<Trigger>,
    /// What LivePerson does not know of departments, by name.
    pub departments: Vec<DepartmentSettings>,
    /// Definitions of custom fields.
    pub custom_fields: Vec<CustomField>,
    /// Who may use the authenticated endpoints.
    pub accounts: Vec<Account>,
    /// Uploads.
    pub files: FileLimits,
    /// Offline messages and transcripts.
    pub mail: MailConfig,
    /// `/websocket`.
    pub realtime: RealtimeLimits,
    /// How long what is kept.
    pub retention: Retention,
}

impl Typed {
    pub(super) fn meaning(self, credentials: Option<&Path>) -> Result<LivechatConfig, ConfigError> {
        let wrong =
            |key: &str, why: &str| Err(ConfigError::meaning(&format!("livechat.{key}"), why));
        let version = match self.rocketchat_version.as_str() {
            "6" => Version::V6,
            "7" => Version::V7,
            "8" => Version::V8,
            _ => return wrong("rocketchat_version", "must be \"6\", \"7\" or \"8\""),
        };
        let agent_gone = match self.agent_gone.as_str() {
            "keep" => AgentGone::Keep,
            "requeue" => AgentGone::Requeue,
            "forward" => AgentGone::Forward,
            _ => return wrong("agent_gone", "must be \"keep\", \"requeue\" or \"forward\""),
        };
        let site_url = self.site_url.trim_end_matches('/').to_owned();
        if !(site_url.is_empty()
            || site_url.starts_with("http://")
            || site_url.starts_with("https://"))
        {
            return wrong(
                "site_url",
                "must begin with http:// or https://, or be empty",
            );
        }
        if self.max_body < 1_024 {
            return wrong("max_body", "must be at least 1024 bytes");
        }
        settings::check(&self.behaviour, &self.settings, &self.theme)?;
        fields::check(&self.custom_fields)?;
        fields::check_lists(&self.triggers, &self.departments)?;
        Ok(LivechatConfig {
            enabled: self.enabled,
            version,
            site_url,
            site_name: self.site_name,
            widget_dir: self.widget_dir,
            agent_gone,
            agent_gone_after: self.agent_gone_after.0,
            max_body: self.max_body,
            behaviour: self.behaviour,
            settings: self.settings,
            theme: self.theme,
            messages: self.messages,
            triggers: self.triggers,
            departments: self.departments,
            custom_fields: self.custom_fields,
            accounts: accounts::meaning(self.accounts)?,
            files: self.files.meaning()?,
            mail: self.mail.meaning(credentials)?,
            realtime: self.realtime.meaning()?,
            retention: self.retention.meaning()?,
        })
    }
}
