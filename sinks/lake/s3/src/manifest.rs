//! The manifest in a DynamoDB table.

mod items;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use trilha_dynamodb::{Attributes, Condition, SORT, Table, TableError, Transacted, Write, Written};
use trilha_lake::Partition;
use trilha_lake::manifest::{
    Backlog, Commit, Committed, Dirty, Generation, Manifest, ManifestError, PendingRows, Publication, Published,
};
use trilha_schemas::sequence::SequenceNumber;

use items::{FILE, GENERATION, Listed, MAX_ABSORBED_BYTES, StoredGeneration, WATERMARK, WRITERS, text};

/// So many files one generation takes at most.
const MOST_FILES: usize = 1_000;
const CALLS_AT_ONCE: usize = 8;

/// The manifest in one table:
///
/// | `pk` | `sk` | attributes |
/// | --- | --- | --- |
/// | `writers` | `writers` | `number`: the last writer's |
/// | `watermark` | shard, or re-driven range | `watermark`: decimal text; `file`: the one that the batch was listed with |
/// | `file` | landing file | `rows`: of each partition, in order, `tenant=…/day=… <rows>`; `first_row`; `chunks` |
/// | `file` | landing file`#1`, `#2` … | more of `rows`, where they are too many for one item |
/// | `generation` | `tenant=…/day=…` | `number`, `beyond`, `files`: `<name> <rows> <buckets>`; `absorbed`; `settled` |
///
/// `absorbed` are names of listed files whose rows of the partition the generation holds. So a publication is one
/// conditional put, whatever the number of its files; rows are pending while the file is listed and not absorbed. Names of
/// files that are no longer listed leave with the next publication. `settled` is the number that was noted last.
///
/// A commit is one transaction. What its conditions say holds whenever and however often it is applied, so that a repeat by
/// the SDK, or by whoever got no answer, finds its own watermark with its own file and is done.
///
/// A generation is read before the list of files. A file that leaves the list in between has been absorbed, and one that
/// comes is only newer.
#[derive(Debug, Clone)]
pub struct DynamoManifest {
    table: Table,
    most_files: usize,
}

impl DynamoManifest {
    /// The manifest in a table.
    pub fn new(table: Table) -> DynamoManifest {
        DynamoManifest { table, most_files: MOST_FILES }
    }

    /// [`Manifest::pending`] answers at most so many files; the others wait for the next generation.
    pub fn with_most_files(mut self, most_files: usize) -> DynamoManifest {
        self.most_files = most_files.max(1);
        self
    }

    async fn listed(&self) -> Result<Vec<Listed>, ManifestError> {
        let items = self.table.query(FILE, "", true).await.map_err(unavailable)?;
        items.iter().map(Listed::read).collect()
    }

    async fn stored(&self, partition: &Partition) -> Result<StoredGeneration, ManifestError> {
        let item = self.table.get_one(GENERATION, &partition.folder(), true).await.map_err(unavailable)?;
        item.as_ref().map_or_else(|| Ok(StoredGeneration::default()), StoredGeneration::read)
    }

    async fn all_stored(&self) -> Result<BTreeMap<Partition, StoredGeneration>, ManifestError> {
        let items = self.table.query(GENERATION, "", true).await.map_err(unavailable)?;
        let read = |item: &Attributes| Ok((items::partition(text(item, SORT)?)?, StoredGeneration::read(item)?));
        items.iter().map(read).collect()
    }

    /// The watermark that is there, and the file that came with it.
    async fn watermark_item(&self, shard: &str) -> Result<(SequenceNumber, Option<String>), ManifestError> {
        let item = self.table.get_one(WATERMARK, shard, true).await.map_err(unavailable)?;
        item.map_or(Ok((SequenceNumber::ZERO, None)), |item| items::read_watermark(&item))
    }

    /// A condition failed: the batch's own commit may have come before, from a call whose answer was lost.
    async fn look_after(&self, commit: &Commit) -> Result<Committed, ManifestError> {
        let (watermark, file) = self.watermark_item(&commit.shard).await?;
        let own = commit.file.as_ref().map(|file| file.name.as_str());
        if watermark == commit.watermark && file.as_deref() == own {
            return Ok(Committed::Done);
        }
        if watermark == commit.expected {
            return Err(ManifestError::Unavailable(format!("the file of {} is listed already", commit.shard)));
        }
        Ok(Committed::Stale { watermark })
    }

