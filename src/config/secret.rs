//! A secret from exactly one of three places: inline, a file, or systemd's credential directory.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::error::ConfigError;

/// The three places as they were typed. No `Debug`: the secret may be in it.
pub(super) struct Places {
    /// Dotted key of the inline form: `liveperson.password`. The other two end in `_file` and
    /// `_credential`.
    pub(super) key: &'static str,
    pub(super) inline: Option<String>,
    pub(super) file: Option<PathBuf>,
    /// Name of a file below `$CREDENTIALS_DIRECTORY`.
    pub(super) credential: Option<String>,
}

impl Places {
    /// Whether any of the three is given.
    pub(super) fn any(&self) -> bool {
        self.inline.is_some() || self.file.is_some() || self.credential.is_some()
    }

    /// Reads the secret. `credentials` is the directory that systemd names.
    pub(super) fn read(self, credentials: Option<&Path>) -> Result<SecretString, ConfigError> {
        let key = self.key;
        let wrong =
            |suffix: &str, why: String| Err(ConfigError::meaning(&format!("{key}{suffix}"), why));
        let (suffix, text) = match (self.inline, self.file, self.credential) {
            (Some(inline), None, None) => ("", inline),
            (None, Some(path), None) => match from_file(&path) {
                Ok(text) => ("_file", text),
                Err(why) => return wrong("_file", why),
            },
            (None, None, Some(name)) => {
                if name.is_empty() || name.contains('/') || name == ".." {
                    return wrong(
                        "_credential",
                        "must be the name of one credential, as in LoadCredential=".to_owned(),
                    );
                }
                let Some(directory) = credentials else {
                    return wrong(
                        "_credential",
                        "names a credential, but $CREDENTIALS_DIRECTORY is not set; it is there only in a systemd unit with LoadCredential=".to_owned(),
                    );
                };
                match from_file(&directory.join(name)) {
                    Ok(text) => ("_credential", text),
                    Err(why) => return wrong("_credential", why),
                }
            }
            (None, None, None) => {
                let name = key.rsplit('.').next().unwrap_or(key);
                return wrong(
                    "",
                    format!(
                        "is missing; set `{name}_file` or `{name}_credential` (better), or `{name}`"
                    ),
                );
            }
            (_, _, _) => {
                let name = key.rsplit('.').next().unwrap_or(key);
                return wrong(
                    "",
                    format!(
                        "is given twice, of `{name}`, `{name}_file` and `{name}_credential`; keep one of them"
                    ),
                );
            }
        };
        if text.trim().is_empty() {
            return wrong(suffix, "holds no secret".to_owned());
        }
        Ok(SecretString::from(text))
    }
}

/// Editors end a file with a line break, which is no part of the secret.
fn from_file(path: &Path) -> Result<String, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => Err(format!(
            "cannot read {}: {error}; make it readable for the user lp2rc runs as",
            path.display()
        )),
    }
}
