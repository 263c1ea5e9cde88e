//! The storage in a bucket.

mod objects;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{TryStreamExt, stream};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use trilha_lake::storage::{Storage, generation_of, part_name};
use trilha_lake::{LakeError, Partition};

use crate::catalogue::Catalogue;
use crate::pointer::{Pointer, Showing};
use objects::{Objects, Tag, absent};

/// Now, in milliseconds since 1970 UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// So often a pointer that others change meanwhile is read again.
const ATTEMPTS: u32 = 30;
/// So many partitions are swept at once: a lake of years has tens of thousands, and a step fifteen minutes.
const SWEPT_AT_ONCE: usize = 16;
/// The first wait before that; each is longer than the one before.
const PATIENCE: Duration = Duration::from_millis(3);

/// The files of a lake in a bucket, shared by any number of processes:
///
/// ```text
/// <prefix>/landing/<name>
/// <prefix>/events/tenant=…/day=…/generation=<n>/part-<n>-<k>.parquet
/// <prefix>/pointers/tenant=…/day=….json      which generation is published, which others there are and since when
/// ```
///
/// Whoever writes a generation claims a number in the pointer first, so that no two write into one folder. The catalogue
/// sends readers to the folder of the published one; what is superseded stays for the grace time, for those who are still
/// reading it. The pointer is replaced only as it was read. Nothing is listed but the folder of a generation that is
/// deleted, and whatever [`Storage::list_landing`] and [`Storage::remove_waste`] look through.
///
/// The grace time has to be longer than a compaction takes from its last part file to being shown, and than a compactor
/// of an earlier version goes on. A generation that is still being written when it is over comes to nothing.
pub struct S3Storage<C> {
    objects: Objects,
    catalogue: Arc<C>,
    grace_millis: i64,
    clock: Clock,
    known: Mutex<HashMap<Partition, Known>>,
}

/// What this process knows of a partition.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// The generation that it saw published last: its files stay at least for the grace time.
    published: Option<u64>,
    /// The generation that it writes, and since when that waits.
    writing: Option<(u64, i64)>,
}

