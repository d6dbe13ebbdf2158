//! Simulators: a LivePerson world by seed, over real sockets.
