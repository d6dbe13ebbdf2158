//! One number that says whether roster and mapping are what the cursor believes them to be.
//!
//! sled checks its pages, but a damaged log may be cut back to an older or thinner state that
//! reads well. The cursor therefore carries the sum of a hash of every roster and identity row:
//! cheap to move with a commit (old row out, new row in), whatever the order of rows.
//!
//! It finds accidents, not attackers. The formula is part of the stored form: never change it
//! without a new record version.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The sum. Wraps around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally(u64);

impl Tally {
    pub(crate) fn add(&mut self, key: &str, value: &[u8]) {
        self.0 = self.0.wrapping_add(hash(key, value));
    }

    pub(crate) fn remove(&mut self, key: &str, value: &[u8]) {
        self.0 = self.0.wrapping_sub(hash(key, value));
    }
}

/// Eight bytes at a time: 100,000 agents are hashed at every start.
fn hash(key: &str, value: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = (key.len() as u64) << 32 | value.len() as u64;
    for part in [key.as_bytes(), value] {
        for chunk in part.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            state = (state.rotate_left(23) ^ u64::from_le_bytes(word)).wrapping_mul(ODD);
        }
    }
    state ^= state >> 32;
    state = state.wrapping_mul(ODD);
    state ^ (state >> 29)
}

impl Serialize for Tally {
    /// Hexadecimal text: other readers of JSON lose digits of a 64-bit number.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Tally {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16)
            .map(Self)
            .map_err(|_| serde::de::Error::custom("not hexadecimal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(rows: &[(&str, &str)]) -> Tally {
        let mut tally = Tally::default();
        for (key, value) in rows {
            tally.add(key, value.as_bytes());
        }
        tally
    }

    #[test]
    fn the_formula_is_a_promise() {
        let text =
            serde_json::to_string(&tally(&[("roster/1", "{\"v\":1,\"id\":\"1\"}")])).unwrap();
        assert_eq!(text, "\"7ad62ba65e7e98de\"");
        assert_eq!(
            serde_json::from_str::<Tally>(&text).unwrap(),
            tally(&[("roster/1", "{\"v\":1,\"id\":\"1\"}")])
        );
    }

    #[test]
    fn order_does_not_count_and_everything_else_does() {
        let both = tally(&[("a", "1"), ("b", "2")]);
        assert_eq!(both, tally(&[("b", "2"), ("a", "1")]));
        for other in [
            tally(&[("a", "1")]),
            tally(&[("a", "2"), ("b", "1")]),
            tally(&[("a", "1"), ("b", "2"), ("b", "2")]),
            tally(&[("a1", ""), ("b2", "")]),
            tally(&[("a", "1\0"), ("b", "2")]),
        ] {
            assert_ne!(both, other);
        }
    }

    #[test]
    fn what_was_added_can_be_taken_out() {
        let mut moved = tally(&[("a", "1"), ("b", "2")]);
        moved.remove("b", b"2");
        moved.add("b", b"3");
        assert_eq!(moved, tally(&[("a", "1"), ("b", "3")]));
    }
}
