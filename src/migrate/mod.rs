//! The move: check, plan, guard, apply, verify, connect, undo, in reviewed steps and waves.

pub mod wire;
