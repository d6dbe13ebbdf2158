//! `[mapping]`: how the roster becomes the target's model. For the room `mapping`.

mod department;
mod states;

#[cfg(test)]
mod cases;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use self::{department::Department, states::States};
use super::error::ConfigError;
use crate::domain::{
    MappingRules,
    rules::{
        CustomFieldRules, DepartmentRule, EmailLogin, EmailRules, Participants, SkillRules,
        UnmappedSkill, UsernameRules,
    },
};

/// `[mapping]` as it was typed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    states: States,
    skills: Skills,
    roles: Roles,
    username: Username,
    email: Email,
    custom_fields: CustomFields,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Skills {
    unmapped: Unmapped,
    default_department: Option<Department>,
    map: BTreeMap<String, Department>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Unmapped {
    Ignore,
    Default,
    #[default]
    Each,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Roles {
    agent: String,
    groups: BTreeMap<String, Vec<String>>,
    privileges: BTreeMap<String, Vec<String>>,
}

impl Default for Roles {
    fn default() -> Self {
        let rules = MappingRules::default();
        Self {
            agent: rules.agent_role,
            groups: rules.group_roles,
            privileges: rules.privilege_roles,
        }
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Username {
    from_email: FromEmail,
    lower_case: bool,
    prefix: String,
    replacement: char,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
enum FromEmail {
    LocalPart,
    Whole,
}

impl Default for Username {
    fn default() -> Self {
        let rules = UsernameRules::default();
        Self {
            from_email: match rules.from_email {
                EmailLogin::LocalPart => FromEmail::LocalPart,
                EmailLogin::Whole => FromEmail::Whole,
            },
            lower_case: rules.lower_case,
            prefix: rules.prefix,
            replacement: rules.replacement,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Email {
    missing: MissingEmail,
    template: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum MissingEmail {
    #[default]
    Leave,
    Template,
    Exclude,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct CustomFields {
    source_id: String,
    group: String,
    privilege_group: String,
    voice: String,
}

impl Default for CustomFields {
    fn default() -> Self {
        let rules = CustomFieldRules::default();
        Self {
            source_id: rules.source_id,
            group: rules.group,
            privilege_group: rules.privilege_group,
            voice: rules.voice,
        }
    }
}

impl Typed {
    /// Together with `[participants]`, everything the room `mapping` obeys.
    pub(super) fn meaning(self, participants: Participants) -> Result<MappingRules, ConfigError> {
        let roles = self.roles.checked()?;
        Ok(MappingRules {
            states: self.states.meaning()?,
            skills: self.skills.meaning()?,
            agent_role: roles.agent,
            group_roles: roles.groups,
            privilege_roles: roles.privileges,
            custom_fields: self.custom_fields.meaning()?,
            username: self.username.meaning()?,
            email: self.email.meaning()?,
            participants,
        })
    }
}

fn wrong<T>(key: &str, why: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError::meaning(&format!("mapping.{key}"), why))
}

/// Refuses empty keys and keys that differ only in case, which the room `mapping` ignores.
fn distinct<'a>(
    table: &str,
    keys: impl IntoIterator<Item = &'a String>,
) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for key in keys {
        if key.trim().is_empty() {
            return wrong(table, "has an empty key");
        }
        if !seen.insert(key.to_lowercase()) {
            let why = format!("names \"{key}\" twice; upper and lower case are the same here");
            return wrong(table, why);
        }
    }
    Ok(())
}

impl Skills {
    fn meaning(self) -> Result<SkillRules, ConfigError> {
        distinct("skills.map", self.map.keys())?;
        let mut map = BTreeMap::new();
        for (skill, department) in self.map {
            let rule = department.meaning(&format!("mapping.skills.map.{skill}"))?;
            map.insert(skill, rule);
        }
        let default = self
            .default_department
            .map(|department| department.meaning("mapping.skills.default_department"));
        let unmapped = match (self.unmapped, default.transpose()?) {
            (Unmapped::Ignore, None) => UnmappedSkill::Ignore,
            (Unmapped::Each, None) => UnmappedSkill::Each,
            (Unmapped::Default, Some(rule)) => UnmappedSkill::Default(rule),
            (Unmapped::Default, None) => {
                return wrong(
                    "skills.default_department",
                    "is missing; `unmapped = \"default\"` needs the department to use",
                );
            }
            (Unmapped::Ignore | Unmapped::Each, Some(_)) => {
                return wrong(
                    "skills.default_department",
                    "has no effect; set `unmapped = \"default\"` or take it out",
                );
            }
        };
        let default = match &unmapped {
            UnmappedSkill::Default(rule) => Some(rule),
            UnmappedSkill::Ignore | UnmappedSkill::Each => None,
        };
        one_id_a_name(map.values().chain(default))?;
        Ok(SkillRules { map, unmapped })
    }
}

/// A name with two ids would be two departments that look like one, and an id with two names one
/// department whose name depends on the weather.
fn one_id_a_name<'a>(
    rules: impl IntoIterator<Item = &'a DepartmentRule>,
) -> Result<(), ConfigError> {
    let (mut ids, mut names) = (BTreeMap::new(), BTreeMap::new());
    for rule in rules {
        let (name, Some(id)) = (&rule.name, &rule.id) else {
            continue;
        };
        if *ids.entry(name).or_insert(id) != id {
            return wrong("skills", format!("gives the department \"{name}\" two ids"));
        }
        if *names.entry(id).or_insert(name) != name {
            return wrong(
                "skills",
                format!("gives the department id \"{id}\" two names"),
            );
        }
    }
    Ok(())
}

impl Roles {
    fn checked(self) -> Result<Self, ConfigError> {
        distinct("roles.groups", self.groups.keys())?;
        distinct("roles.privileges", self.privileges.keys())?;
        let extra = self.groups.values().chain(self.privileges.values());
        let mut all: Vec<_> = extra.flatten().collect();
        all.push(&self.agent);
        if all
            .iter()
            .any(|role| role.is_empty() || role.trim() != *role)
        {
            return wrong(
                "roles",
                "holds a role that is empty or has blanks around it",
            );
        }
        Ok(self)
    }
}

impl Username {
    fn meaning(self) -> Result<UsernameRules, ConfigError> {
        // `[0-9a-zA-Z-_.]`: admin contract §2.2.
        let accepted = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !matches!(self.replacement, '-' | '_' | '.') {
            return wrong("username.replacement", "must be `-`, `_` or `.`");
        }
        if !self.prefix.chars().all(accepted) {
            return wrong(
                "username.prefix",
                "may hold only letters and digits of ASCII, `-`, `_` and `.`",
            );
        }
        Ok(UsernameRules {
            from_email: match self.from_email {
                FromEmail::LocalPart => EmailLogin::LocalPart,
                FromEmail::Whole => EmailLogin::Whole,
            },
            lower_case: self.lower_case,
            prefix: self.prefix,
            replacement: self.replacement,
        })
    }
}

impl Email {
    fn meaning(self) -> Result<EmailRules, ConfigError> {
        match (self.missing, self.template) {
            (MissingEmail::Leave, None) => Ok(EmailRules::Leave),
            (MissingEmail::Exclude, None) => Ok(EmailRules::Exclude),
            (MissingEmail::Template, Some(pattern)) => Self::checked(pattern),
            (MissingEmail::Template, None) => wrong(
                "email.template",
                "is missing; write for example \"{username}@agents.example.org\"",
            ),
            (MissingEmail::Leave | MissingEmail::Exclude, Some(_)) => wrong(
                "email.template",
                "has no effect; set `missing = \"template\"` or take it out",
            ),
        }
    }

    fn checked(pattern: String) -> Result<EmailRules, ConfigError> {
        let plain = pattern.replace("{username}", "u").replace("{id}", "i");
        if plain == pattern {
            return wrong(
                "email.template",
                "must hold {username} or {id}, or all agents would share one address",
            );
        }
        let parts: Vec<_> = plain.split('@').collect();
        let spelled = !plain.contains(|c: char| matches!(c, '{' | '}') || c.is_whitespace());
        if !spelled || parts.len() != 2 || parts.iter().any(|part| part.is_empty()) {
            return wrong(
                "email.template",
                "is not an address; write for example \"{username}@agents.example.org\"",
            );
        }
        Ok(EmailRules::Template(pattern))
    }
}

impl CustomFields {
    fn meaning(self) -> Result<CustomFieldRules, ConfigError> {
        let names = [
            &self.source_id,
            &self.group,
            &self.privilege_group,
            &self.voice,
        ];
        let mut seen = BTreeSet::new();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            // A dot or a dollar sign would be a path or an operator to the target's database.
            if !name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
            {
                let why =
                    format!("\"{name}\" may hold only letters and digits of ASCII, `-` and `_`");
                return wrong("custom_fields", why);
            }
            if !seen.insert(name) {
                return wrong("custom_fields", format!("uses \"{name}\" for two things"));
            }
        }
        Ok(CustomFieldRules {
            source_id: self.source_id,
            group: self.group,
            privilege_group: self.privilege_group,
            voice: self.voice,
        })
    }
}
