//! The catalogue's port: where readers find each partition.

pub mod contract;
mod glue;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use thiserror::Error;
use trilha_lake::Partition;

pub use glue::GlueCatalogue;

/// Why the catalogue did not answer.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// The call failed and may or may not have happened. Asking again is safe.
    #[error("the catalogue is unavailable: {0}")]
    Unavailable(String),
}

/// Tells readers which folder holds a partition. It goes to where it was last told to; who asks for what lies with the
/// caller.
pub trait Catalogue: Send + Sync + 'static {
    /// The folder below `events` that readers of a partition are sent to; `None` for none.
    fn location(&self, partition: &Partition) -> impl Future<Output = Result<Option<String>, CatalogueError>> + Send;

    /// Sends readers of a partition to a folder below `events`; answers whether they were sent elsewhere before, or
    /// nowhere.
    fn move_to(&self, partition: &Partition, folder: &str)
    -> impl Future<Output = Result<bool, CatalogueError>> + Send;
}

/// A catalogue that is gone with the process, for tests.
#[derive(Debug, Default)]
pub struct MemoryCatalogue(Mutex<BTreeMap<Partition, String>>);

impl MemoryCatalogue {
    fn folders(&self) -> MutexGuard<'_, BTreeMap<Partition, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Catalogue for MemoryCatalogue {
    async fn location(&self, partition: &Partition) -> Result<Option<String>, CatalogueError> {
        Ok(self.folders().get(partition).cloned())
    }

    async fn move_to(&self, partition: &Partition, folder: &str) -> Result<bool, CatalogueError> {
        let before = self.folders().insert(partition.clone(), folder.to_string());
        Ok(before.as_deref() != Some(folder))
    }
}
