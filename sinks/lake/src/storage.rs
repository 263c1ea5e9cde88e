//! The storage's port: where landing files and generations lie, as whole objects of bytes.
//!
//! A generation of a partition is a set of *part files*. The one that readers see is *published*; the next one is put
//! together where it *waits*, beside it and unseen. [`Storage::show`] lets the two change places. Which generation counts
//! is not written here but in the [manifest](crate::manifest).
//!
//! A call that fails may have happened or not; each may be made again. So may one whose future is dropped before it
//! answers, but it changes no generation any more once a later call on generations, other than [`Storage::put_part`],
//! has answered.
//!
//! A storage that several processes share keeps their generations apart: each [claims](Storage::claim) a number of its
//! own before it writes, what one writes no other replaces, and readers only go on to later generations.

pub mod contract;
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

    /// A number for a partition's next generation, above `after` (the one that the manifest names), that no other claim
    /// has been given. Where one compactor works at a time, that is the number after it.
    fn claim(&self, partition: &Partition, after: u64) -> impl Future<Output = Result<u64, LakeError>> + Send {
        let _ = partition;
        async move { Ok(after + 1) }
    }

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
    /// published already. [`LakeError::GenerationLost`] if it is neither published nor waiting. A shared storage stays at
    /// a later generation that is published.
    fn show(&self, partition: &Partition, generation: u64) -> impl Future<Output = Result<(), LakeError>> + Send;

    /// Removes a partition's waiting generation; fine if there is none. A storage whose readers take their time keeps it
    /// for as long.
    fn remove_waiting(&self, partition: &Partition) -> impl Future<Output = Result<(), LakeError>> + Send;

    /// Whether [`Storage::remove_waiting`] keeps something of a partition for its time.
    fn still_waits(&self, partition: &Partition) -> impl Future<Output = Result<bool, LakeError>> + Send {
        let _ = partition;
        async { Ok(false) }
    }

    /// Removes every partition's waiting generation.
    fn remove_waste(&self) -> impl Future<Output = Result<(), LakeError>> + Send;

    /// The content of a part file of a partition's published generation.
    fn get_part(&self, partition: &Partition, name: &str) -> impl Future<Output = Result<Bytes, LakeError>> + Send;
}

/// `part-<generation>-<n>.parquet`: no two generations share a name. Every generation has a part 0.
pub fn part_name(generation: u64, number: usize) -> String {
    format!("part-{generation}-{number}.parquet")
}

/// The generation that a name of [`part_name`] is of; `None` for any other name.
pub fn generation_of(part: &str) -> Option<u64> {
    let (generation, number) = part.strip_prefix("part-")?.strip_suffix(".parquet")?.split_once('-')?;
    number.parse::<usize>().ok()?;
    generation.parse().ok()
}
