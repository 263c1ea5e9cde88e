//! The lake in one folder of one machine, its parts tied together.

use std::path::Path;
use std::sync::Arc;

use crate::beyond::Beyond;
use crate::compaction::{Compacted, Compactor};
use crate::error::LakeError;
use crate::manifest::EmbeddedManifest;
use crate::storage::LakeFolder;
use crate::writer::LakeWriter;

/// An open lake. One process at a time; readers of `events` need nothing of it.
pub struct Lake {
    writer: Arc<LakeWriter<EmbeddedManifest, LakeFolder>>,
    compactor: Compactor<EmbeddedManifest, LakeFolder>,
    manifest: Arc<EmbeddedManifest>,
    folder: Arc<LakeFolder>,
}

impl Lake {
    /// Opens the lake in a folder (`DIR/lake`), or makes it, and ends what a crash cut short.
    /// `fold_version` is the version of the fold that handles the rows; it is written into each.
    pub async fn open(root: &Path, fold_version: u32) -> Result<Lake, LakeError> {
        let folder = Arc::new(LakeFolder::create(root)?);
        let manifest = Arc::new(EmbeddedManifest::open(&folder.manifest()).await?);
        let compactor = Compactor::new(manifest.clone(), folder.clone());
        compactor.recover().await?;
        let writer = Arc::new(LakeWriter::open(manifest.clone(), folder.clone(), fold_version).await?);
        Ok(Lake { writer, compactor, manifest, folder })
    }

    /// Where batches land; may be shared, and used while a compaction runs.
    pub fn writer(&self) -> Arc<LakeWriter<EmbeddedManifest, LakeFolder>> {
        self.writer.clone()
    }

    /// Publishes what has landed so far, and flags the rows of events that are beyond state; see [`Compactor::run`].
    pub async fn compact(&self, beyond: &Beyond) -> Result<Compacted, LakeError> {
        self.compactor.run(beyond).await
    }

    /// What the lake holds.
    pub fn manifest(&self) -> &EmbeddedManifest {
        &self.manifest
    }

    /// Where it holds it.
    pub fn folder(&self) -> &LakeFolder {
        &self.folder
    }
}
