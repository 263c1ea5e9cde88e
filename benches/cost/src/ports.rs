//! The product's ports, each in a wrapper that counts what AWS would charge for.

mod identities;
mod manifest;
mod settings;
mod storage;
mod stream;
mod table;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use identities::{CountingIdentities, IdentityCounts};
pub use manifest::{CountingManifest, ManifestCounts};
pub use settings::{CountingSettings, SettingsCounts};
pub use storage::{CountingStorage, StorageCounts};
pub use stream::{CountingStream, StreamCounts};
pub use table::{CountingTable, ItemKind, KindCounts, TableCounts};

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