    /// `listed` are the names that are on the list.
    async fn publish_one(&self, publication: Publication, listed: &BTreeSet<&str>) -> Result<Published, ManifestError> {
        let there = self.stored(&publication.partition).await?;
        if there.generation.number != publication.previous {
            return Ok(outcome(&there, &publication, listed));
        }
        let absorbed = there.absorbed.iter().chain(&publication.absorbed).filter(|file| listed.contains(file.as_str()));
        let absorbed: BTreeSet<String> = absorbed.cloned().collect();
        let next = StoredGeneration { generation: publication.generation.clone(), absorbed, settled: None };
        let condition = match publication.previous {
            0 => Condition::absent(),
            previous => Condition::equals("number", items::number(previous)),
        };
        let item = next.to_item(&publication.partition);
        match self.table.put(item, Some(condition)).await.map_err(unavailable)? {
            Written::Done => Ok(Published::Done),
            Written::Refused(_) => Ok(outcome(&self.stored(&publication.partition).await?, &publication, listed)),
        }
    }

    async fn forget_one(&self, chunks: Vec<String>) -> Result<(), ManifestError> {
        if let [file] = &chunks[..] {
            return self.table.delete(FILE, file, None).await.map(drop).map_err(unavailable);
        }
        let deletions = chunks.into_iter().map(|chunk| Write::Delete(FILE.to_string(), chunk)).collect();
        self.table.transact(deletions).await.map(drop).map_err(unavailable)
    }

    /// The keys of absorbed files' items, by file. A file counts when all of its items are there.
    async fn absorbed_items(&self) -> Result<BTreeMap<String, Vec<String>>, ManifestError> {
        let generations = self.all_stored().await?;
        let listed = self.listed().await?;
        let mut files: BTreeMap<&str, Vec<&Listed>> = BTreeMap::new();
        listed.iter().for_each(|chunk| files.entry(&chunk.file).or_default().push(chunk));
        let holds = |partition: &Partition, file: &str| {
            generations.get(partition).is_some_and(|generation| generation.absorbed.contains(file))
        };
        files.retain(|file, chunks| {
            let count = chunks.iter().find_map(|chunk| chunk.chunks);
            count == Some(chunks.len())
                && chunks.iter().flat_map(|chunk| &chunk.rows).all(|(partition, _)| holds(partition, file))
        });
        let keys = |chunks: Vec<&Listed>| chunks.into_iter().map(|chunk| chunk.sort.clone()).collect();
        Ok(files.into_iter().map(|(file, chunks)| (file.to_string(), keys(chunks))).collect())
    }
}

impl Manifest for DynamoManifest {
    /// A call that is repeated only skips a number.
    async fn next_writer(&self) -> Result<u64, ManifestError> {
        let values = Condition::new("").name("#number", "number").value(":one", items::number(1));
        let updated = self.table.update(WRITERS, WRITERS, "ADD #number :one", values).await.map_err(unavailable)?;
        items::read_number(&updated.unwrap_or_default(), "number")
    }

    async fn watermark(&self, shard: &str) -> Result<SequenceNumber, ManifestError> {
        Ok(self.watermark_item(shard).await?.0)
    }

