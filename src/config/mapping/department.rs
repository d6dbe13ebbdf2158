//! A department as people write it: `"Sales"`, or `{ name = "Sales", id = "…" }`.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, value::MapAccessDeserializer},
};

use crate::{config::ConfigError, domain::rules::DepartmentRule};

/// A department as it was typed.
#[derive(Clone, Debug)]
pub(super) struct Department(Full);

/// The long form.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Full {
    name: String,
    id: Option<String>,
}

impl Department {
    pub(super) fn meaning(&self, key: &str) -> Result<DepartmentRule, ConfigError> {
        let Full { name, id } = &self.0;
        let wrong = |why: &str| Err(ConfigError::meaning(key, why));
        if name.trim().is_empty() {
            return wrong("needs a name for the department");
        }
        if id.as_ref().is_some_and(|id| id.trim().is_empty()) {
            return wrong("has an empty `id`; leave it out to have one made from the name");
        }
        Ok(DepartmentRule {
            name: name.trim().to_owned(),
            id: id.as_ref().map(|id| id.trim().to_owned()),
        })
    }
}

impl Serialize for Department {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.id {
            None => serializer.serialize_str(&self.0.name),
            Some(_) => self.0.serialize(serializer),
        }
    }
}

// By hand: an untagged enum would answer every mistake with "did not match any variant".
impl<'de> Deserialize<'de> for Department {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl<'de> de::Visitor<'de> for Visitor {
    type Value = Department;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a department, or { name = \"…\", id = \"…\" }")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Department, E> {
        Ok(Department(Full {
            name: name.to_owned(),
            id: None,
        }))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Department, A::Error> {
        Full::deserialize(MapAccessDeserializer::new(map)).map(Department)
    }
}
