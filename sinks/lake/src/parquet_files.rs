//! How the lake's Parquet files are written and read: from columns to the bytes of a file and back, no I/O.

mod read;

use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::error::LakeError;
use crate::rows::schema;

pub(crate) use read::LakeFile;
pub use read::rows_of;

/// The order of a published file's rows: an analyst asks for a course, then for what was done to which object.
pub(crate) const SORTED_BY: [&str; 6] = ["course", "type", "object", "learner", "time", "event_id"];

/// So many rows make a row group of a published file.
const ROW_GROUP_ROWS: usize = 131_072;

/// Columns in which nearly every row has a value of its own: a dictionary of them costs and saves nothing.
const UNIQUE: [&str; 2] = ["event_id", "source_id"];

/// A file of fewer rows is not compressed: each page costs a compressor of its own, which saves nothing of a few bytes.
const COMPRESS_FROM_ROWS: usize = 512;

/// A landing file of so many rows lives for a minute: quick to write, no statistics.
pub(crate) fn landing_properties(rows: usize) -> WriterProperties {
    base(rows, 1).set_statistics_enabled(EnabledStatistics::None).build()
}

/// A published file of so many rows is read often.
pub(crate) fn published_properties(rows: usize) -> WriterProperties {
    let position = |name: &str| schema().index_of(name).ok();
    // Every column above `segments`, the only nested one, or below it is one leaf; those of the order all lie above it.
    let sorting = |name: &&str| {
        position(name).map(|at| SortingColumn { column_idx: at as i32, descending: false, nulls_first: false })
    };
    base(rows, 3)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_sorting_columns(Some(SORTED_BY.iter().filter_map(sorting).collect()))
        .build()
}

fn base(rows: usize, zstd_level: i32) -> WriterPropertiesBuilder {
    let level = ZstdLevel::try_new(zstd_level).unwrap_or_default();
    let compression = if rows < COMPRESS_FROM_ROWS { Compression::UNCOMPRESSED } else { Compression::ZSTD(level) };
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_created_by(concat!("trilha-lake version ", env!("CARGO_PKG_VERSION")).to_string());
    UNIQUE
        .iter()
        .fold(properties, |properties, name| properties.set_column_dictionary_enabled(ColumnPath::from(*name), false))
}

/// Batches as the bytes of a file, and the number of their rows.
pub(crate) fn encode(
    properties: WriterProperties,
    batches: impl Iterator<Item = Result<RecordBatch, LakeError>>,
) -> Result<(Bytes, u64), LakeError> {
    // Readers know the types from Parquet's own schema; a second copy of it in every file would only take room.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema(), options)?;
    let mut rows = 0;
    for batch in batches {
        let batch = batch?;
        rows += batch.num_rows() as u64;
        writer.write(&batch)?;
    }
    Ok((writer.into_inner()?.into(), rows))
}
