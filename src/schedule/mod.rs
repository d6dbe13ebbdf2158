//! When a cycle runs: one at a time, never dead, always stoppable.
