//! Layers: defaults, file, `conf.d/*.toml` beside it, `LP2RC_…` variables, flags. Later ones win,
//! and every value remembers where it came from.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::{
    ApiConfig, ConfigError, LivePersonConfig, LivechatConfig, LogConfig, MigrateConfig,
    OperationsConfig, RocketChatConfig, ScheduleConfig, StateConfig, api, livechat, liveperson,
    mapping, migrate, operations, participants, rocketchat, routing, schedule, state, sync,
};
use crate::domain::{MappingRules, MergeRules, RoutingRules};

/// Everything as it was typed, section by section. No `Debug`: there is a password in it.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    liveperson: liveperson::Typed,
    schedule: schedule::Typed,
    sync: sync::Typed,
    mapping: mapping::Typed,
    participants: participants::Typed,
    routing: routing::Typed,
    rocketchat: rocketchat::Typed,
    migrate: migrate::Typed,
    api: api::Typed,
    livechat: livechat::Typed,
    operations: operations::Typed,
    state: state::Typed,
    log: LogConfig,
}

/// Everything as it is meant. Each room is handed its own section only.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[liveperson]`
    pub liveperson: LivePersonConfig,
    /// `[schedule]`
    pub schedule: ScheduleConfig,
    /// `[sync]`
    pub merge: MergeRules,
    /// `[mapping]` and `[participants]`
    pub mapping: MappingRules,
    /// `[routing]`
    pub routing: RoutingRules,
    /// `[rocketchat]` and `[migrate]`; `None` without a target.
    pub target: Option<Arc<TargetConfig>>,
    /// `[api]`
    pub api: ApiConfig,
    /// `[livechat]`
    pub livechat: Arc<LivechatConfig>,
    /// `[operations]`
    pub operations: OperationsConfig,
    /// `[state]`
    pub state: StateConfig,
    /// `[log]`
    pub log: LogConfig,
}

/// Where agents are moved to, and how.
#[derive(Clone, Debug)]
pub struct TargetConfig {
    /// `[rocketchat]`
    pub rocketchat: RocketChatConfig,
    /// `[migrate]`
    pub migrate: MigrateConfig,
}

/// A configuration that holds, and the story of each value.
#[derive(Clone)]
pub struct Loaded {
    /// What it means.
    pub config: Config,
    effective: Table,
    origins: BTreeMap<String, String>,
}

impl std::fmt::Debug for Loaded {
    /// The meaning alone: the values as typed hold the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Where values may come from.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The main file.
    pub file: Option<PathBuf>,
    /// Variables; those that start with `LP2RC_` count, and systemd's `CREDENTIALS_DIRECTORY`.
    pub variables: Vec<(String, String)>,
    /// Dotted key and text, from the command line.
    pub flags: Vec<(String, String)>,
}

impl Layers {
    /// The given file and the variables of this process.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        Self {
            file,
            variables: std::env::vars().collect(),
            flags: Vec::new(),
        }
    }
}

/// Reads all layers.
pub fn load(layers: &Layers) -> Result<Loaded, ConfigError> {
    let defaults = defaults();
    let mut merged = Table::new();
    let mut origins = BTreeMap::new();
    for path in layers.file.iter().flat_map(|file| files(file)) {
        overlay(
            &mut merged,
            read(&path)?,
            "",
            &path.display().to_string(),
            &mut origins,
        );
    }
    for (name, text) in &layers.variables {
        let Some(rest) = name
            .strip_prefix("LP2RC_")
            .filter(|rest| !is_of_a_service(rest))
        else {
            continue;
        };
        let key = rest.to_lowercase().replace("__", ".");
        set(
            &mut merged,
            &key,
            typed_like(&defaults, &key, text),
            name,
            &mut origins,
        )?;
    }
    for (key, text) in &layers.flags {
        set(
            &mut merged,
            key,
            typed_like(&defaults, key, text),
            "the command line",
            &mut origins,
        )?;
    }
    let credentials = layers.variables.iter();
    let credentials = credentials
        .filter(|(name, _)| name == "CREDENTIALS_DIRECTORY")
        .map(|(_, path)| PathBuf::from(path))
        .next_back();
    finish(merged, defaults, origins, credentials.as_deref())
}

/// The defaults as a table: shape and types of every key that has one.
pub(super) fn defaults() -> Table {
    Table::try_from(Typed::default()).unwrap_or_default()
}

