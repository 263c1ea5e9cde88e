//! One worker's task: read its rows in one pass, and write one file for each of its slices.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use arrow_array::{Int32Array, RecordBatch};
use arrow_select::interleave::interleave_record_batch;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::order::{Kept, OrderColumns, distinct_in_order};
use super::plan::{PartitionPlan, Task, Unit};
use crate::beyond::flag;
use crate::error::{LakeError, blocking};
use crate::manifest::{PendingRows, PublishedFile};
use crate::parquet_files::{LakeFile, encode_published, published_properties, within};
use crate::rows::with_column;
use crate::storage::Storage;

/// So many rows are put together at a time on their way into a file.
const WRITE_ROWS: usize = 8192;

/// The rows of a task: batches as they were read, and of each unit which rows of them are its own. Units of one task share
/// batches, for a day of a landing file may be a handful of rows.
struct Rows {
    batches: Vec<RecordBatch>,
    of_unit: Vec<Vec<(usize, Range<usize>)>>,
}

/// What is wanted of a landing file: batches that hold, one after the other, so many rows of each of the units.
struct Landed {
    batches: Vec<RecordBatch>,
    rows_of_unit: Vec<(usize, usize)>,
}

/// What one unit wants of a landing file: some rows, or those of them whose learners are in some buckets.
struct Wanted {
    unit: usize,
    rows: Range<usize>,
    buckets: Option<RangeInclusive<u16>>,
}

/// Writes the task's files to where they wait. Landing files that are read once for several tasks are read so many at once.
pub(crate) async fn write(storage: &impl Storage, task: &Arc<Task>, readers: usize) -> Result<(), LakeError> {
    let rows = read(storage, task, readers).await?;
    let encoding = task.clone();
    let files = blocking(move || encode_files(&encoding, &rows)).await?;
    for (unit, (content, rows)) in task.units.iter().zip(files) {
        storage.put_part(&unit.plan.partition, &unit.file_name(), content).await?;
        unit.written(rows);
    }
    Ok(())
}

/// A file for each unit, and the number of its rows.
fn encode_files(task: &Task, rows: &Rows) -> Result<Vec<(Bytes, u64)>, LakeError> {
    let batches: Vec<&RecordBatch> = rows.batches.iter().collect();
    let columns = OrderColumns::of_all(&rows.batches)?;
    let encode_file = |(unit, pieces): (&Unit, &Vec<(usize, Range<usize>)>)| {
        let Kept { places, tie_breaks } = distinct_in_order(&columns, pieces)?;
        let sorted = places.chunks(WRITE_ROWS).zip(tie_breaks.chunks(WRITE_ROWS)).map(|(places, tie_breaks)| {
            let tie_breaks = Arc::new(Int32Array::from(tie_breaks.to_vec()));
            let rows = with_column(&interleave_record_batch(&batches, places)?, "tie_break", tie_breaks)?;
            flag(rows, &unit.plan.beyond)
        });
        encode_published(published_properties(places.len()), sorted)
    };
    task.units.iter().zip(&rows.of_unit).map(encode_file).collect()
}

async fn read(storage: &impl Storage, task: &Task, readers: usize) -> Result<Rows, LakeError> {
    let mut rows = Rows { batches: Vec::new(), of_unit: vec![Vec::new(); task.units.len()] };
    match &task.units[..] {
        [unit] if unit.plan.is_read_once() => read_kept(storage, unit, readers, &mut rows).await?,
        _ => read_landed(storage, task, &mut rows).await?,
    }
    for (at, unit) in task.units.iter().enumerate() {
        read_published(storage, unit, at, &mut rows).await?;
    }
    Ok(rows)
}

impl Rows {
    fn push_whole(&mut self, unit: usize, batch: RecordBatch) {
        self.of_unit[unit].push((self.batches.len(), 0..batch.num_rows()));
        self.batches.push(batch);
    }

    fn push_shared(&mut self, Landed { batches, rows_of_unit }: Landed) {
        let (mut batch, mut at) = (0, 0);
        for (unit, mut left) in rows_of_unit {
            while left > 0 && batch < batches.len() {
                let end = batches[batch].num_rows().min(at + left);
                self.of_unit[unit].push((self.batches.len() + batch, at..end));
                left -= end - at;
                (batch, at) = if end == batches[batch].num_rows() { (batch + 1, 0) } else { (batch, end) };
            }
        }
        self.batches.extend(batches);
    }
}

