//! The ports, simulated: each call waits for its turn, may fail in every way that its port allows, and is watched.

pub mod manifest;
pub mod storage;
pub mod stores;
pub mod stream;
pub mod table;
