//! One cycle: poll, merge, map, keep, publish.
