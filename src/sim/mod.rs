//! Simulators: a LivePerson world by seed, over real sockets. They are product: the demo, rehearsals
//! and tests talk to them. They write their own JSON and XML and share no wire structs with the
//! engines, so that a misreading of the contract cannot hide on both sides.

pub mod crew;
pub mod liveperson;
pub mod rocketchat;
