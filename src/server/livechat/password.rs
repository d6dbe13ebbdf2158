//! Passwords of service accounts: argon2id over the SHA-256 that the target's clients send instead of
//! the password itself (admin contract §1.1). Deliberately slow: never on a thread of the runtime.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};

use super::account::sha256_hex;

/// The PHC string of a password, with a salt of its own, for `password_hash` in the configuration;
/// `None` when the system gives no chance.
pub fn hash_password(password: &str) -> Option<String> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).ok()?;
    let digest = sha256_hex(password);
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(digest.as_bytes(), &salt)
        .ok()?;
    Some(hash.to_string())
}

/// A new token of 43 signs with 256 bits of chance, and its hash for `token_hash` in the
/// configuration; `None` when the system gives no chance.
pub fn random_token() -> Option<(String, String)> {
    let token = fresh_token()?;
    let hash = sha256_hex(&token);
    Some((token, hash))
}

/// A new token in the form of the target's own: 43 signs of base64url.
pub(super) fn fresh_token() -> Option<String> {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = [0_u8; 43];
    getrandom::fill(&mut bytes).ok()?;
    let signs = bytes.map(|byte| char::from(SIGNS[usize::from(byte & 63)]));
    Some(signs.into_iter().collect())
}

/// Whether a text has the form of such a token.
pub(super) fn is_token(text: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.len() == 43 && text.bytes().all(sign)
}

/// Whether a digest (SHA-256 in lower-case hexadecimal) belongs to a kept hash. Takes as long as the
/// hash's own parameters say, whatever the outcome.
pub(super) fn fits(kept: &str, digest: &str) -> bool {
    PasswordHash::new(kept).is_ok_and(|kept| {
        Argon2::default()
            .verify_password(digest.as_bytes(), &kept)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_hash_fits_its_own_password_only_and_has_its_own_salt() {
        let (one, two) = (
            hash_password("höchst").unwrap(),
            hash_password("höchst").unwrap(),
        );
        assert_ne!(one, two);
        assert!(one.starts_with("$argon2id$v=19$"), "{one}");
        assert!(fits(&one, &sha256_hex("höchst")));
        assert!(!fits(&one, &sha256_hex("hochst")));
        assert!(!fits(&one, "höchst"), "the digest counts, not the text");
        assert!(!fits("$argon2id$", &sha256_hex("höchst")));
    }

    #[test]
    fn tokens_have_the_targets_form_and_are_distinct() {
        let tokens: BTreeSet<_> = (0..200).filter_map(|_| random_token()).collect();
        assert_eq!(tokens.len(), 200);
        for (token, hash) in tokens {
            assert!(is_token(&token), "{token}");
            assert_eq!(hash, sha256_hex(&token));
        }
        assert!(!is_token("short") && !is_token(&"é".repeat(43)));
    }
}
