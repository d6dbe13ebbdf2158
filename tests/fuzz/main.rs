//! Fuzz targets as ordinary tests, with a committed corpus.
//!
//! `cargo test --test fuzz` runs a few thousand inputs per target. For longer:
//! `BOLERO_RANDOM_ITERATIONS=1000000` (inputs per target) or `BOLERO_RANDOM_TEST_TIME_MS=60000`.
//! A failure prints its seed; `BOLERO_RANDOM_SEED=…` runs that input again. Inputs are files of
//! `corpus/`, those with edits, and documents that the target writes itself and so knows.
//! `tests/acceptance/liveperson_fuzz.sh` runs a million of each and prints the figures.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod bounds;
mod figures;
mod seeds;
mod written;

mod config;
mod decode;
mod discovery;
mod link;
mod redact;

/// Inputs per target when nothing else is asked for.
const INPUTS: usize = 2_000;
