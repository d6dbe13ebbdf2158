//! Long stretches of time over real sockets, in one process (DESIGN decision "time is a port").

pub(crate) mod clockwork;
pub(crate) mod pair;