/// The slice's part of what the first slice reads for all.
async fn read_kept(storage: &impl Storage, unit: &Unit, readers: usize, rows: &mut Rows) -> Result<(), LakeError> {
    let landed = unit.plan.landed.get_or_try_init(|| read_pending(storage, &unit.plan, readers)).await?;
    for batch in landed {
        let wanted = within(batch, &unit.buckets())?;
        if !wanted.is_empty() {
            rows.push_whole(0, batch.slice(wanted.start, wanted.len()));
        }
    }
    Ok(())
}

/// All pending rows of a partition, each batch in order of learner.
async fn read_pending(
    storage: &impl Storage,
    plan: &PartitionPlan,
    readers: usize,
) -> Result<Vec<RecordBatch>, LakeError> {
    let read = |pending: &PendingRows| {
        let (file, rows) = (pending.file.clone(), range(pending));
        async move {
            let content = storage.get_landing(&file).await?;
            blocking(move || LakeFile::open(content)?.read(std::slice::from_ref(&rows))).await
        }
    };
    let reads: Vec<_> = plan.pending.iter().map(read).collect();
    let landed: Vec<Vec<RecordBatch>> = stream::iter(reads).buffered(readers).try_collect().await?;
    Ok(landed.into_iter().flatten().collect())
}

/// Every landing file is read once, and let go before the next.
async fn read_landed(storage: &impl Storage, task: &Task, rows: &mut Rows) -> Result<(), LakeError> {
    for (name, wanted) in files(task) {
        let content = storage.get_landing(name).await?;
        rows.push_shared(blocking(move || decode_landed(content, &wanted)).await?);
    }
    Ok(())
}

fn decode_landed(content: Bytes, wanted: &[Wanted]) -> Result<Landed, LakeError> {
    let file = LakeFile::open(content)?;
    let mut ranges = Vec::with_capacity(wanted.len());
    for Wanted { rows, buckets, .. } in wanted {
        let narrowed = buckets.as_ref().map(|buckets| file.narrow(rows.clone(), buckets)).transpose()?;
        ranges.push(narrowed.unwrap_or_else(|| rows.clone()));
    }
    let rows_of_unit = wanted.iter().zip(&ranges).map(|(wanted, range)| (wanted.unit, range.len())).collect();
    Ok(Landed { batches: file.read(&ranges)?, rows_of_unit })
}

/// Which rows of which landing files go to which unit, in order of the rows.
fn files(task: &Task) -> BTreeMap<&str, Vec<Wanted>> {
    let mut files = BTreeMap::<&str, Vec<Wanted>>::new();
    for (at, unit) in task.units.iter().enumerate() {
        for pending in &unit.plan.pending {
            files.entry(&pending.file).or_default().push(wanted(at, unit, pending));
        }
    }
    files.values_mut().for_each(|wanted| wanted.sort_by_key(|wanted| wanted.rows.start));
    files
}

fn wanted(at: usize, unit: &Unit, pending: &PendingRows) -> Wanted {
    let buckets = (!unit.is_whole_partition()).then(|| unit.buckets());
    Wanted { unit: at, rows: range(pending), buckets }
}

fn range(pending: &PendingRows) -> Range<usize> {
    pending.first_row as usize..(pending.first_row + pending.rows) as usize
}

/// The unit's rows of the generation before.
async fn read_published(storage: &impl Storage, unit: &Unit, at: usize, rows: &mut Rows) -> Result<(), LakeError> {
    let buckets = unit.buckets();
    let meets = |file: &&PublishedFile| file.buckets.start() <= buckets.end() && buckets.start() <= file.buckets.end();
    for file in unit.plan.base.files.iter().filter(meets) {
        let is_whole = buckets.contains(file.buckets.start()) && buckets.contains(file.buckets.end());
        let content = storage.get_part(&unit.plan.partition, &file.name).await?;
        let part = (!is_whole).then(|| buckets.clone());
        for batch in blocking(move || decode_published(content, part)).await? {
            rows.push_whole(at, batch);
        }
    }
    Ok(())
}

/// All rows, or those of some buckets.
fn decode_published(content: Bytes, buckets: Option<RangeInclusive<u16>>) -> Result<Vec<RecordBatch>, LakeError> {
    let file = LakeFile::open(content)?;
    buckets.map_or_else(|| file.read_all(), |buckets| file.read_buckets(&buckets))
}
