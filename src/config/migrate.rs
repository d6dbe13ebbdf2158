//! `[migrate]`: what the move may do, and how. For the room `migrate`.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{error::ConfigError, secret::Places};
use crate::domain::{
    MappingRules,
    moving::{GuardRules, Limit, Login, MissingEmail, MovePolicy, MoveRules, REST, Removal, Wave},
    rules::Selection,
};

/// `[migrate]` as it was typed.
#[derive(Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    policy: Option<String>,
    login: Option<String>,
    missing_email: Option<String>,
    email_template: Option<String>,
    department_email: Option<String>,
    show_on_registration: bool,
    departments: String,
    single_department: String,
    removal: String,
    protected_users: Vec<String>,
    protected_roles: Vec<String>,
    acknowledge: Vec<String>,
    attempts: u32,
    stop_after_failures: usize,
    waves: Vec<WaveTyped>,
    guard: GuardTyped,
    connect: ConnectTyped,
}

impl Default for Typed {
    fn default() -> Self {
        Self {
            policy: None,
            login: None,
            missing_email: None,
            email_template: None,
            department_email: None,
            show_on_registration: false,
            departments: "each".to_owned(),
            single_department: "Customer service".to_owned(),
            removal: Removal::NotAvailable.word().to_owned(),
            protected_users: Vec::new(),
            protected_roles: vec!["admin".to_owned()],
            acknowledge: Vec::new(),
            attempts: 5,
            stop_after_failures: 50,
            waves: Vec::new(),
            guard: GuardTyped::default(),
            connect: ConnectTyped::default(),
        }
    }
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct WaveTyped {
    name: String,
    ids: Vec<String>,
    logins: Vec<String>,
    groups: Vec<String>,
    skills: Vec<String>,
}

#[derive(Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct GuardTyped {
    minimum: usize,
    removals_percent: u8,
    removals_count: usize,
    absences_percent: u8,
    absences_count: usize,
    mapping_percent: u8,
    mapping_count: usize,
    opened_percent: u8,
    opened_count: usize,
}

impl Default for GuardTyped {
    fn default() -> Self {
        let rules = GuardRules::default();
        Self {
            minimum: rules.minimum,
            removals_percent: rules.removals.percent,
            removals_count: rules.removals.count,
            absences_percent: rules.absences.percent,
            absences_count: rules.absences.count,
            mapping_percent: rules.mapping.percent,
            mapping_count: rules.mapping.count,
            opened_percent: rules.opened.percent,
            opened_count: rules.opened.count,
        }
    }
}

#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct ConnectTyped {
    routing_url: Option<String>,
    routing_token: Option<String>,
    routing_token_file: Option<PathBuf>,
    routing_token_credential: Option<String>,
    webhook_url: Option<String>,
    webhook_token: Option<String>,
    webhook_token_file: Option<PathBuf>,
    webhook_token_credential: Option<String>,
}

/// What the move may do.
#[derive(Clone, Debug)]
pub struct MigrateConfig {
    /// What decides plans.
    pub rules: MoveRules,
    /// Limits of plans.
    pub guard: GuardRules,
    /// Warnings that were read and accepted, by name.
    pub acknowledge: Vec<String>,
    /// Tries of one write, the first one included.
    pub attempts: u32,
    /// A run stops by itself after so many failed changes.
    pub stop_after_failures: usize,
    /// What `connect` sets.
    pub connect: ConnectConfig,
}

/// What `connect` sets; what is `None` is left alone.
#[derive(Clone, Debug, Default)]
pub struct ConnectConfig {
    /// External routing (contract §5).
    pub routing: Option<Endpoint>,
    /// Webhooks (contract §6).
    pub webhook: Option<Endpoint>,
}

/// An address of ours that the target calls, and the secret by which we know it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// A bare address, without a query.
    pub url: String,
    /// Prints as stars.
    pub token: SecretString,
}

impl Typed {
    /// Needed only where there is a target; then what has no default must be said.
    pub(super) fn meaning(
        self,
        mapping: &MappingRules,
        credentials: Option<&Path>,
    ) -> Result<MigrateConfig, ConfigError> {
        let missing_email = self.missing_email()?;
        let Some(department_email) = self
            .department_email
            .clone()
            .filter(|one| one.contains('@'))
        else {
            return wrong(
                "department_email",
                "must be an address for new departments, which Rocket.Chat wants: \"{name}@departments.example.org\"",
            );
        };
        let single = match self.departments.as_str() {
            "each" => None,
            "one" if !self.single_department.trim().is_empty() => {
                Some(self.single_department.trim().to_owned())
            }
            "one" => return wrong("single_department", "holds no name"),
            _ => return wrong("departments", "must be \"each\" or \"one\""),
        };
        if self.attempts == 0 || self.attempts > 20 {
            return wrong("attempts", "must be from 1 to 20");
        }
        if self.stop_after_failures == 0 {
            return wrong("stop_after_failures", "must be at least 1");
        }
        let rules = MoveRules {
            policy: required(
                "policy",
                self.policy.as_deref(),
                &MovePolicy::ALL,
                MovePolicy::word,
            )?,
            login: required("login", self.login.as_deref(), &Login::ALL, Login::word)?,
            missing_email,
            removal: required("removal", Some(&self.removal), &Removal::ALL, Removal::word)?,
            waves: waves(self.waves)?,
            department_email,
            show_on_registration: self.show_on_registration,
            single_department: single,
            protected_users: self.protected_users,
            protected_roles: self.protected_roles,
            agent_role: mapping.agent_role.clone(),
            managed_roles: managed_roles(mapping),
            id_field: mapping.custom_fields.source_id.clone(),
            custom_fields: custom_fields(mapping),
        };
        Ok(MigrateConfig {
            rules,
            guard: self.guard.meaning()?,
            acknowledge: self.acknowledge,
            attempts: self.attempts,
            stop_after_failures: self.stop_after_failures,
            connect: self.connect.meaning(credentials)?,
        })
    }