impl<C: Catalogue> S3Storage<C> {
    /// The lake below a prefix of a bucket. Superseded generations stay for `grace`.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str, catalogue: Arc<C>, grace: Duration, clock: Clock) -> Self {
        let grace_millis = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
        let objects = Objects::new(store, prefix);
        S3Storage { objects, catalogue, grace_millis, clock, known: Mutex::default() }
    }

    fn now(&self) -> i64 {
        (self.clock)()
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Partition, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known_of(&self, partition: &Partition) -> Known {
        self.known().get(partition).copied().unwrap_or_default()
    }

    fn know(&self, partition: &Partition, learn: impl FnOnce(&mut Known)) {
        learn(self.known().entry(partition.clone()).or_default());
    }

    async fn pointer(&self, partition: &Partition) -> Result<(Pointer, Option<Tag>), LakeError> {
        let path = self.objects.pointer(partition)?;
        let Some((content, tag)) = self.objects.get_tagged(&path).await? else { return Ok((Pointer::default(), None)) };
        let pointer = Pointer::from_json(&content)
            .map_err(|reason| LakeError::Unavailable(format!("{path} cannot be read: {reason}")))?;
        Ok((pointer, Some(tag)))
    }

    /// Whether it is replaced: not if somebody was faster.
    async fn replace(&self, partition: &Partition, pointer: &Pointer, tag: Option<Tag>) -> Result<bool, LakeError> {
        self.objects.put_if(&self.objects.pointer(partition)?, pointer.to_json().into(), tag).await
    }

    /// Changes a partition's pointer; answers it as it is then, and what `change` answered. `change` is called again when
    /// somebody else was faster, and answers `None` when there is nothing to change.
    async fn change<T>(
        &self,
        partition: &Partition,
        change: impl Fn(&mut Pointer) -> Option<T>,
    ) -> Result<(Pointer, Option<T>), LakeError> {
        for attempt in 0..ATTEMPTS {
            wait(attempt).await;
            let (mut pointer, tag) = self.pointer(partition).await?;
            let Some(answer) = change(&mut pointer) else { return Ok((pointer, None)) };
            if self.replace(partition, &pointer, tag).await? {
                return Ok((pointer, Some(answer)));
            }
        }
        Err(contended(partition))
    }

    /// Notes the generation that is written, unless it has been claimed.
    async fn begin_writing(&self, partition: &Partition, generation: u64) -> Result<(), LakeError> {
        if self.known_of(partition).writing.is_some_and(|(writing, _)| writing == generation) {
            return Ok(());
        }
        let now = self.now();
        self.change(partition, |pointer| pointer.note(generation, now).then_some(())).await?;
        self.know(partition, |known| known.writing = Some((generation, now)));
        Ok(())
    }

    /// Shows a generation, unless somebody else changes the pointer meanwhile: then `None`. The catalogue first: a crash
    /// in between is repaired by showing again.
    async fn show_once(&self, partition: &Partition, generation: u64, again: bool) -> Result<Option<()>, LakeError> {
        let (mut pointer, tag) = self.pointer(partition).await?;
        let showing = pointer.showing(generation);
        if matches!(showing, Showing::Overtaken | Showing::Lost) {
            // Before somebody was faster, the catalogue may have been moved to what is not to be seen now.
            if again && pointer.published > 0 {
                self.move_catalogue(partition, pointer.published).await?;
            }
            let lost = || LakeError::GenerationLost { partition: partition.folder(), generation };
            return (showing == Showing::Overtaken).then_some(Some(())).ok_or_else(lost);
        }
        let first = self.objects.part(partition, generation, &part_name(generation, 0))?;
        if !self.objects.exists(&first).await? {
            return Err(LakeError::GenerationLost { partition: partition.folder(), generation });
        }
        let has_moved = self.move_catalogue(partition, generation).await?;
        let is_done = if showing == Showing::New {
            pointer.show(generation, self.now());
            self.replace(partition, &pointer, tag).await?
        } else {
            !has_moved || self.pointer(partition).await?.0.published == generation
        };
        Ok(is_done.then(|| self.know(partition, |known| known.published = Some(generation))))
    }

    async fn move_catalogue(&self, partition: &Partition, generation: u64) -> Result<bool, LakeError> {
        let folder = Objects::generation_folder(partition, generation);
        let moved = self.catalogue.move_to(partition, &folder).await;
        moved.map_err(|error| LakeError::Unavailable(error.to_string()))
    }

    async fn delete_generation(&self, partition: &Partition, generation: u64) -> Result<(), LakeError> {
        let folder = self.objects.generation(partition, generation)?;
        let files = self.objects.list(&folder).await?.into_iter().map(|object| object.location);
        self.objects.delete(files.collect()).await
    }

    /// Deletes the folders of generations that the pointer does not know, unless they may be younger than it.
    async fn remove_unknown(
        &self,
        partition: &Partition,
        found: BTreeMap<u64, Vec<ObjectMeta>>,
    ) -> Result<(), LakeError> {
        let (pointer, _) = self.pointer(partition).await?;
        let until = self.now().saturating_sub(self.grace_millis);
        let is_old = |object: &ObjectMeta| object.last_modified.timestamp_millis() <= until;
        for (generation, objects) in found {
            if !pointer.holds(generation) && objects.iter().all(is_old) {
                self.objects.delete(objects.into_iter().map(|object| object.location).collect()).await?;
            }
        }
        Ok(())
    }
}

impl<C: Catalogue> Storage for S3Storage<C> {
    async fn put_landing(&self, name: &str, content: Bytes) -> Result<(), LakeError> {
        self.objects.put(&self.objects.landing(name)?, content).await
    }

    async fn get_landing(&self, name: &str) -> Result<Bytes, LakeError> {
        self.objects.get(&self.objects.landing(name)?).await
    }

    async fn list_landing(&self) -> Result<Vec<String>, LakeError> {
        let objects = self.objects.list(&self.objects.landing_folder()?).await?;
        let names = objects.iter().filter_map(|object| object.location.filename().map(str::to_string));
        let mut names: Vec<String> = names.collect();
        names.sort_unstable();
        Ok(names)
    }

    async fn remove_landing(&self, name: &str) -> Result<(), LakeError> {
        self.objects.delete(vec![self.objects.landing(name)?]).await
    }

    async fn claim(&self, partition: &Partition, after: u64) -> Result<u64, LakeError> {
        let now = self.now();
        let (_, claimed) = self.change(partition, |pointer| Some(pointer.claim(after, now))).await?;
        let generation = claimed.ok_or_else(|| contended(partition))?;
        self.know(partition, |known| known.writing = Some((generation, now)));
        Ok(generation)
    }

