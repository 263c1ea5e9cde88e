//! One class's rows in two layouts: as the lake publishes them, and in a file for each Lambda batch in order of arrival.
//!
//! Both come of the same records of the same stream, an event's first copy only. A batch is what a shard's mapping hands
//! over after its window. The files in order of arrival have a plain writer's settings (dictionaries and statistics throughout, zstd at the level of
//! the lake's) and lie in the folder of the day of their first event.

use std::collections::HashSet;
use std::fs::{File, create_dir_all};
use std::path::Path;
use std::sync::Arc;

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tokio::runtime::Builder;
use trilha_benches::{Bench, FrontDoor, TENANT, class};
use trilha_core::FOLD_VERSION;
use trilha_lake::manifest::MemoryManifest;
use trilha_lake::{Beyond, Compactor, Day, LakeFolder, LakeRow, LakeWriter, Partition, to_batch};
use trilha_schemas::record;
use trilha_simulator::SimulatedEvent;
use trilha_stream::port::Record;

/// What a page or a small server sends at a time.
const REQUEST_EVENTS: usize = 20;
/// The smallest template's: one shard, and the lake's window and batch.
const SHARDS: u32 = 1;
const WINDOW_MILLIS: i64 = 300_000;
const BATCH_RECORDS: usize = 10_000;

/// Writes both for a class of so many events, and prints how many files and rows there are.
pub(crate) fn run(events: usize, folder: &Path) -> Bench {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(write(&class(events), folder))
}

async fn write(class: &[SimulatedEvent], folder: &Path) -> Bench {
    let door = FrontDoor::of_shards(SHARDS)?;
    for request in class.chunks(REQUEST_EVENTS) {
        door.take(request).await?;
    }
    let (manifest, lake) = (Arc::<MemoryManifest>::default(), Arc::new(LakeFolder::create(&folder.join("lake"))?));
    let writer = LakeWriter::open(Arc::clone(&manifest), Arc::clone(&lake), FOLD_VERSION).await?;
    let (mut batches, mut seen) = (0, HashSet::new());
    for (shard, records) in door.records().await? {
        for rows in batches_of(&shard, &records)? {
            let first_copies: Vec<LakeRow> = rows.iter().filter(|row| seen.insert(row.event.id)).cloned().collect();
            write_as_it_came(&first_copies, &folder.join("arrival"), batches)?;
            let last = rows.last().ok_or("a batch without rows")?.sequence_number;
            writer.append(&shard, rows, last).await?;
            batches += 1;
        }
    }
    let compacted = Compactor::new(manifest, lake).run(&Beyond::new()).await?;
    println!("{{\"batches\": {batches}, \"rows\": {}}}", compacted.published_rows);
    Ok(())
}

/// The rows of a shard, parted where the mapping would part them.
fn batches_of(shard: &str, records: &[Record]) -> Bench<Vec<Vec<LakeRow>>> {
    let (tenant, shard): (Arc<str>, Arc<str>) = (TENANT.into(), shard.into());
    let (mut batches, mut opened, mut taken) = (Vec::new(), i64::MIN, 0);
    for record in records {
        let events = record::decode(&record.data)?.events;
        let arrival = events.first().map_or(opened, |event| event.arrival_millis);
        if batches.is_empty() || arrival - opened >= WINDOW_MILLIS || taken == BATCH_RECORDS {
            batches.push(Vec::new());
            (opened, taken) = (arrival, 0);
        }
        taken += 1;
        let row = |(index, event)| LakeRow {
            tenant: Arc::clone(&tenant),
            shard: Arc::clone(&shard),
            sequence_number: record.sequence_number,
            record_index: index as u32,
            beyond_state: false,
            event,
        };
        batches.last_mut().ok_or("no batch")?.extend(events.into_iter().enumerate().map(row));
    }
    Ok(batches)
}

fn write_as_it_came(rows: &[LakeRow], folder: &Path, number: usize) -> Bench {
    let Some(first) = rows.first() else { return Ok(()) };
    let partition = Partition { tenant: first.tenant.to_string(), day: Day::of(&first.event) };
    let folder = folder.join(partition.folder());
    create_dir_all(&folder)?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?)).build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let batch = to_batch(rows, FOLD_VERSION)?;
    let file = File::create(folder.join(format!("batch-{number:05}.parquet")))?;
    let mut writer = ArrowWriter::try_new_with_options(file, batch.schema(), options)?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(())
}
