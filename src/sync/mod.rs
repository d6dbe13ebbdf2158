//! One cycle: poll, merge, map, keep, publish. The same function for the daemon and the one-shot.

pub mod merge;
