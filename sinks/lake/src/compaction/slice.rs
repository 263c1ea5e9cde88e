//! One worker's task: read its rows in one pass, and write one file for each of its slices.

use std::collections::BTreeMap;
use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_select::interleave::interleave_record_batch;

use super::order::{OrderColumns, distinct_in_order};
use super::plan::{Task, Unit};
use super::read::LakeFile;
use crate::beyond::flag;
use crate::error::LakeError;
use crate::folder::LakeFolder;
use crate::manifest::{PendingRows, PublishedFile};
use crate::parquet_files::{self, published_properties};

/// So many rows are put together at a time on their way into a file.
const WRITE_ROWS: usize = 8192;

/// The rows of a task: batches as they were read, and of each unit which rows of them are its own. Units of one task share
/// batches, for a day of a landing file may be a handful of rows.
struct Rows {
    batches: Vec<RecordBatch>,
    of_unit: Vec<Vec<(usize, Range<usize>)>>,
}

/// Writes the task's files into the waiting folders.
pub(crate) fn write(folder: &LakeFolder, task: &Task) -> Result<(), LakeError> {
    let rows = read(folder, task)?;
    let batches: Vec<&RecordBatch> = rows.batches.iter().collect();
    let columns = OrderColumns::of_all(&rows.batches)?;
    for (unit, pieces) in task.units.iter().zip(&rows.of_unit) {
        let path = folder.waiting(&unit.plan.partition).join(unit.file_name());
        let places = distinct_in_order(&columns, pieces)?;
        let sorted =
            places.chunks(WRITE_ROWS).map(|places| flag(interleave_record_batch(&batches, places)?, &unit.plan.beyond));
        unit.written(parquet_files::write(&path, published_properties(), sorted)?);
    }
    Ok(())
}

fn read(folder: &LakeFolder, task: &Task) -> Result<Rows, LakeError> {
    let mut rows = Rows { batches: Vec::new(), of_unit: vec![Vec::new(); task.units.len()] };
    read_landed(folder, task, &mut rows)?;
    for (at, unit) in task.units.iter().enumerate() {
        read_published(folder, unit, |batch| rows.push_whole(at, batch))?;
    }
    Ok(rows)
}

impl Rows {
    fn push_whole(&mut self, unit: usize, batch: RecordBatch) {
        self.of_unit[unit].push((self.batches.len(), 0..batch.num_rows()));
        self.batches.push(batch);
    }

    /// Takes the batches that hold, one after the other, so many rows of each of the units.
    fn push_shared(&mut self, batches: Vec<RecordBatch>, wanted: impl Iterator<Item = (usize, usize)>) {
        let (mut batch, mut at) = (0, 0);
        for (unit, mut left) in wanted {
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

/// Every landing file is opened once.
fn read_landed(folder: &LakeFolder, task: &Task, rows: &mut Rows) -> Result<(), LakeError> {
    for (name, wanted) in files(task) {
        let file = LakeFile::open(&folder.landing().join(name))?;
        let mut ranges = Vec::with_capacity(wanted.len());
        for (unit, rows) in &wanted {
            ranges.push(range(&file, &task.units[*unit], rows)?);
        }
        let lengths = wanted.iter().zip(&ranges).map(|((unit, _), range)| (*unit, range.len()));
        rows.push_shared(file.read(&ranges)?, lengths);
    }
    Ok(())
}

/// Which rows of which landing files go to which unit, in order of the rows.
fn files(task: &Task) -> BTreeMap<&str, Vec<(usize, &PendingRows)>> {
    let mut files = BTreeMap::<&str, Vec<(usize, &PendingRows)>>::new();
    for (at, unit) in task.units.iter().enumerate() {
        for rows in &unit.plan.pending {
            files.entry(&rows.file).or_default().push((at, rows));
        }
    }
    files.values_mut().for_each(|wanted| wanted.sort_by_key(|(_, rows)| rows.first_row));
    files
}

fn range(file: &LakeFile, unit: &Unit, rows: &PendingRows) -> Result<Range<usize>, LakeError> {
    let range = rows.first_row as usize..(rows.first_row + rows.rows) as usize;
    if unit.is_whole_partition() { Ok(range) } else { file.narrow(range, &unit.buckets()) }
}

/// The unit's rows of the generation before.
fn read_published(folder: &LakeFolder, unit: &Unit, push: impl FnMut(RecordBatch)) -> Result<(), LakeError> {
    let mut batches = Vec::new();
    let buckets = unit.buckets();
    let meets = |file: &&PublishedFile| file.buckets.start() <= buckets.end() && buckets.start() <= file.buckets.end();
    for file in unit.plan.base.files.iter().filter(meets) {
        let is_whole = buckets.contains(file.buckets.start()) && buckets.contains(file.buckets.end());
        let rows = LakeFile::open(&folder.published(&unit.plan.partition).join(&file.name))?;
        batches.append(&mut if is_whole { rows.read_all()? } else { rows.read_buckets(&buckets)? });
    }
    batches.into_iter().for_each(push);
    Ok(())
}
