//! The rows of a file: all, some ranges, or those of some learner buckets.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{BooleanArray, RecordBatch, StringArray, new_null_array};
use arrow_schema::{FieldRef, Schema, SchemaRef};
use arrow_select::filter::filter_record_batch;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection,
};

use crate::error::LakeError;
use crate::rows::{LakeRow, from_batch, schema};

const BATCH_ROWS: usize = 8192;

/// The rows of a landing file or of a published file, all of one tenant (whose name stands in the file's partition).
///
/// # Errors
/// When the bytes are no file of the lake.
pub fn rows_of(tenant: &Arc<str>, file: &Bytes) -> Result<Vec<LakeRow>, LakeError> {
    let mut rows = Vec::new();
    for batch in LakeFile::open(file.clone())?.read_all()? {
        rows.append(&mut from_batch(tenant, &batch)?);
    }
    Ok(rows)
}

/// A Parquet file of the lake, its footer read once.
pub(crate) struct LakeFile {
    content: Bytes,
    metadata: ArrowReaderMetadata,
}

impl LakeFile {
    /// A file may be of an earlier form, before the columns that were added at the end since.
    pub(crate) fn open(content: Bytes) -> Result<LakeFile, LakeError> {
        let footer = ArrowReaderMetadata::load(&content, ArrowReaderOptions::new())?;
        let options = ArrowReaderOptions::new().with_schema(columns_of(&footer));
        let metadata = ArrowReaderMetadata::try_new(footer.metadata().clone(), options)?;
        Ok(LakeFile { content, metadata })
    }

    /// The rows of the ranges (in order, apart), one after the other.
    pub(crate) fn read(&self, ranges: &[Range<usize>]) -> Result<Vec<RecordBatch>, LakeError> {
        self.reader(ranges, ProjectionMask::all())?.map(|batch| complete(batch?)).collect()
    }

    /// Every row.
    pub(crate) fn read_all(&self) -> Result<Vec<RecordBatch>, LakeError> {
        self.read(std::slice::from_ref(&(0..self.rows())))
    }

    /// Every row whose learner is in one of the buckets.
    pub(crate) fn read_buckets(&self, buckets: &RangeInclusive<u16>) -> Result<Vec<RecordBatch>, LakeError> {
        let (first, last) = bucket_texts(buckets);
        let mut pieces = Vec::new();
        for batch in self.reader(std::slice::from_ref(&(0..self.rows())), ProjectionMask::all())? {
            let batch = complete(batch?)?;
            let learners = learners(&batch)?;
            let wanted = |learner: Option<&str>| learner.is_some_and(|learner| is_within(learner, &first, &last));
            let wanted: BooleanArray = learners.iter().map(|learner| Some(wanted(learner))).collect();
            pieces.push(filter_record_batch(&batch, &wanted)?);
        }
        Ok(pieces)
    }

    /// The part of a range, whose rows lie in order of learner, that the buckets make.
    pub(crate) fn narrow(&self, range: Range<usize>, buckets: &RangeInclusive<u16>) -> Result<Range<usize>, LakeError> {
        let (mut before, mut length) = (0, 0);
        let learner = ProjectionMask::columns(self.metadata.parquet_schema(), ["learner"]);
        for batch in self.reader(std::slice::from_ref(&range), learner)? {
            let within = within(&batch?, buckets)?;
            before += within.start;
            length += within.len();
        }
        let start = range.start + before;
        Ok(start..start + length)
    }

    fn rows(&self) -> usize {
        self.metadata.metadata().file_metadata().num_rows() as usize
    }

    fn reader(&self, ranges: &[Range<usize>], columns: ProjectionMask) -> Result<ParquetRecordBatchReader, LakeError> {
        let selection = RowSelection::from_consecutive_ranges(ranges.iter().cloned(), self.rows());
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.content.clone(), self.metadata.clone())
            .with_batch_size(BATCH_ROWS)
            .with_projection(columns)
            .with_row_selection(selection);
        Ok(reader.build()?)
    }
}

/// Those of the lake's columns that were there when the file was written.
fn columns_of(file: &ArrowReaderMetadata) -> SchemaRef {
    if file.schema().fields().len() == schema().fields().len() {
        return schema();
    }
    let is_there = |field: &&FieldRef| file.schema().index_of(field.name()).is_ok();
    let fields: Vec<FieldRef> = schema().fields().iter().filter(is_there).cloned().collect();
    Arc::new(Schema::new(fields))
}

/// The rows with all of the lake's columns, nothing standing in those that are not there.
fn complete(rows: RecordBatch) -> Result<RecordBatch, LakeError> {
    let lake = schema();
    if rows.num_columns() == lake.fields().len() {
        return Ok(rows);
    }
    let nothing = |field: &FieldRef| new_null_array(field.data_type(), rows.num_rows());
    let column = |field| rows.column_by_name(FieldRef::as_ref(field).name()).cloned().unwrap_or_else(|| nothing(field));
    let columns = lake.fields().iter().map(column).collect();
    Ok(RecordBatch::try_new(lake, columns)?)
}

/// The part of some rows, which lie in order of learner, that the buckets make.
pub(crate) fn within(rows: &RecordBatch, buckets: &RangeInclusive<u16>) -> Result<Range<usize>, LakeError> {
    let (first, last) = bucket_texts(buckets);
    let (mut before, mut within) = (0, 0);
    for learner in learners(rows)?.iter().flatten() {
        before += usize::from(&learner[..first.len().min(learner.len())] < first.as_str());
        within += usize::from(is_within(learner, &first, &last));
    }
    Ok(before..before + within)
}

fn learners(batch: &RecordBatch) -> Result<&StringArray, LakeError> {
    let column = batch.column_by_name("learner").and_then(|column| column.as_string_opt());
    column.ok_or_else(|| LakeError::Row { row: 0, column: "learner", reason: "is no text".to_string() })
}

fn bucket_texts(buckets: &RangeInclusive<u16>) -> (String, String) {
    (format!("{:03x}", buckets.start()), format!("{:03x}", buckets.end()))
}

fn is_within(learner: &str, first: &str, last: &str) -> bool {
    learner.get(..3).is_some_and(|bucket| (first..=last).contains(&bucket))
}
