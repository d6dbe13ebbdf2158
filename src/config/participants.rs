//! `[participants]`: who takes part. For the room `mapping`.

use serde::{Deserialize, Serialize};

use super::error::ConfigError;
use crate::domain::rules::{Participants, Selection};

/// `[participants]` as it was typed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Typed {
    include: Marks,
    exclude: Marks,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Marks {
    ids: Vec<String>,
    logins: Vec<String>,
    groups: Vec<String>,
    skills: Vec<String>,
}

impl Typed {
    pub(super) fn meaning(self) -> Result<Participants, ConfigError> {
        Ok(Participants {
            include: self.include.meaning("include")?,
            exclude: self.exclude.meaning("exclude")?,
        })
    }
}

impl Marks {
    fn meaning(self, table: &str) -> Result<Selection, ConfigError> {
        let trimmed = |key: &str, texts: Vec<String>| {
            let texts: Vec<_> = texts.iter().map(|text| text.trim().to_owned()).collect();
            if texts.iter().any(String::is_empty) {
                let key = format!("participants.{table}.{key}");
                return Err(ConfigError::meaning(
                    &key,
                    "holds an empty text; take it out",
                ));
            }
            Ok(texts)
        };
        Ok(Selection {
            ids: trimmed("ids", self.ids)?,
            logins: trimmed("logins", self.logins)?,
            groups: trimmed("groups", self.groups)?,
            skills: trimmed("skills", self.skills)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Participants, String> {
        let typed: Typed = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        typed.meaning().map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_typed_is_the_default() {
        assert_eq!(check(""), Ok(Participants::default()));
    }

    #[test]
    fn both_tables_are_read() {
        let text = r#"
            include.groups = ["Sales team", " 12 "]
            [exclude]
            ids = ["7"]
            logins = ["ada"]
            skills = ["Test"]
        "#;
        let some = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let expect = Participants {
            include: Selection {
                groups: some(&["Sales team", "12"]),
                ..Selection::default()
            },
            exclude: Selection {
                ids: some(&["7"]),
                logins: some(&["ada"]),
                groups: Vec::new(),
                skills: some(&["Test"]),
            },
        };
        assert_eq!(check(text), Ok(expect));
    }

    #[test]
    fn nonsense_is_refused_with_its_key() {
        let cases = [
            ("include.ids = [\" \"]", "`participants.include.ids`"),
            ("exclude.skills = [\"\"]", "`participants.exclude.skills`"),
            ("exclude.login = [\"a\"]", "unknown field `login`"),
            ("include.ids = [7]", "expected a string"),
        ];
        for (text, expect) in cases {
            let error = check(text).unwrap_err();
            assert!(error.contains(expect), "{text}: {error}");
        }
    }
}
