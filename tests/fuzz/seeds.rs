//! Inputs made of the corpus: each file, and files with edits that parsers stumble over.

use std::{ops::Bound, path::Path};

use bolero::{Driver, ValueGenerator};

/// An edited input never grows beyond this, so that a million of them stay quick.
const LONGEST: usize = 16 * 1024;

/// Files of `tests/fuzz/corpus/{folder}` and of other folders, by their ending.
pub(crate) fn files(folders: &[(&str, &str)]) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found: Vec<_> = folders
        .iter()
        .flat_map(|(folder, ending)| {
            let entries = std::fs::read_dir(root.join(folder)).unwrap();
            entries
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|ext| ext == *ending))
                .collect::<Vec<_>>()
        })
        .collect();
    // The order of a directory is nobody's; a seed must mean the same everywhere.
    found.sort();
    assert!(found.len() > 3, "an empty corpus proves nothing");
    found
        .into_iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// Makes inputs of a corpus.
pub(crate) struct Edited {
    seeds: Vec<Vec<u8>>,
    /// Pieces that mean something to the parser.
    words: &'static [&'static str],
}

impl Edited {
    pub(crate) fn new(seeds: Vec<Vec<u8>>, words: &'static [&'static str]) -> Self {
        Self { seeds, words }
    }

    pub(crate) fn seeds(&self) -> &[Vec<u8>] {
        &self.seeds
    }

    fn edit<D: Driver>(&self, driver: &mut D, text: &mut Vec<u8>) -> Option<()> {
        let at = below(driver, text.len() + 1)?;
        let length = below(driver, 33)?.min(text.len() - at);
        match below(driver, 10)? {
            0 => text.truncate(at),
            1 => drop(text.drain(at..at + length)),
            2 => text.insert(at, driver.produce()?),
            3 if at < text.len() => text[at] = driver.produce()?,
            4 if at < text.len() => text[at] ^= 1 << below(driver, 8)?,
            // The same piece many times.
            5 => {
                let piece = text[at..at + length].repeat(1 + below(driver, 64)?);
                text.splice(at..at, piece);
            }
            // A piece of another file.
            6 => {
                let other = &self.seeds[below(driver, self.seeds.len())?];
                let from = below(driver, other.len() + 1)?;
                let to = (from + below(driver, 129)?).min(other.len());
                text.splice(at..at, other[from..to].iter().copied());
            }
            // A piece moved elsewhere.
            7 => {
                let piece: Vec<u8> = text.drain(at..at + length).collect();
                let to = below(driver, text.len() + 1)?;
                text.splice(to..to, piece);
            }
            _ => {
                let word = self.words[below(driver, self.words.len())?];
                let over = if driver.gen_bool(None)? { length } else { 0 };
                text.splice(at..at + over, word.bytes());
            }
        }
        text.truncate(LONGEST);
        Some(())
    }
}

impl ValueGenerator for Edited {
    type Output = Vec<u8>;

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<Vec<u8>> {
        let mut text = self.seeds[below(driver, self.seeds.len())?].clone();
        for _ in 0..below(driver, 7)? {
            self.edit(driver, &mut text)?;
        }
        Some(text)
    }
}

/// A number below `end`, which is not 0.
pub(crate) fn below<D: Driver>(driver: &mut D, end: usize) -> Option<usize> {
    driver.gen_usize(Bound::Included(&0), Bound::Excluded(&end))
}

/// One of a few.
pub(crate) fn one<D: Driver, T: Clone>(driver: &mut D, of: &[T]) -> Option<T> {
    Some(of[below(driver, of.len())?].clone())
}
