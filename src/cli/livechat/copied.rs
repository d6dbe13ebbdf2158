//! A public livechat configuration (livechat contract §4.2.1) as a file for conf.d. Versions 6 to 8 are
//! understood; what is missing is left to the defaults, what is foreign is told and not copied.

use std::fmt::Write as _;

use serde_json::Value;
use toml::Table;

/// What was made of a configuration.
pub(super) struct Copied {
    /// The file.
    pub(super) text: String,
    /// What is not in it, for a person.
    pub(super) left: Vec<String>,
}

/// What kind of value a key has.
#[derive(Clone, Copy)]
enum Kind {
    Flag,
    Text,
    /// One of these.
    Word(&'static [&'static str]),
    /// A number, or `false` for none.
    Length,
    Texts,
}

/// A key there, a key here, and its kind.
type Row = (&'static str, &'static str, Kind);

const SETTINGS: &[Row] = &[
    ("registrationForm", "registration_form", Kind::Flag),
    (
        "allowSwitchingDepartments",
        "allow_switching_departments",
        Kind::Flag,
    ),
    (
        "nameFieldRegistrationForm",
        "name_field_registration_form",
        Kind::Flag,
    ),
    (
        "emailFieldRegistrationForm",
        "email_field_registration_form",
        Kind::Flag,
    ),
    ("displayOfflineForm", "display_offline_form", Kind::Flag),
    ("videoCall", "video_call", Kind::Flag),
    ("fileUpload", "file_upload", Kind::Flag),
    ("language", "language", Kind::Text),
    ("transcript", "transcript", Kind::Flag),
    (
        "historyMonitorType",
        "history_monitor_type",
        Kind::Word(&["url", "title"]),
    ),
    (
        "forceAcceptDataProcessingConsent",
        "force_accept_data_processing_consent",
        Kind::Flag,
    ),
    ("showConnecting", "show_connecting", Kind::Flag),
    (
        "clearLocalStorageWhenChatEnded",
        "clear_local_storage_when_chat_ended",
        Kind::Flag,
    ),
    ("limitTextLength", "limit_text_length", Kind::Length),
    ("hideWatermark", "hide_watermark", Kind::Flag),
];

/// Two of the public settings are the server's behaviour.
const BEHAVIOUR: &[Row] = &[
    ("visitorsCanCloseChat", "visitors_can_close", Kind::Flag),
    (
        "hiddenSystemMessages",
        "hidden_system_messages",
        Kind::Texts,
    ),
];

const THEME: &[Row] = &[
    ("title", "title", Kind::Text),
    ("color", "color", Kind::Text),
    ("offlineTitle", "offline_title", Kind::Text),
    ("offlineColor", "offline_color", Kind::Text),
    ("position", "position", Kind::Word(&["left", "right"])),
    ("background", "background", Kind::Text),
    ("hideExpandChat", "hide_expand_chat", Kind::Flag),
];

const MESSAGES: &[Row] = &[
    ("offlineMessage", "offline_message", Kind::Text),
    (
        "offlineSuccessMessage",
        "offline_success_message",
        Kind::Text,
    ),
    (
        "offlineUnavailableMessage",
        "offline_unavailable_message",
        Kind::Text,
    ),
    (
        "conversationFinishedMessage",
        "conversation_finished_message",
        Kind::Text,
    ),
    (
        "conversationFinishedText",
        "conversation_finished_text",
        Kind::Text,
    ),
    ("transcriptMessage", "transcript_message", Kind::Text),
    (
        "registrationFormMessage",
        "registration_form_message",
        Kind::Text,
    ),
    (
        "dataProcessingConsentText",
        "data_processing_consent_text",
        Kind::Text,
    ),
];

