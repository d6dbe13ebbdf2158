//! Roster to Desired: pure rules, each a table.
