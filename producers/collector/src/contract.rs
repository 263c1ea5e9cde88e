//! What every implementation of the collector's ports does: functions that panic where one does not. Each takes a fresh,
//! empty store.

pub mod identities;
pub mod quarantine;
pub mod settings;
