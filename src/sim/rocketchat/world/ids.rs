//! Ids as Rocket.Chat makes them: 17 letters and digits that cannot be taken for each other.

const LETTERS: &[u8] = b"23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz";

/// Makes ids; the same seed gives the same ids in the same order.
#[derive(Debug)]
pub(super) struct Ids {
    dice: fastrand::Rng,
}

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            dice: fastrand::Rng::with_seed(seed),
        }
    }

    /// An id of 17 characters.
    pub(super) fn id(&mut self) -> String {
        self.text(17)
    }

    /// A login token of 43 characters.
    pub(super) fn token(&mut self) -> String {
        self.text(43)
    }

    fn text(&mut self, size: usize) -> String {
        (0..size)
            .map(|_| char::from(LETTERS[self.dice.usize(..LETTERS.len())]))
            .collect()
    }
}
