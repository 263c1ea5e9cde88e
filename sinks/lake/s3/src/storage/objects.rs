//! Objects of the bucket: what they are called, and the calls on them.

use std::io::ErrorKind;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, UpdateVersion};
use trilha_lake::{LakeError, Partition};

use super::path;

/// So many deletions are under way at once.
const DELETIONS_AT_ONCE: usize = 8;

/// What an object was when it was read.
pub(super) type Tag = UpdateVersion;

/// The lake's objects below a prefix.
#[derive(Debug)]
pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: String,
}

impl Objects {
    pub(super) fn new(store: Arc<dyn ObjectStore>, prefix: &str) -> Objects {
        Objects { store, prefix: prefix.trim_matches('/').to_string() }
    }

    fn below(&self, rest: &str) -> Result<Path, LakeError> {
        if self.prefix.is_empty() { path(rest) } else { path(&format!("{}/{rest}", self.prefix)) }
    }

    pub(super) fn landing_folder(&self) -> Result<Path, LakeError> {
        self.below("landing")
    }

    pub(super) fn landing(&self, name: &str) -> Result<Path, LakeError> {
        self.below(&format!("landing/{name}"))
    }

    pub(super) fn pointer(&self, partition: &Partition) -> Result<Path, LakeError> {
        self.below(&format!("pointers/{}.json", partition.folder()))
    }

    pub(super) fn events_folder(&self) -> Result<Path, LakeError> {
        self.below("events")
    }

    /// A generation's folder below `events`.
    pub(super) fn generation_folder(partition: &Partition, generation: u64) -> String {
        format!("{}/generation={generation}", partition.folder())
    }

    pub(super) fn generation(&self, partition: &Partition, generation: u64) -> Result<Path, LakeError> {
        self.below(&format!("events/{}", Objects::generation_folder(partition, generation)))
    }

    pub(super) fn part(&self, partition: &Partition, generation: u64, name: &str) -> Result<Path, LakeError> {
        self.below(&format!("events/{}/{name}", Objects::generation_folder(partition, generation)))
    }

    /// Which partition and generation a part file belongs to.
    pub(super) fn place(&self, part: &Path) -> Option<(Partition, u64)> {
        let below = part.as_ref().strip_prefix(self.prefix.as_str())?.trim_start_matches('/');
        let (folder, _name) = below.strip_prefix("events/")?.rsplit_once('/')?;
        let (partition, generation) = folder.rsplit_once("/generation=")?;
        Some((Partition::from_folder(partition)?, generation.parse().ok()?))
    }

    pub(super) async fn put(&self, at: &Path, content: Bytes) -> Result<(), LakeError> {
        self.store.put(at, content.into()).await.map(drop).map_err(failed)
    }

    /// Puts an object where there is none (no tag), or where it is still what was read; false if it is not.
    pub(super) async fn put_if(&self, at: &Path, content: Bytes, tag: Option<Tag>) -> Result<bool, LakeError> {
        let mode = tag.map_or(PutMode::Create, PutMode::Update);
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.store.put_opts(at, content.into(), options).await {
            Ok(_) => Ok(true),
            // Also when S3 was in conflict with another such put (409) and did nothing: whoever reads again sees.
            Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    pub(super) async fn get(&self, at: &Path) -> Result<Bytes, LakeError> {
        self.get_tagged(at).await?.map(|(content, _)| content).ok_or_else(|| absent(at.as_ref()))
    }

    pub(super) async fn get_tagged(&self, at: &Path) -> Result<Option<(Bytes, Tag)>, LakeError> {
        let found = match self.store.get(at).await {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let tag = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: None };
        Ok(Some((found.bytes().await.map_err(failed)?, tag)))
    }

    pub(super) async fn exists(&self, at: &Path) -> Result<bool, LakeError> {
        match self.store.head(at).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    pub(super) async fn list(&self, folder: &Path) -> Result<Vec<ObjectMeta>, LakeError> {
        self.store.list(Some(folder)).try_collect().await.map_err(failed)
    }

    /// Fine if there are none.
    pub(super) async fn delete(&self, objects: Vec<Path>) -> Result<(), LakeError> {
        let deletions = stream::iter(objects.into_iter().map(|at| async move {
            match self.store.delete(&at).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(failed(error)),
            }
        }));
        deletions.buffer_unordered(DELETIONS_AT_ONCE).try_collect().await
    }
}

fn failed(error: Error) -> LakeError {
    LakeError::Unavailable(error.to_string())
}

pub(super) fn absent(name: &str) -> LakeError {
    LakeError::File { path: name.into(), source: ErrorKind::NotFound.into() }
}