/// Makes the file. `config` is the answer's `config`, `version` a major version, `from` an address.
pub(super) fn fragment(config: &Value, version: Option<&str>, from: &str) -> Copied {
    let mut writing = Writing {
        text: format!(
            "# The public livechat configuration of {}. Made by `lp2rc livechat import`.\n\
             # Not public, and so not here: mail, retention, service accounts, and everything that\n\
             # [livechat.behaviour] says beside what follows.\n",
            on_one_line(from)
        ),
        left: Vec::new(),
    };
    writing.general(config, version);
    if config["enabled"] != Value::Bool(false) {
        let settings = &config["settings"];
        writing.section("behaviour", "config.settings", settings, BEHAVIOUR);
        writing.section("settings", "config.settings", settings, SETTINGS);
        writing.section("theme", "config.theme", &config["theme"], THEME);
        writing.section("messages", "config.messages", &config["messages"], MESSAGES);
        writing.unknown(settings);
        writing.departments(&config["departments"]);
        writing.custom_fields(&config["customFields"]);
        writing.triggers(&config["triggers"]);
    }
    Copied {
        text: writing.text,
        left: writing.left,
    }
}

struct Writing {
    text: String,
    left: Vec<String>,
}

impl Writing {
    // Writing into a string cannot fail, here and below.
    fn line(&mut self, key: &str, value: impl Into<toml::Value>) {
        let value = value.into();
        let _ = writeln!(self.text, "{key} = {value}");
    }

    fn leave(&mut self, what: &str, why: &str) {
        self.left.push(format!("{what}: {why}"));
    }

    fn general(&mut self, config: &Value, version: Option<&str>) {
        self.text.push_str("\n[livechat]\n");
        let enabled = config["enabled"].as_bool().unwrap_or(true);
        self.line("enabled", enabled);
        if !enabled {
            self.leave("everything else", "Livechat is switched off there");
        }
        match version {
            Some(version @ ("6" | "7" | "8")) => {
                self.text.push_str("# From /api/info.\n");
                self.line("rocketchat_version", version);
            }
            Some(other) => {
                let why = format!("{} is none of 6, 7 and 8", on_one_line(other));
                self.leave("version", &why);
            }
            None => {}
        }
    }

    fn section(&mut self, name: &str, origin: &str, from: &Value, rows: &[Row]) {
        let _ = writeln!(self.text, "\n# From {origin}.\n[livechat.{name}]");
        for (theirs, ours, kind) in rows {
            let found = &from[*theirs];
            if found.is_null() {
                continue;
            }
            match value(found, *kind) {
                Some(value) => self.line(ours, value),
                None => self.leave(
                    &format!("{origin}.{theirs}"),
                    "its value is none that is known here",
                ),
            }
        }
    }

    /// Settings that have no key in `[livechat]`.
    fn unknown(&mut self, settings: &Value) {
        for (key, _) in settings.as_object().into_iter().flatten() {
            let known = |rows: &[Row]| rows.iter().any(|(theirs, _, _)| theirs == key);
            if known(SETTINGS) || known(BEHAVIOUR) {
                continue;
            }
            let why = match key.as_str() {
                "agentHiddenInfo" => "set api.show_agent_info to its opposite",
                _ => "there is no such setting here",
            };
            self.leave(&format!("config.settings.{key}"), why);
        }
    }

    fn departments(&mut self, list: &Value) {
        let mut seen = Vec::new();
        for department in list.as_array().into_iter().flatten() {
            let Some(name) = department["name"].as_str().filter(|name| !name.is_empty()) else {
                self.leave("a department", "it has no name");
                continue;
            };
            if seen.contains(&name) {
                self.leave(&format!("department {name}"), "the name is there already");
                continue;
            }
            seen.push(name);
            if seen.len() == 1 {
                self.text.push_str(
                    "\n# From config.departments. `email`, `fallback` and `tags_required` are not public.\n",
                );
            }
            self.text.push_str("[[livechat.departments]]\n");
            self.line("name", name);
            let flag = |key: &str| department[key].as_bool().unwrap_or(false);
            self.line("show_on_registration", flag("showOnRegistration"));
            self.line("show_on_offline_form", flag("showOnOfflineForm"));
        }
    }