    fn missing_email(&self) -> Result<MissingEmail, ConfigError> {
        match (self.missing_email.as_deref(), &self.email_template) {
            (Some("skip"), None) => Ok(MissingEmail::Skip),
            (Some("skip"), Some(_)) => wrong(
                "email_template",
                "is given though `missing_email` is \"skip\"; keep one of the two",
            ),
            (Some("template"), Some(template))
                if template.contains('@')
                    && (template.contains("{username}") || template.contains("{id}")) =>
            {
                Ok(MissingEmail::Template(template.clone()))
            }
            (Some("template"), _) => wrong(
                "email_template",
                "must be an address with {username} or {id} in it, so that no two agents share it",
            ),
            (Some(other), _) => wrong(
                "missing_email",
                &format!("`{other}` is none of \"skip\", \"template\""),
            ),
            (None, _) => wrong(
                "missing_email",
                "must be said, \"skip\" or \"template\": Rocket.Chat wants an address for every user",
            ),
        }
    }
}

fn wrong<T>(key: &str, why: &str) -> Result<T, ConfigError> {
    Err(ConfigError::meaning(&format!("migrate.{key}"), why))
}

/// The value of that word; there is no default.
fn required<T: Copy>(
    key: &str,
    given: Option<&str>,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<T, ConfigError> {
    let found = given.and_then(|given| all.iter().find(|one| word(**one) == given));
    let Some(one) = found else {
        let known: Vec<_> = all
            .iter()
            .map(|one| format!("\"{}\"", word(*one)))
            .collect();
        let known = known.join(", ");
        let why = match given {
            Some(other) => format!("`{other}` is none of {known}"),
            None => format!("must be said where there is a [rocketchat]: {known}"),
        };
        return wrong(key, &why);
    };
    Ok(*one)
}

fn waves(typed: Vec<WaveTyped>) -> Result<Vec<Wave>, ConfigError> {
    let mut waves: Vec<Wave> = Vec::with_capacity(typed.len());
    for wave in typed {
        let name = wave.name.trim().to_owned();
        if name.is_empty() || name == REST || waves.iter().any(|other| other.name == name) {
            return wrong(
                "waves",
                &format!(
                    "`{name}` cannot be a wave's name: it is empty, given twice, or `{REST}`, which means those whom no wave selects"
                ),
            );
        }
        let include = Selection {
            ids: wave.ids,
            logins: wave.logins,
            groups: wave.groups,
            skills: wave.skills,
        };
        if include.is_empty() {
            return wrong(
                "waves",
                &format!("`{name}` selects nobody; give it ids, logins, groups or skills"),
            );
        }
        waves.push(Wave { name, include });
    }
    Ok(waves)
}

/// Every role that the mapping can give.
fn managed_roles(mapping: &MappingRules) -> Vec<String> {
    let groups = mapping.group_roles.values();
    let given = groups.chain(mapping.privilege_roles.values()).flatten();
    let mut roles: Vec<_> = given.chain([&mapping.agent_role]).cloned().collect();
    roles.sort();
    roles.dedup();
    roles
}

/// Every custom field that the mapping fills.
fn custom_fields(mapping: &MappingRules) -> Vec<String> {
    let fields = &mapping.custom_fields;
    let all = [
        &fields.source_id,
        &fields.group,
        &fields.privilege_group,
        &fields.voice,
    ];
    all.into_iter()
        .filter(|name| !name.is_empty())
        .cloned()
        .collect()
}

impl GuardTyped {
    fn meaning(&self) -> Result<GuardRules, ConfigError> {
        let limit = |key: &str, percent, count| {
            if percent > 100 {
                return wrong(&format!("guard.{key}_percent"), "must be from 0 to 100");
            }
            Ok(Limit { percent, count })
        };
        Ok(GuardRules {
            minimum: self.minimum,
            removals: limit("removals", self.removals_percent, self.removals_count)?,
            absences: limit("absences", self.absences_percent, self.absences_count)?,
            mapping: limit("mapping", self.mapping_percent, self.mapping_count)?,
            opened: limit("opened", self.opened_percent, self.opened_count)?,
        })
    }
}

impl ConnectTyped {
    fn meaning(self, credentials: Option<&Path>) -> Result<ConnectConfig, ConfigError> {
        let routing = Places {
            key: "migrate.connect.routing_token",
            inline: self.routing_token,
            file: self.routing_token_file,
            credential: self.routing_token_credential,
        };
        let webhook = Places {
            key: "migrate.connect.webhook_token",
            inline: self.webhook_token,
            file: self.webhook_token_file,
            credential: self.webhook_token_credential,
        };
        Ok(ConnectConfig {
            routing: endpoint(
                "connect.routing_url",
                self.routing_url,
                routing,
                credentials,
            )?,
            webhook: endpoint(
                "connect.webhook_url",
                self.webhook_url,
                webhook,
                credentials,
            )?,
        })
    }
}

fn endpoint(
    key: &str,
    url: Option<String>,
    token: Places,
    credentials: Option<&Path>,
) -> Result<Option<Endpoint>, ConfigError> {
    let Some(url) = url else {
        if token.any() {
            return wrong(key, "is missing beside its token");
        }
        return Ok(None);
    };
    let scheme = url.starts_with("http://") || url.starts_with("https://");
    if !scheme || url.contains(['?', '#', '@']) {
        return wrong(
            key,
            "must be a bare http or https address: some Rocket.Chats append their query blindly",
        );
    }
    Ok(Some(Endpoint {
        url,
        token: token.read(credentials)?,
    }))
}