    async fn watermarks(&self) -> Result<Vec<(String, SequenceNumber)>, ManifestError> {
        let items = self.table.query(WATERMARK, "", true).await.map_err(unavailable)?;
        let read = |item: &Attributes| Ok((text(item, SORT)?.to_string(), items::read_watermark(item)?.0));
        items.iter().map(read).collect()
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, ManifestError> {
        let condition = match commit.expected {
            SequenceNumber::ZERO => Condition::absent(),
            expected => Condition::equals("watermark", items::string(expected.to_string())),
        };
        let watermark = items::watermark(&commit);
        let is_done = match &commit.file {
            None => self.table.put(watermark, Some(condition)).await.map_err(unavailable)? == Written::Done,
            Some(file) => {
                let chunks = items::chunks(file).into_iter().map(|chunk| Write::Put(chunk, Some(Condition::absent())));
                let writes = std::iter::once(Write::Put(watermark, Some(condition))).chain(chunks).collect();
                self.table.transact(writes).await.map_err(unavailable)? == Transacted::Done
            }
        };
        if is_done { Ok(Committed::Done) } else { self.look_after(&commit).await }
    }

    async fn is_listed(&self, file: &str) -> Result<bool, ManifestError> {
        Ok(self.table.get_one(FILE, file, true).await.map_err(unavailable)?.is_some())
    }

    /// What is published of a partition is read with the names that its generation has absorbed, and costs nothing more.
    async fn backlog(&self) -> Result<Backlog, ManifestError> {
        let generations = self.all_stored().await?;
        let listed = self.listed().await?;
        let files: BTreeSet<&str> = listed.iter().map(|chunk| chunk.file.as_str()).collect();
        let mut pending = BTreeMap::<&Partition, u64>::new();
        for chunk in &listed {
            for (partition, rows) in &chunk.rows {
                if !generations.get(partition).is_some_and(|of| of.absorbed.contains(&chunk.file)) {
                    *pending.entry(partition).or_default() += u64::from(*rows);
                }
            }
        }
        let dirty = |(partition, pending_rows): (&Partition, u64)| {
            let base = generations.get(partition).map(|stored| &stored.generation);
            let (generation, published_rows) = base.map_or((0, 0), |base| (base.number, base.rows()));
            Dirty { partition: partition.clone(), pending_rows, generation, published_rows }
        };
        Ok(Backlog { files: files.len(), dirty: pending.into_iter().map(dirty).collect() })
    }

    async fn pending(&self, partition: &Partition) -> Result<Vec<PendingRows>, ManifestError> {
        let there = self.stored(partition).await?;
        let listed = self.listed().await?;
        let (mut pending, mut held) = (Vec::new(), 0);
        for chunk in &listed {
            match chunk.of(partition) {
                Some(rows) if !there.absorbed.contains(&chunk.file) => pending.push(rows),
                Some(_) => held += chunk.file.len(),
                None => {}
            }
        }
        pending.sort_by(|a, b| a.file.cmp(&b.file));
        pending.truncate(self.most_files);
        let room = MAX_ABSORBED_BYTES.saturating_sub(held);
        let mut taken = 0;
        Ok(pending
            .into_iter()
            .take_while(|rows| {
                taken += rows.file.len();
                taken <= room
            })
            .collect())
    }

    async fn generation(&self, partition: &Partition) -> Result<Generation, ManifestError> {
        Ok(self.stored(partition).await?.generation)
    }

    async fn generations(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        let all = self.all_stored().await?.into_iter();
        Ok(all.map(|(partition, stored)| (partition, stored.generation.number)).collect())
    }

    async fn unsettled(&self) -> Result<Vec<(Partition, u64)>, ManifestError> {
        let all = self.all_stored().await?.into_iter();
        let unsettled = all.filter(|(_, stored)| stored.settled != Some(stored.generation.number));
        Ok(unsettled.map(|(partition, stored)| (partition, stored.generation.number)).collect())
    }

    async fn note_settled(&self, partition: &Partition, generation: u64) -> Result<(), ManifestError> {
        let condition = Condition::new("#number = :number")
            .name("#number", "number")
            .name("#settled", "settled")
            .value(":number", items::number(generation));
        let update = "SET #settled = :number";
        self.table.update(GENERATION, &partition.folder(), update, condition).await.map(drop).map_err(unavailable)
    }

    async fn publish(&self, publications: Vec<Publication>) -> Result<Vec<Published>, ManifestError> {
        let listed = self.listed().await?;
        let listed: BTreeSet<&str> = listed.iter().map(|chunk| chunk.file.as_str()).collect();
        let mut published = Vec::with_capacity(publications.len());
        for publication in publications {
            published.push(self.publish_one(publication, &listed).await?);
        }
        Ok(published)
    }

    async fn absorbed(&self) -> Result<Vec<String>, ManifestError> {
        Ok(self.absorbed_items().await?.into_keys().collect())
    }

    async fn forget(&self, files: Vec<String>) -> Result<(), ManifestError> {
        let mut absorbed = self.absorbed_items().await?;
        let forgotten = files.iter().filter_map(|file| absorbed.remove(file));
        let deletions: Vec<_> = forgotten.map(|chunks| self.forget_one(chunks)).collect();
        stream::iter(deletions).buffer_unordered(CALLS_AT_ONCE).try_collect().await
    }
}

/// What it means that another generation is there than a publication expects: it may be its own, from a call whose answer
/// was lost.
fn outcome(there: &StoredGeneration, publication: &Publication, listed: &BTreeSet<&str>) -> Published {
    let mut wanted = publication.absorbed.iter().filter(|file| listed.contains(file.as_str()));
    let is_own = there.generation == publication.generation && wanted.all(|file| there.absorbed.contains(file));
    if is_own { Published::Done } else { Published::Stale { generation: there.generation.number } }
}

fn unavailable(error: TableError) -> ManifestError {
    ManifestError::Unavailable(error.to_string())
}