    fn custom_fields(&mut self, list: &Value) {
        let mut seen = Vec::new();
        for field in list.as_array().into_iter().flatten() {
            let id = field["_id"].as_str().unwrap_or_default();
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            if id.is_empty() || !id.bytes().all(plain) || seen.contains(&id) {
                self.leave(
                    &format!("custom field {id}"),
                    "the id is missing, double or no key",
                );
                continue;
            }
            seen.push(id);
            if seen.len() == 1 {
                self.text.push_str(
                    "\n# From config.customFields. The scope is not public: \"visitor\" is a guess.\n",
                );
            }
            self.text.push_str("[[livechat.custom_fields]]\n");
            let text = |key: &str| field[key].as_str().unwrap_or_default();
            self.line("id", id);
            self.line("label", text("label"));
            self.line("scope", "visitor");
            self.line("public", true);
            self.line("required", field["required"].as_bool().unwrap_or(false));
            let regexp = text("regexp");
            match regex_automata::meta::Regex::new(regexp) {
                Ok(_) => self.line("regexp", regexp),
                Err(_) => self.leave(
                    &format!("regexp of custom field {id}"),
                    "it needs more than linear time, or cannot be read",
                ),
            }
            let options = options(&field["options"]);
            let kind = text("type");
            match kind {
                "select" if options.is_empty() => {
                    self.leave(&format!("type of custom field {id}"), "it has no options");
                }
                "input" | "select" => self.line("type", kind),
                _ => {}
            }
            self.line("default_value", text("defaultValue"));
            self.line("options", options);
        }
    }

    fn triggers(&mut self, list: &Value) {
        let mut seen = Vec::new();
        for trigger in list.as_array().into_iter().flatten() {
            let id = trigger["_id"].as_str().unwrap_or_default();
            if id.is_empty() || seen.contains(&id) {
                self.leave(&format!("trigger {id}"), "the id is missing or double");
                continue;
            }
            let tables = |key: &str| {
                let items = trigger[key].as_array().into_iter().flatten();
                items.filter_map(table).collect::<Vec<_>>()
            };
            seen.push(id);
            if seen.len() == 1 {
                self.text.push_str("\n# From config.triggers.\n");
            }
            self.text.push_str("[[livechat.triggers]]\n");
            self.line("id", id);
            self.line("run_once", trigger["runOnce"].as_bool().unwrap_or(false));
            self.line("conditions", tables("conditions"));
            self.line("actions", tables("actions"));
        }
    }
}

fn value(found: &Value, kind: Kind) -> Option<toml::Value> {
    match kind {
        Kind::Flag => found.as_bool().map(Into::into),
        Kind::Text => found.as_str().map(Into::into),
        Kind::Word(words) => {
            let word = found.as_str()?;
            words.contains(&word).then(|| word.into())
        }
        Kind::Length if *found == Value::Bool(false) => Some(0.into()),
        Kind::Length => {
            let length = u32::try_from(found.as_u64()?).ok()?;
            Some(i64::from(length).into())
        }
        Kind::Texts => {
            let texts: Option<Vec<_>> = found.as_array()?.iter().map(Value::as_str).collect();
            texts.map(Into::into)
        }
    }
}

/// A list, or text with commas (older versions).
fn options(found: &Value) -> Vec<&str> {
    match found {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => {
            let parts = text.split(',').map(str::trim);
            parts.filter(|part| !part.is_empty()).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

/// An object as TOML has it: without `null`.
fn table(found: &Value) -> Option<Table> {
    match toml_value(found)? {
        toml::Value::Table(table) => Some(table),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Array(_) => None,
    }
}

fn toml_value(found: &Value) -> Option<toml::Value> {
    Some(match found {
        Value::Null => return None,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(toml_value).collect();
            toml::Value::Array(items)
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), toml_value(value)?)));
            toml::Value::Table(fields.collect())
        }
    })
}

/// For a comment: nothing may end it.
fn on_one_line(text: &str) -> String {
    text.replace(|letter: char| letter.is_control(), " ")
}
