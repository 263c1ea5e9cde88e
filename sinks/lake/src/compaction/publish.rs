//! Generations in the folder: the published one, and the one that waits.

use crate::compaction::plan::{PartitionPlan, file_name};
use crate::error::LakeError;
use crate::folder::{self, LakeFolder, create_folder, remove_folder, sync_folder};
use crate::partition::Partition;

/// Makes the folder say what the manifest says: shows the generation if it is still waiting, and deletes whatever else
/// waits. Doing it again changes nothing.
pub(crate) fn settle(folder: &LakeFolder, partition: &Partition, generation: u64) -> Result<(), LakeError> {
    let (published, waiting) = (folder.published(partition), folder.waiting(partition));
    let first_file = file_name(generation, 0);
    if generation > 0 && !published.join(&first_file).exists() {
        if !waiting.join(&first_file).exists() {
            return Err(LakeError::GenerationLost { partition: partition.folder(), generation });
        }
        folder::exchange(&waiting, &published)?;
    }
    remove_old(folder, partition)
}

/// An empty waiting folder, once the manifest and the folder agree.
pub(crate) fn prepare(folder: &LakeFolder, plan: &PartitionPlan) -> Result<(), LakeError> {
    settle(folder, &plan.partition, plan.base.number)?;
    create_folder(&folder.waiting(&plan.partition))
}

/// After this the next generation outlives a crash of the machine (its files' contents already do).
pub(crate) fn make_durable(folder: &LakeFolder, plan: &PartitionPlan) -> Result<(), LakeError> {
    sync_folder(&folder.waiting(&plan.partition))
}

/// Shows the generation that waits to readers; the old one waits then.
pub(crate) fn exchange(folder: &LakeFolder, plan: &PartitionPlan) -> Result<(), LakeError> {
    folder::exchange(&folder.waiting(&plan.partition), &folder.published(&plan.partition))
}

/// Deletes what waits, and what an exchange in steps has put aside.
pub(crate) fn remove_old(folder: &LakeFolder, partition: &Partition) -> Result<(), LakeError> {
    let waiting = folder.waiting(partition);
    remove_folder(&waiting.with_extension("old"))?;
    remove_folder(&waiting)
}

/// Deletes whatever waits, once every generation is settled: it was never published.
pub(crate) fn remove_waste(folder: &LakeFolder) -> Result<(), LakeError> {
    remove_folder(&folder.next())?;
    create_folder(&folder.next())
}
