//! The storage in one folder of one machine. File work runs on tokio's blocking threads.

mod files;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::RwLock;

use super::{Storage, UNFINISHED, part_name};
use crate::error::{LakeError, blocking};
use crate::partition::Partition;
use files::{create_folder, exchange, remove_file, remove_folder, sync_folder, write_file};

/// The folder of a lake. Whoever shares one works on clones, not on a second one of the same path.
#[derive(Debug, Clone)]
pub struct LakeFolder {
    root: PathBuf,
    /// Work on a blocking thread goes on when its caller is gone, and keeps this locked: later work on generations
    /// waits for it. Part files are written side by side, everything else on generations alone.
    generations: Arc<RwLock<()>>,
}

impl LakeFolder {
    /// Makes the folder and its parts where they are missing.
    pub fn create(root: &Path) -> Result<LakeFolder, LakeError> {
        let folder = LakeFolder { root: root.to_path_buf(), generations: Arc::default() };
        for part in [folder.events(), folder.landing(), folder.next()] {
            fs::create_dir_all(&part).map_err(LakeError::file(&part))?;
        }
        sync_folder(root)?;
        Ok(folder)
    }

    /// What readers see.
    pub fn events(&self) -> PathBuf {
        self.root.join("events")
    }

    /// Where landing files lie.
    pub fn landing(&self) -> PathBuf {
        self.root.join("landing")
    }

    /// The manifest's file.
    pub fn manifest(&self) -> PathBuf {
        self.root.join("manifest.redb")
    }

    /// Where new generations are written.
    pub(crate) fn next(&self) -> PathBuf {
        self.root.join("next")
    }

    /// A partition as readers see it.
    pub fn published(&self, partition: &Partition) -> PathBuf {
        self.events().join(partition.folder())
    }

    /// A partition's next generation, or after the exchange the one before.
    pub(crate) fn waiting(&self, partition: &Partition) -> PathBuf {
        self.next().join(partition.folder())
    }

    /// Work on generations that no other such work may meet.
    async fn alone(&self, work: impl FnOnce() -> Result<(), LakeError> + Send + 'static) -> Result<(), LakeError> {
        let turn = self.generations.clone().write_owned().await;
        blocking(move || {
            let _turn = turn;
            work()
        })
        .await
    }
}

impl Storage for LakeFolder {
    async fn put_landing(&self, name: &str, content: Bytes) -> Result<(), LakeError> {
        let (folder, name) = (self.landing(), name.to_string());
        blocking(move || {
            let (unfinished, finished) = (folder.join(format!("{name}{UNFINISHED}")), folder.join(name));
            write_file(&unfinished, &content)?;
            fs::rename(&unfinished, &finished).map_err(LakeError::file(&finished))?;
            sync_folder(&folder)
        })
        .await
    }

    async fn get_landing(&self, name: &str) -> Result<Bytes, LakeError> {
        read(self.landing().join(name)).await
    }

    async fn list_landing(&self) -> Result<Vec<String>, LakeError> {
        let folder = self.landing();
        blocking(move || names(&folder)).await
    }

    async fn remove_landing(&self, name: &str) -> Result<(), LakeError> {
        let file = self.landing().join(name);
        blocking(move || remove_file(&file)).await
    }

    async fn put_part(&self, partition: &Partition, name: &str, content: Bytes) -> Result<(), LakeError> {
        let (folder, name) = (self.waiting(partition), name.to_string());
        let turn = self.generations.clone().read_owned().await;
        blocking(move || {
            let _turn = turn;
            create_folder(&folder)?;
            write_file(&folder.join(name), &content)
        })
        .await
    }

    async fn make_durable(&self, partition: &Partition) -> Result<(), LakeError> {
        let folder = self.waiting(partition);
        self.alone(move || sync_folder(&folder)).await
    }

    async fn show(&self, partition: &Partition, generation: u64) -> Result<(), LakeError> {
        let (published, waiting) = (self.published(partition), self.waiting(partition));
        let lost = LakeError::GenerationLost { partition: partition.folder(), generation };
        let first = part_name(generation, 0);
        self.alone(move || match (published.join(&first).exists(), waiting.join(&first).exists()) {
            (true, _) => Ok(()),
            (false, true) => exchange(&waiting, &published),
            (false, false) => Err(lost),
        })
        .await
    }

    async fn remove_waiting(&self, partition: &Partition) -> Result<(), LakeError> {
        let waiting = self.waiting(partition);
        self.alone(move || {
            // What an exchange in steps has put aside.
            remove_folder(&waiting.with_extension("old"))?;
            remove_folder(&waiting)
        })
        .await
    }

    async fn remove_waste(&self) -> Result<(), LakeError> {
        let next = self.next();
        self.alone(move || {
            remove_folder(&next)?;
            create_folder(&next)
        })
        .await
    }

    async fn get_part(&self, partition: &Partition, name: &str) -> Result<Bytes, LakeError> {
        read(self.published(partition).join(name)).await
    }
}

async fn read(file: PathBuf) -> Result<Bytes, LakeError> {
    blocking(move || fs::read(&file).map(Bytes::from).map_err(LakeError::file(&file))).await
}

/// In order.
fn names(folder: &Path) -> Result<Vec<String>, LakeError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(LakeError::file(folder))? {
        let entry = entry.map_err(LakeError::file(folder))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}