fn finish(
    merged: Table,
    defaults: Table,
    origins: BTreeMap<String, String>,
    credentials: Option<&Path>,
) -> Result<Loaded, ConfigError> {
    let typed: Typed = serde_path_to_error::deserialize(Value::Table(merged.clone()))
        .map_err(|error| key_error(&error.path().to_string(), error.inner().message(), &origins))?;
    let config = meaning(typed, credentials).map_err(|error| match error {
        ConfigError::Key { key, origin, why } if origin.is_empty() => ConfigError::Key {
            origin: origin_of(&origins, &key),
            key,
            why,
        },
        told @ (ConfigError::Key { .. }
        | ConfigError::Unreadable { .. }
        | ConfigError::Syntax { .. }) => told,
    })?;
    let mut effective = defaults;
    overlay(&mut effective, merged, "", "", &mut BTreeMap::new());
    Ok(Loaded {
        config,
        effective,
        origins,
    })
}

fn meaning(typed: Typed, credentials: Option<&Path>) -> Result<Config, ConfigError> {
    let mapping = typed.mapping.meaning(typed.participants.meaning()?)?;
    let target = match typed.rocketchat.meaning(credentials)? {
        None => None,
        Some(rocketchat) => Some(Arc::new(TargetConfig {
            rocketchat,
            migrate: typed.migrate.meaning(&mapping, credentials)?,
        })),
    };
    let api = typed.api.meaning()?;
    let mut livechat = typed.livechat.meaning(credentials)?;
    livechat.mail.names_agents = api.show_agent_info;
    let config = Config {
        liveperson: typed.liveperson.meaning(credentials)?,
        schedule: typed.schedule.meaning()?,
        merge: typed.sync.meaning()?,
        mapping,
        routing: typed.routing.meaning()?,
        target,
        api,
        livechat: Arc::new(livechat),
        operations: typed.operations.meaning()?,
        state: typed.state.meaning()?,
        log: typed.log.meaning()?,
    };
    if config.schedule.deadline <= config.liveperson.total_timeout {
        return Err(ConfigError::meaning(
            "schedule.deadline",
            "must be longer than `liveperson.total_timeout`, or a slow answer is never told from a slow cycle",
        ));
    }
    if config.api.listen == config.operations.listen && config.api.listen.port() != 0 {
        return Err(ConfigError::meaning(
            "operations.listen",
            "is the same address as `api.listen`; the two need one each",
        ));
    }
    Ok(config)
}

/// The main file, then `conf.d/*.toml` beside it by name.
fn files(main: &Path) -> Vec<PathBuf> {
    let mut found = vec![main.to_owned()];
    let folder = main.parent().unwrap_or(Path::new(".")).join("conf.d");
    let mut extra: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    extra.sort();
    found.append(&mut extra);
    found
}

fn read(path: &Path) -> Result<Table, ConfigError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: shown.clone(),
        source,
    })?;
    text.parse::<Table>().map_err(|error| {
        let why = error.message().lines().collect::<Vec<_>>().join("; ");
        // What is nested too deeply has no place.
        let why = error.span().map_or(why.clone(), |span| {
            let line = text[..span.start].matches('\n').count() + 1;
            format!("line {line}: {why}")
        });
        ConfigError::Syntax { path: shown, why }
    })
}

/// Puts `upper` over `under`, key by key; lists are replaced as a whole.
fn overlay(
    under: &mut Table,
    upper: Table,
    prefix: &str,
    origin: &str,
    origins: &mut BTreeMap<String, String>,
) {
    for (key, value) in upper {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match (under.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => {
                overlay(below, above, &path, origin, origins);
            }
            (_, Value::Table(above)) => {
                let mut fresh = Table::new();
                overlay(&mut fresh, above, &path, origin, origins);
                under.insert(key, Value::Table(fresh));
            }
            (_, value) => {
                origins.insert(path, origin.to_owned());
                under.insert(key, value);
            }
        }
    }
}

fn set(
    table: &mut Table,
    key: &str,
    value: Value,
    origin: &str,
    origins: &mut BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    let mut names: Vec<_> = key.split('.').collect();
    let Some(last) = names
        .pop()
        .filter(|last| !last.is_empty() && !names.is_empty())
    else {
        return Err(ConfigError::Key {
            key: key.to_owned(),
            origin: origin.to_owned(),
            why: "names no setting; write LP2RC_SECTION__KEY".to_owned(),
        });
    };
    let mut upper = Table::from_iter([(last.to_owned(), value)]);
    for name in names.into_iter().rev() {
        upper = Table::from_iter([(name.to_owned(), Value::Table(upper))]);
    }
    overlay(table, upper, "", origin, origins);
    Ok(())
}

