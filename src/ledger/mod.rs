//! The one book of holds and picks over the latest snapshot.
