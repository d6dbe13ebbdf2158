//! The workspace's records, with an index for every look-up: users, departments, memberships,
//! settings, rights, tokens. Every change goes through a method here, so that the indexes stay
//! true and it is known whether a request took effect.

mod department;
mod digest;
mod handle;
mod ids;
mod members;
mod rights;
mod settings;
mod user;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use ahash::AHashMap;
use serde_json::Value;

use self::ids::Ids;
pub use self::{
    department::{SimDepartment, SimMember},
    handle::{NewUser, WorldHandle},
    user::{SimEmail, SimUser},
};
pub(super) use self::{
    rights::{ROLES, is_role},
    user::{AGENT, Hidden},
};
use super::setup::{Edition, SimConfig};
use crate::domain::Timestamp;

/// A mail that Rocket.Chat would have sent.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SimMail {
    /// `welcome` or `reset`.
    pub kind: String,
    /// To which address.
    pub to: String,
}

/// A login token or personal access token.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) user: String,
    /// Requests made with it skip the second factor (contract §1.1).
    pub(super) bypass: bool,
    /// The second factor was given, and is remembered until then.
    pub(super) trusted_until: std::time::Duration,
}

/// Everything that the workspace holds.
#[derive(Debug)]
pub(super) struct World {
    users: AHashMap<String, SimUser>,
    /// Exact names, in the order of lists.
    by_username: BTreeMap<String, String>,
    /// Names without case: what must be unique.
    folded: AHashMap<String, String>,
    /// Addresses without case.
    by_email: AHashMap<String, String>,
    /// Users who take a seat.
    seated: usize,
    pub(super) tokens: AHashMap<String, Token>,
    departments: BTreeMap<String, SimDepartment>,
    /// By department and agent.
    members: BTreeMap<(String, String), SimMember>,
    of_agent: AHashMap<String, BTreeSet<String>>,
    settings: BTreeMap<String, Value>,
    pub(super) permissions: BTreeMap<String, BTreeSet<String>>,
    /// Open chats by agent and department.
    pub(super) chats: BTreeMap<(String, String), u32>,
    pub(super) mails: Vec<SimMail>,
    pub(super) seats: Option<u32>,
    pub(super) edition: Edition,
    ids: Ids,
    /// Time of the request in hand.
    pub(super) now: Timestamp,
    /// The request in hand took effect.
    pub(super) changed: bool,
}

impl World {
    /// The workspace of a simulator that starts now: the bridge's own user and the foreign ones.
    pub(super) fn new(config: &SimConfig, now: Timestamp) -> Self {
        let mut world = Self {
            users: AHashMap::new(),
            by_username: BTreeMap::new(),
            folded: AHashMap::new(),
            by_email: AHashMap::new(),
            seated: 0,
            tokens: AHashMap::new(),
            departments: BTreeMap::new(),
            members: BTreeMap::new(),
            of_agent: AHashMap::new(),
            settings: settings::defaults(),
            permissions: rights::defaults(),
            chats: BTreeMap::new(),
            mails: Vec::new(),
            seats: config.seats,
            edition: config.edition,
            ids: Ids::new(config.seed),
            now,
            changed: false,
        };
        if !config.custom_fields.is_empty() {
            let fields: serde_json::Map<_, _> = config
                .custom_fields
                .iter()
                .map(|name| {
                    let field = serde_json::json!({ "type": "text", "required": false });
                    (name.clone(), field)
                })
                .collect();
            let fields = Value::from(Value::Object(fields).to_string());
            world
                .settings
                .insert("Accounts_CustomFields".to_owned(), fields);
        }
        if !config.bypass {
            world
                .permissions
                .insert("api-bypass-rate-limit".to_owned(), BTreeSet::new());
        }
        world.populate(config);
        world.changed = false;
        world
    }

    fn populate(&mut self, config: &SimConfig) {
        let bridge = SimUser {
            id: config.user_id.clone(),
            name: "Bridge".to_owned(),
            roles: config.roles.clone(),
            password: Hidden(config.password.clone()),
            ..self.blank(&config.username)
        };
        self.insert_user(bridge);
        self.tokens.insert(
            config.token.clone(),
            Token {
                user: config.user_id.clone(),
                bypass: config.bypass_two_factor,
                trusted_until: std::time::Duration::ZERO,
            },
        );
        for number in 0..config.users {
            let user = match number {
                0 => SimUser {
                    id: "rocket.cat".to_owned(),
                    name: "Rocket.Cat".to_owned(),
                    kind: "bot".to_owned(),
                    roles: vec!["bot".to_owned()],
                    emails: Vec::new(),
                    status: "online".to_owned(),
                    ..self.blank("rocket.cat")
                },
                1 => SimUser {
                    name: "Administrator".to_owned(),
                    roles: vec!["admin".to_owned(), "user".to_owned()],
                    ..self.blank("admin")
                },
                2 => SimUser {
                    name: "Plain Person".to_owned(),
                    ..self.blank("plain.person")
                },
                more => SimUser {
                    name: format!("Person {more}"),
                    ..self.blank(&format!("person.{more}"))
                },
            };
            self.insert_user(user);
        }
    }

    /// An active, plain, never seen user with an address of his own.
    pub(super) fn blank(&mut self, username: &str) -> SimUser {
        SimUser {
            id: self.ids.id(),
            username: username.to_owned(),
            name: username.to_owned(),
            emails: vec![SimEmail {
                address: format!("{username}@example.com"),
                verified: true,
            }],
            roles: vec!["user".to_owned()],
            kind: "user".to_owned(),
            active: true,
            status: "offline".to_owned(),
            created_at: self.now,
            updated_at: self.now,
            ..SimUser::default()
        }
    }

    pub(super) fn new_id(&mut self) -> String {
        self.ids.id()
    }

    pub(super) fn new_token(&mut self) -> String {
        self.ids.token()
    }

    /// A setting's value.
    pub(super) fn setting(&self, id: &str) -> Option<&Value> {
        self.settings.get(id)
    }

    /// All settings.
    pub(super) fn settings(&self) -> &BTreeMap<String, Value> {
        &self.settings
    }

    /// Changes a setting that exists. Whether it does.
    pub(super) fn set(&mut self, id: &str, value: Value) -> bool {
        let Some(old) = self.settings.get_mut(id) else {
            return false;
        };
        self.changed |= *old != value;
        *old = value;
        true
    }

    pub(super) fn is_on(&self, id: &str) -> bool {
        self.setting(id).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(super) fn text(&self, id: &str) -> &str {
        self.setting(id).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn number(&self, id: &str) -> u64 {
        self.setting(id).and_then(Value::as_u64).unwrap_or_default()
    }

    /// Whether a user may do something.
    pub(super) fn may(&self, user: &str, permission: &str) -> bool {
        let roles = self.permissions.get(permission);
        let user = self.users.get(user);
        match (roles, user) {
            (Some(roles), Some(user)) => user.roles.iter().any(|role| roles.contains(role)),
            _ => false,
        }
    }
}

fn fold(text: &str) -> String {
    text.to_lowercase()
}
