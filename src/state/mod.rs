//! Durable state: sled and memory behind the store ports.
