//! The storage's port: where landing files and generations lie, as whole objects of bytes.
//!
//! A generation of a partition is a set of *part files*. The one that readers see is *published*; the next one is put
//! together where it *waits*, beside it and unseen. [`Storage::show`] lets the two change places. Which generation counts
//! is not written here but in the [manifest](crate::manifest).
//!
//! A call that fails may have happened or not; each may be made again. So may one whose future is dropped before it
//! answers, but it changes no generation any more once a later call on generations, other than [`Storage::put_part`],
//! has answered.

#[cfg(test)]
mod contract;
mod folder;
mod memory;

use std::future::Future;

use bytes::Bytes;

pub use folder::LakeFolder;
pub use memory::MemoryStorage;

use crate::error::LakeError;
use crate::partition::Partition;

/// A landing file that is being written may be listed under its name with this after it.
pub const UNFINISHED: &str = ".tmp";

/// What holds a lake's files.
pub trait Storage: Send + Sync + 'static {
    /// Writes a landing file of a new name. Once this answers it is there whole, and durable; before, it may be listed
    /// as [`UNFINISHED`].
    fn put_landing(&self, name: &str, content: Bytes) -> impl Future<Output = Result<(), LakeError>> + Send;

    /// A landing file's content.
    fn get_landing(&self, name: &str) -> impl Future<Output = Result<Bytes, LakeError>> + Send;

    /// The names of all landing files, unfinished ones too, in order.
    fn list_landing(&self) -> impl Future<Output = Result<Vec<String>, LakeError>> + Send;

    /// Removes a landing file; fine if there is none.
    fn remove_landing(&self, name: &str) -> impl Future<Output = Result<(), LakeError>> + Send;

    /// Writes a part file of a partition's waiting generation.
    fn put_part(
        &self,
        partition: &Partition,
        name: &str,
        content: Bytes,
    ) -> impl Future<Output = Result<(), LakeError>> + Send;

    /// After this a partition's waiting generation outlives a crash of the machine.
    fn make_durable(&self, partition: &Partition) -> impl Future<Output = Result<(), LakeError>> + Send;

    /// Shows the waiting generation to readers, whole and durably; the one before waits then. Nothing changes if it is
    /// published already. [`LakeError::GenerationLost`] if it is neither published nor waiting.
    fn show(&self, partition: &Partition, generation: u64) -> impl Future<Output = Result<(), LakeError>> + Send;

    /// Removes a partition's waiting generation; fine if there is none.
    fn remove_waiting(&self, partition: &Partition) -> impl Future<Output = Result<(), LakeError>> + Send;

    /// Removes every partition's waiting generation.
    fn remove_waste(&self) -> impl Future<Output = Result<(), LakeError>> + Send;

    /// The content of a part file of a partition's published generation.
    fn get_part(&self, partition: &Partition, name: &str) -> impl Future<Output = Result<Bytes, LakeError>> + Send;
}

/// `part-<generation>-<n>.parquet`: no two generations share a name. Every generation has a part 0.
pub(crate) fn part_name(generation: u64, number: usize) -> String {
    format!("part-{generation}-{number}.parquet")
}
