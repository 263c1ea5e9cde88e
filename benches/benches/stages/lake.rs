//! The lake: rows to columns and back, landing files, a day compacted. Files are written to a disk and synced.

use std::path::Path;
use std::sync::Arc;

use criterion::BatchSize;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use trilha_benches::{Bench, TENANT};
use trilha_core::FOLD_VERSION;
use trilha_lake::manifest::MemoryManifest;
use trilha_lake::{Beyond, Compactor, LakeFolder, LakeRow, LakeWriter, from_batch, to_batch};
use trilha_schemas::sequence::SequenceNumber;

use crate::Group;
use crate::input::Input;

/// In memory: what landing and compaction spend besides Parquet and the disk.
pub(crate) fn columns(group: &mut Group<'_>, input: &Input) {
    let tenant: Arc<str> = TENANT.into();
    let to_columns = |rows: &Vec<LakeRow>| to_batch(rows, FOLD_VERSION).expect("rows fit their columns");
    let batches: Vec<_> = input.shards.iter().map(to_columns).collect();
    group.bench_function("lake rows to columns", |bencher| {
        bencher.iter(|| input.shards.iter().map(to_columns).collect::<Vec<_>>());
    });
    let to_rows = |batch| from_batch(&tenant, batch).expect("columns are rows");
    group.bench_function("lake columns to rows", |bencher| {
        bencher.iter(|| batches.iter().map(to_rows).collect::<Vec<_>>());
    });
}

/// One file a shard, each with its commit to a manifest in memory.
pub(crate) fn landing(group: &mut Group<'_>, input: &Input) {
    let runtime = runtime();
    group.bench_function("landing files, one of 5,000 rows a shard", |bencher| {
        let empty = || (runtime.block_on(Lake::new()).expect("a folder can be made"), input.shards.clone());
        let land = |(lake, shards): (Lake, _)| {
            runtime.block_on(lake.land(shards)).expect("rows land");
            lake
        };
        bencher.iter_batched(empty, land, BatchSize::PerIteration);
    });
}

/// What those files hold, published as one day.
pub(crate) fn compaction(group: &mut Group<'_>, input: &Input) {
    let runtime = runtime();
    let landed = async || -> Bench<Lake> {
        let lake = Lake::new().await?;
        lake.land(input.shards.clone()).await?;
        Ok(lake)
    };
    group.bench_function("a day compacted, of those files", |bencher| {
        let landed = || runtime.block_on(landed()).expect("rows land");
        let compact = |lake: Lake| {
            let compacted = runtime.block_on(lake.compactor.run(&Beyond::new())).expect("the day is compacted");
            assert_eq!((compacted.partitions, compacted.landed_rows), (1, input.class.len() as u64));
            lake
        };
        bencher.iter_batched(landed, compact, BatchSize::PerIteration);
    });
}

fn runtime() -> Runtime {
    Runtime::new().expect("threads can be started")
}

/// A lake in a folder of its own, beside the build's files: a temporary folder may be memory.
struct Lake {
    writer: LakeWriter<MemoryManifest, LakeFolder>,
    compactor: Compactor<MemoryManifest, LakeFolder>,
    _folder: TempDir,
}

impl Lake {
    async fn new() -> Bench<Lake> {
        let temporary = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
        let (manifest, folder) = (Arc::<MemoryManifest>::default(), Arc::new(LakeFolder::create(temporary.path())?));
        let compactor = Compactor::new(Arc::clone(&manifest), Arc::clone(&folder));
        let writer = LakeWriter::open(manifest, folder, FOLD_VERSION).await?;
        Ok(Lake { writer, compactor, _folder: temporary })
    }

    async fn land(&self, shards: Vec<Vec<LakeRow>>) -> Bench {
        for rows in shards {
            let Some(last) = rows.last() else { continue };
            let (shard, last): (_, SequenceNumber) = (Arc::clone(&last.shard), last.sequence_number);
            self.writer.append(&shard, rows, last).await?;
        }
        Ok(())
    }
}
