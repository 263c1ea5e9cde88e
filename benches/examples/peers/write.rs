//! Rows in memory, in the order of a published file, written as one: a file a thread.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;

use arrow_array::RecordBatch;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use trilha_benches::Bench;
use trilha_lake::published_file;

use crate::best;

/// As the compaction hands them over.
const BATCH_ROWS: usize = 8192;

/// Writes the rows of `sorted` beside it, and prints how many there are, how long that took and how large it is.
pub(crate) fn run(sorted: &Path, threads: usize) -> Bench {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(sorted)?)?.with_batch_size(BATCH_ROWS).build()?;
    let batches = reader.collect::<Result<Vec<RecordBatch>, _>>()?;
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let (seconds, bytes) = best(|| write(&batches, sorted, threads))?;
    println!("{}", serde_json::json!({ "rows": rows, "seconds": seconds, "bytes": bytes }));
    Ok(())
}

fn write(batches: &[RecordBatch], beside: &Path, threads: usize) -> Bench<usize> {
    let part = |at: usize| beside.with_file_name(format!("ours-{threads}-{at}.parquet"));
    thread::scope(|scope| {
        let parts = batches.chunks(batches.len().div_ceil(threads)).enumerate();
        let writers: Vec<_> = parts.map(|(at, batches)| scope.spawn(move || write_part(batches, part(at)))).collect();
        writers.into_iter().map(|writer| writer.join().map_err(|_| "a writer panicked")?).sum()
    })
}

fn write_part(batches: &[RecordBatch], to: PathBuf) -> Bench<usize> {
    let content = published_file(batches)?;
    fs::write(to, &content)?;
    Ok(content.len())
}
