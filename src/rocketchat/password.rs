//! Passwords that nobody knows: one for each new user, sent once and kept nowhere.

use secrecy::SecretString;

/// 16 letters carry 64 bits and more; 40 of these 64 carry 240.
const LENGTH: usize = 40;

/// 64 signs, so that six bits choose one without favour.
const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// One of each kind, for workspaces with a password policy. They add nothing to chance.
const KINDS: &str = "aA0-";

/// A random password from the system's own source; `None` when that gives nothing.
pub(super) fn random() -> Option<SecretString> {
    let mut bytes = [0_u8; LENGTH];
    getrandom::fill(&mut bytes).ok()?;
    let signs = bytes.map(|byte| char::from(SIGNS[usize::from(byte & 63)]));
    let password: String = signs.into_iter().chain(KINDS.chars()).collect();
    Some(SecretString::from(password))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn passwords_are_long_different_and_of_every_kind() {
        let some: BTreeSet<String> = (0..200)
            .map(|_| random().unwrap().expose_secret().to_owned())
            .collect();
        assert_eq!(some.len(), 200);
        for password in &some {
            assert_eq!(password.len(), LENGTH + KINDS.len());
            let has = |kind: fn(&char) -> bool| password.chars().any(|sign| kind(&sign));
            assert!(has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase));
            assert!(has(char::is_ascii_digit) && has(char::is_ascii_punctuation));
        }
        let used: BTreeSet<char> = some.iter().flat_map(|password| password.chars()).collect();
        assert_eq!(used.len(), 64, "every sign is used");
    }
}
