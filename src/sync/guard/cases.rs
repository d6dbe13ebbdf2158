//! Limits, as a table.