/// Text from a variable or flag as the type that the key has: a key whose default is text (or
/// that has no default) takes the text as it is, others are read as TOML.
fn typed_like(defaults: &Table, key: &str, text: &str) -> Value {
    let mut place = Some(defaults);
    let mut names = key.split('.').peekable();
    let mut found = None;
    while let (Some(table), Some(name)) = (place, names.next()) {
        found = table.get(name);
        place = found.and_then(Value::as_table);
        if names.peek().is_some() && place.is_none() {
            found = None;
        }
    }
    match found {
        None | Some(Value::String(_)) => Value::String(text.to_owned()),
        Some(_) => format!("x = {text}")
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("x"))
            .unwrap_or_else(|| Value::String(text.to_owned())),
    }
}

fn key_error(path: &str, message: &str, origins: &BTreeMap<String, String>) -> ConfigError {
    let unknown = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next());
    let path = path.trim_start_matches('.');
    let key = match unknown {
        // The path may or may not already end in the unknown field.
        Some(field) if path == field || path.ends_with(&format!(".{field}")) => path.to_owned(),
        Some(field) if path.is_empty() => field.to_owned(),
        Some(field) => format!("{path}.{field}"),
        None => path.to_owned(),
    };
    if is_secret(key.rsplit('.').next().unwrap_or(&key)) {
        // The parser's own message would show the value.
        let (origin, why) = (
            origin_of(origins, &key),
            "must be text in quotes".to_owned(),
        );
        return ConfigError::Key { key, origin, why };
    }
    let why = match unknown {
        Some(_) => format!(
            "is not a setting ({})",
            message
                .split_once(", ")
                .map_or("see config/lp2rc.toml", |(_, rest)| rest)
        ),
        None => message.lines().collect::<Vec<_>>().join("; "),
    };
    ConfigError::Key {
        origin: origin_of(origins, &key),
        key,
        why,
    }
}

/// Kubernetes tells every container about a Service called `lp2rc` by such variables.
fn is_of_a_service(name: &str) -> bool {
    let of = |word: &str| name == word || name.starts_with(&format!("{word}_"));
    !name.contains("__") && (of("PORT") || of("SERVICE_HOST") || of("SERVICE_PORT"))
}

/// Whether the value of a key must never be shown.
fn is_secret(name: &str) -> bool {
    matches!(
        name,
        "password"
            | "password_hash"
            | "client_secret"
            | "token"
            | "token_hash"
            | "routing_token"
            | "webhook_token"
    )
}

/// A value as it may be shown: secrets in lists of tables are stars too.
fn shown(key: &str, value: &Value) -> Value {
    if is_secret(key) {
        return Value::String("*****".to_owned());
    }
    match value {
        Value::Array(items) => Value::Array(items.iter().map(|item| shown("", item)).collect()),
        Value::Table(table) => {
            let keys = table.iter();
            let hidden = keys.map(|(key, value)| (key.clone(), shown(key, value)));
            Value::Table(hidden.collect())
        }
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => value.clone(),
    }
}

/// Where a key was set, or the nearest thing below or above it.
fn origin_of(origins: &BTreeMap<String, String>, key: &str) -> String {
    // Lists are remembered as a whole.
    let key = key.split('[').next().unwrap_or(key);
    let below = format!("{key}.");
    let mut up = Some(key);
    while let Some(name) = up {
        if let Some(origin) = origins.get(name) {
            return origin.clone();
        }
        up = name.rsplit_once('.').map(|(parent, _)| parent);
    }
    origins
        .range(below.clone()..)
        .next()
        .filter(|(found, _)| found.starts_with(&below))
        .map_or_else(
            || "the configuration".to_owned(),
            |(_, origin)| origin.clone(),
        )
}

impl Loaded {
    /// Every effective value with where it came from, as TOML. Secrets are stars.
    pub fn dump(&self) -> String {
        let mut text = String::new();
        self.dump_table(&self.effective, "", &mut text);
        text
    }

    fn dump_table(&self, table: &Table, prefix: &str, text: &mut String) {
        use std::fmt::Write as _;
        let leaves: Vec<_> = table
            .iter()
            .filter(|(_, value)| !value.is_table())
            .collect();
        if !leaves.is_empty() {
            let _ = writeln!(
                text,
                "{}[{prefix}]",
                if text.is_empty() { "" } else { "\n" }
            );
        }
        for (key, value) in leaves {
            let path = format!("{prefix}.{key}");
            let shown = shown(key, value).to_string();
            let origin = self.origins.get(&path).map_or("default", String::as_str);
            let _ = writeln!(text, "{key} = {shown}  # {origin}");
        }
        for (key, value) in table {
            if let Value::Table(inner) = value {
                let quoted = if key
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
                {
                    key.clone()
                } else {
                    Value::String(key.clone()).to_string()
                };
                let path = if prefix.is_empty() {
                    quoted
                } else {
                    format!("{prefix}.{quoted}")
                };
                self.dump_table(inner, &path, text);
            }
        }
    }
}
