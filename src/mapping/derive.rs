//! Ids that anybody can compute again: the same thing gets the same id on every machine, so a lost
//! mapping can be rebuilt and two instances agree.

use sha2::{Digest, Sha256};

use crate::domain::AccountId;

/// Names the format below. A new format needs a new name; the old one is a promise.
const FORMAT: &str = "lp2rc-id-1";

/// The target's own alphabet for ids: no characters that look alike.
const ALPHABET: &[u8; 55] = b"23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz";

/// Characters in an id of the target.
const LENGTH: usize = 17;

/// Bytes from here up are thrown away: 220 is the last multiple of 55 in a byte, so that no
/// character is likelier than another.
const UNBIASED: u8 = 220;

/// What an id stands for. The words are part of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An agent; the key is the id in the source.
    Agent,
    /// A department; the key is its name.
    Department,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Department => "department",
        }
    }
}

/// The 17-character id (about 98 bits) of `key` among things of one kind in one account.
///
/// Blocks of SHA-256 over format, account, kind and key, each led by its length in bytes as eight
/// big-endian bytes, then the block's number from 0 as four; each byte below 220, modulo 55, gives
/// one character.
#[must_use]
pub fn derive_id(account: &AccountId, kind: Kind, key: &str) -> String {
    let mut tuple = Sha256::new();
    for part in [FORMAT, account.as_str(), kind.word(), key] {
        tuple.update((part.len() as u64).to_be_bytes());
        tuple.update(part);
    }
    let characters = (0u32..).flat_map(|block| {
        let digest = tuple.clone().chain_update(block.to_be_bytes()).finalize();
        <[u8; 32]>::from(digest)
            .into_iter()
            .filter(|byte| *byte < UNBIASED)
            .map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]))
    });
    characters.take(LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed by another implementation (Python's hashlib) from the description above.
    #[test]
    fn the_format_is_a_promise() {
        let cases = [
            ("12345678", Kind::Agent, "4711", "TMcBKzqYhjAbD4RwY"),
            ("12345678", Kind::Department, "Sales", "nm3KxzbE7QXFPAtMh"),
            ("", Kind::Agent, "", "PWThtB5MEeMZQWiCC"),
            (
                "le-1",
                Kind::Department,
                "Größe & Umtausch",
                "EXbjn9zdMorLfmhDz",
            ),
            // Needs a second block: the first has only 16 usable bytes.
            ("12345678", Kind::Agent, "516715", "Y2MFNZo8GswqDAx6Y"),
        ];
        for (account, kind, key, expect) in cases {
            let id = derive_id(&AccountId::new(account), kind, key);
            assert_eq!(id, expect, "{account} {kind:?} {key}");
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let one = derive_id(&AccountId::new("1"), Kind::Agent, "23");
        let other = derive_id(&AccountId::new("12"), Kind::Agent, "3");
        assert_ne!(one, other);
        let department = derive_id(&AccountId::new("1"), Kind::Department, "23");
        assert_ne!(one, department);
    }
}
