//! The ports in one file of a data folder, through redb.
//!
//! All three share the file, so that what concurrent requests write is one commit, one sync of the disk. Raw ids and
//! refused bodies are sealed. Another process may read the file meanwhile (redb's single-writer mode).

mod identities;
mod keys;
mod quarantine;
mod settings;
mod store;

pub use identities::EmbeddedIdentities;
pub use quarantine::EmbeddedQuarantine;
pub use settings::EmbeddedSettings;

use std::path::Path;

use store::Store;
pub use store::StoreError;

use crate::seal::Sealer;

/// The collector's file, opened.
pub struct EmbeddedStores {
    /// The identity table.
    pub identities: EmbeddedIdentities,
    /// The quarantine.
    pub quarantine: EmbeddedQuarantine,
    /// The settings and their log.
    pub settings: EmbeddedSettings,
}

impl EmbeddedStores {
    /// Opens the file for writing, made anew if absent; one process at a time. It is closed when the last of the three
    /// is dropped.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be opened, is no such file, or another process writes it.
    pub fn open(path: &Path, sealer: Sealer) -> Result<EmbeddedStores, StoreError> {
        Store::open(path).map(|store| EmbeddedStores::over(store, sealer))
    }

    /// Opens the file for reading, beside a process that writes it. Writes are refused.
    ///
    /// # Errors
    /// [`StoreError`] when the file is absent or cannot be opened.
    pub fn open_read_only(path: &Path, sealer: Sealer) -> Result<EmbeddedStores, StoreError> {
        Store::open_read_only(path).map(|store| EmbeddedStores::over(store, sealer))
    }

    fn over(store: Store, sealer: Sealer) -> EmbeddedStores {
        EmbeddedStores {
            identities: EmbeddedIdentities::new(store.clone(), sealer.clone()),
            quarantine: EmbeddedQuarantine::new(store.clone(), sealer),
            settings: EmbeddedSettings::new(store),
        }
    }
}
