//! Ids as Meteor makes them (livechat contract §1.10).

/// 55 characters that nobody confuses.
const ALPHABET: &[u8; 55] = b"23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz";

/// Length of an id: 98 bits of chance.
const LENGTH: usize = 17;

/// A new id of 17 characters, from the system's own source of chance: rooms' ids are not secret, but
/// must not be guessable in a row either.
pub fn random_id() -> String {
    let mut id = String::with_capacity(LENGTH);
    let mut bytes = [0u8; 32];
    while id.len() < LENGTH {
        if getrandom::fill(&mut bytes).is_err() {
            // Without the system's chance ids are still distinct.
            bytes = std::array::from_fn(|_| fastrand::u8(..));
        }
        for byte in bytes {
            // 220 is the greatest multiple of 55 in a byte: above it some characters would be likelier.
            if byte < 220 && id.len() < LENGTH {
                id.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
            }
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_meteors_form_and_are_distinct() {
        let ids: std::collections::BTreeSet<_> = (0..1_000).map(|_| random_id()).collect();
        assert_eq!(ids.len(), 1_000);
        for id in ids {
            assert!(id.len() == LENGTH && id.bytes().all(|byte| ALPHABET.contains(&byte)));
        }
    }
}
