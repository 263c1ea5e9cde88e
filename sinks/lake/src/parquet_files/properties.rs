//! What is chosen for each column, and why: `sinks/lake/README.md` has the figures.
//!
//! Only what all of Athena, DuckDB, Polars and DataFusion read: data pages of version 1, dictionaries, plain values and
//! delta lengths of texts.

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::rows::schema;

/// The order of a published file's rows: most questions are about some types, then about a course, then about what was
/// done to which object.
pub(crate) const SORTED_BY: [&str; 6] = ["type", "course", "object", "learner", "time", "event_id"];

/// So many rows at most make a row group of a published file.
const ROW_GROUP_ROWS: usize = 131_072;

/// Texts of which nearly every row has its own: a dictionary of them costs and saves nothing. Lengths stand apart, so that
/// zstd sees nothing but digits. Random digits have no repeats worth finding, and from level 2 on zstd finds some by
/// chance, which cost more than they save.
const UNIQUE_TEXTS: [&str; 3] = ["event_id", "source_id", "sequence_number"];
const UNIQUE_TEXTS_LEVEL: i32 = 1;

/// Numbers of which nearly every row has its own. A dictionary of them is one more copy; of plain values zstd finds the
/// high bytes again.
const UNIQUE_NUMBERS: [&str; 4] = ["time", "arrival", "position_millis", "to_millis"];

/// No reader leaves anything out by the least and the greatest of these.
const WITHOUT_BOUNDS: [&str; 8] =
    ["event_id", "source_id", "sequence_number", "session", "attempt_id", "response", "title", "url"];

/// What a page can be left out by: the order, and what follows from it.
const PAGE_BOUNDS: [&str; 8] = ["type", "course", "object", "learner", "time", "video", "quiz", "question"];

/// Pages of two thousand rows, for of these columns they take less room than large ones: what repeats lies near, and
/// zstd has tables of their own for little pages. All others have pages of some 20,000 rows.
const SMALL_PAGE_BYTES: [(&str, usize); 2] = [("time", 16 * 1024), ("sequence_number", 64 * 1024)];

/// A file of fewer rows is not compressed: each page costs a compressor of its own, which saves nothing of a few bytes.
const COMPRESS_FROM_ROWS: usize = 512;

/// A landing file of so many rows lives for a minute: quick to write, no statistics.
pub(crate) fn landing_properties(rows: usize) -> WriterProperties {
    base(rows, 1).set_statistics_enabled(EnabledStatistics::None).build()
}

/// A published file of so many rows is read often.
pub(crate) fn published_properties(rows: usize) -> WriterProperties {
    let properties = base(rows, 3)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_sorting_columns(Some(SORTED_BY.iter().filter_map(|name| sorting(name)).collect()))
        .set_statistics_enabled(EnabledStatistics::Chunk);
    let properties = each(properties, &PAGE_BOUNDS, |properties, column| {
        properties.set_column_statistics_enabled(column, EnabledStatistics::Page)
    });
    let properties = SMALL_PAGE_BYTES.iter().fold(properties, |properties, (column, bytes)| {
        properties.set_column_data_page_size_limit(ColumnPath::from(*column), *bytes)
    });
    let properties = each(properties, &WITHOUT_BOUNDS, |properties, column| {
        properties.set_column_statistics_enabled(column, EnabledStatistics::None)
    });
    properties.build()
}

/// Every column above `segments`, the only nested one, or below it is one leaf; those of the order all lie above it.
fn sorting(name: &str) -> Option<SortingColumn> {
    let position = schema().index_of(name).ok()?;
    Some(SortingColumn { column_idx: position as i32, descending: false, nulls_first: false })
}

fn base(rows: usize, zstd_level: i32) -> WriterPropertiesBuilder {
    let properties = WriterProperties::builder()
        .set_compression(compression(rows, zstd_level))
        .set_created_by(concat!("trilha-lake version ", env!("CARGO_PKG_VERSION")).to_string());
    let properties = each(properties, &UNIQUE_TEXTS, |properties, column| {
        properties
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column.clone(), Encoding::DELTA_LENGTH_BYTE_ARRAY)
            .set_column_compression(column, compression(rows, UNIQUE_TEXTS_LEVEL))
    });
    each(properties, &UNIQUE_NUMBERS, |properties, column| properties.set_column_dictionary_enabled(column, false))
}

fn compression(rows: usize, zstd_level: i32) -> Compression {
    if rows < COMPRESS_FROM_ROWS {
        return Compression::UNCOMPRESSED;
    }
    Compression::ZSTD(ZstdLevel::try_new(zstd_level).unwrap_or_default())
}

fn each(
    properties: WriterPropertiesBuilder,
    columns: &[&str],
    set: impl Fn(WriterPropertiesBuilder, ColumnPath) -> WriterPropertiesBuilder,
) -> WriterPropertiesBuilder {
    columns.iter().fold(properties, |properties, column| set(properties, ColumnPath::from(*column)))
}
