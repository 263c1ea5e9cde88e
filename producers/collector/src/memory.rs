//! The ports in memory: for tests, and the plainest statement of what they do.

mod identities;
mod quarantine;
mod settings;

pub use identities::MemoryIdentities;
pub use quarantine::MemoryQuarantine;
pub use settings::MemorySettings;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A panic while a map was locked leaves it whole: each change is one call on it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