    async fn put_part(&self, partition: &Partition, name: &str, content: Bytes) -> Result<(), LakeError> {
        let generation =
            generation_of(name).ok_or_else(|| LakeError::Unavailable(format!("{name} is no part file")))?;
        self.begin_writing(partition, generation).await?;
        self.objects.put(&self.objects.part(partition, generation, name)?, content).await
    }

    /// An object that is put is durable. The generation starts to wait anew where half of its time is over: once the
    /// manifest names it, nobody may delete it before it is shown.
    async fn make_durable(&self, partition: &Partition) -> Result<(), LakeError> {
        let Some((generation, since)) = self.known_of(partition).writing else { return Ok(()) };
        let now = self.now();
        if now < since.saturating_add(self.grace_millis / 2) {
            return Ok(());
        }
        let (pointer, renewed) = self.change(partition, |pointer| pointer.renew(generation, now).then_some(())).await?;
        if renewed.is_none() && !pointer.holds(generation) {
            self.know(partition, |known| known.writing = None);
            let gone = format!("generation {generation} of {} was removed while it was written", partition.folder());
            return Err(LakeError::Unavailable(gone));
        }
        self.know(partition, |known| known.writing = Some((generation, now)));
        Ok(())
    }

    async fn show(&self, partition: &Partition, generation: u64) -> Result<(), LakeError> {
        for attempt in 0..ATTEMPTS {
            wait(attempt).await;
            if self.show_once(partition, generation, attempt > 0).await?.is_some() {
                return Ok(());
            }
        }
        Err(contended(partition))
    }

    /// First nobody can show them any more, then they go, then nothing names them.
    async fn remove_waiting(&self, partition: &Partition) -> Result<(), LakeError> {
        let until = self.now().saturating_sub(self.grace_millis);
        let begin = |pointer: &mut Pointer| {
            let before = pointer.clone();
            pointer.begin_removal(until);
            (*pointer != before).then_some(())
        };
        let (pointer, _) = self.change(partition, begin).await?;
        let removing = pointer.removing();
        if removing.is_empty() {
            return Ok(());
        }
        for generation in removing {
            self.delete_generation(partition, *generation).await?;
        }
        self.change(partition, |pointer| pointer.end_removal(removing).then_some(())).await?;
        let is_gone = |writing: &(u64, i64)| removing.contains(&writing.0);
        self.know(partition, |known| known.writing = known.writing.filter(|writing| !is_gone(writing)));
        Ok(())
    }

    async fn still_waits(&self, partition: &Partition) -> Result<bool, LakeError> {
        Ok(self.pointer(partition).await?.0.has_others())
    }

    async fn remove_waste(&self) -> Result<(), LakeError> {
        let mut found: BTreeMap<Partition, BTreeMap<u64, Vec<ObjectMeta>>> = BTreeMap::new();
        for object in self.objects.list(&self.objects.events_folder()?).await? {
            let Some((partition, generation)) = self.objects.place(&object.location) else { continue };
            found.entry(partition).or_default().entry(generation).or_default().push(object);
        }
        let partitions = stream::iter(found.into_iter().map(Ok));
        let swept = partitions.try_for_each_concurrent(SWEPT_AT_ONCE, async |(partition, generations)| {
            self.remove_waiting(&partition).await?;
            self.remove_unknown(&partition, generations).await
        });
        swept.await
    }

    async fn get_part(&self, partition: &Partition, name: &str) -> Result<Bytes, LakeError> {
        let Some(generation) = generation_of(name) else { return Err(absent(name)) };
        if self.known_of(partition).published != Some(generation) {
            let published = self.pointer(partition).await?.0.published;
            self.know(partition, |known| known.published = Some(published));
            if published != generation {
                return Err(absent(&format!("{}/{name}", partition.folder())));
            }
        }
        let part = self.objects.get(&self.objects.part(partition, generation, name)?).await;
        if part.is_err() {
            self.know(partition, |known| known.published = None);
        }
        part
    }
}

fn contended(partition: &Partition) -> LakeError {
    LakeError::Unavailable(format!("the pointer of {} is changed too often", partition.folder()))
}

/// Nothing before the first attempt.
async fn wait(attempt: u32) {
    if attempt > 0 {
        tokio::time::sleep(PATIENCE * attempt).await;
    }
}

/// For messages.
impl<C> std::fmt::Debug for S3Storage<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Storage").field("objects", &self.objects).finish_non_exhaustive()
    }
}

/// A path's text as it is: the names in it are escaped already.
fn path(text: &str) -> Result<Path, LakeError> {
    Path::parse(text).map_err(|error| LakeError::Unavailable(error.to_string()))
}
