//! How the lake's Parquet files are written and read: from columns to the bytes of a file and back, no I/O.

mod groups;
mod properties;
mod read;

#[cfg(test)]
mod tests;

use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::WriterProperties;

use crate::error::LakeError;
use crate::rows::schema;
use groups::Groups;

pub(crate) use properties::{landing_properties, published_properties};
pub use read::rows_of;
pub(crate) use read::{LakeFile, within};

/// Batches as the bytes of a landing file, and the number of their rows.
pub(crate) fn encode(
    properties: WriterProperties,
    batches: impl Iterator<Item = Result<RecordBatch, LakeError>>,
) -> Result<(Bytes, u64), LakeError> {
    encode_with(properties, batches, |writer, batch| Ok(writer.write(batch)?))
}

/// Batches, in the order of a published file ([`properties::SORTED_BY`]), as its bytes, and the number of their rows.
pub(crate) fn encode_published(
    properties: WriterProperties,
    batches: impl Iterator<Item = Result<RecordBatch, LakeError>>,
) -> Result<(Bytes, u64), LakeError> {
    let mut groups = Groups::default();
    encode_with(properties, batches, |writer, batch| groups.write(writer, batch))
}

/// The bytes of a published file of these rows, which have the lake's columns and lie in its order: by type, course,
/// object, learner, time and id. For who measures it; the lake's own files come of a compaction.
///
/// # Errors
/// When the columns are others.
pub fn published_file(batches: &[RecordBatch]) -> Result<Bytes, LakeError> {
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let batches = batches.iter().cloned().map(Ok);
    Ok(encode_published(published_properties(rows), batches)?.0)
}

fn encode_with(
    properties: WriterProperties,
    batches: impl Iterator<Item = Result<RecordBatch, LakeError>>,
    mut write: impl FnMut(&mut ArrowWriter<Vec<u8>>, &RecordBatch) -> Result<(), LakeError>,
) -> Result<(Bytes, u64), LakeError> {
    // Readers know the types from Parquet's own schema; a second copy of it in every file would only take room.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema(), options)?;
    let mut rows = 0;
    for batch in batches {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        write(&mut writer, &batch)?;
    }
    Ok((writer.into_inner()?.into(), rows))
}
