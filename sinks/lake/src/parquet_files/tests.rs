use std::ops::Range;
use std::sync::Arc;

use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::basic::Encoding;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use proptest::prelude::*;
use trilha_schemas::event::{Body, Source, VideoAction, VideoEvent};
use trilha_schemas::sequence::SequenceNumber;

use super::*;
use crate::rows::samples::{any_row, row};
use crate::rows::{LakeRow, to_batch};

const TENANT: &str = "acme";

/// A published file of an earlier form: other order, one row group, dictionaries of numbers, compressed.
const FIRST: &[u8] = include_bytes!("../../tests/golden/published-1.parquet");

fn batch(rows: &[LakeRow]) -> RecordBatch {
    to_batch(rows, 1).unwrap()
}

fn published(rows: &[LakeRow]) -> Bytes {
    published_file(&[batch(rows)]).unwrap()
}

fn read(file: &Bytes) -> Vec<LakeRow> {
    rows_of(&TENANT.into(), file).unwrap()
}

fn metadata(file: &Bytes) -> ParquetMetaData {
    ParquetMetaDataReader::new().parse_and_finish(file).unwrap()
}

fn group_rows(file: &Bytes) -> Vec<i64> {
    metadata(file).row_groups().iter().map(|group| group.num_rows()).collect()
}

/// Acts of one learner: first pages, then videos.
fn acts(pages: Range<u16>, videos: Range<u16>) -> Vec<LakeRow> {
    let watched = |act| {
        let mut row = row(1, act, u64::from(act));
        row.event.body = Body::Video(VideoEvent {
            action: VideoAction::Watched,
            video: "v".to_string(),
            position_millis: Some(i64::from(act) * 1000),
            to_millis: Some(i64::from(act) * 1000 + 997),
            length_millis: None,
            rate: None,
            threshold: None,
            segments: None,
        });
        row
    };
    pages.map(|act| row(1, act, u64::from(act))).chain(videos.map(watched)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_row_comes_back_from_a_published_and_from_a_landing_file(rows in proptest::collection::vec(any_row(), 1..40)) {
        prop_assert_eq!(&read(&published(&rows)), &rows);
        let landing = encode(landing_properties(rows.len()), std::iter::once(Ok(batch(&rows)))).unwrap().0;
        prop_assert_eq!(&read(&landing), &rows);
    }
}

#[test]
fn compressed_files_of_many_rows_come_back() {
    let mut rows = acts(0..600, 600..9000);
    // The greatest and the least that a column holds, and an id that is longer than all others.
    (rows[700].event.time_millis, rows[700].event.arrival_millis) = (Some(i64::MIN), i64::MAX);
    (rows[701].event.time_millis, rows[701].event.source) = (None, Source::Given("é".repeat(40_000)));
    assert_eq!(read(&published(&rows)), rows);
    let landing = encode(landing_properties(rows.len()), std::iter::once(Ok(batch(&rows)))).unwrap().0;
    assert_eq!(read(&landing), rows);
}

#[test]
fn a_family_of_types_ends_a_row_group_that_is_large_enough() {
    assert_eq!(group_rows(&published(&acts(0..4096, 5000..5010))), [4096, 10]);
    assert_eq!(group_rows(&published(&acts(0..4095, 5000..5010))), [4105]);
    let rows = acts(0..5000, 5000..5010);
    let in_pieces: Vec<RecordBatch> = rows.chunks(999).map(batch).collect();
    assert_eq!(group_rows(&published_file(&in_pieces).unwrap()), [5000, 10]);
}

#[test]
fn only_what_rows_are_left_out_by_has_bounds() {
    let file = metadata(&published(&acts(0..10, 10..20)));
    let group = file.row_group(0);
    let bounds = |name: &str| {
        let column = group.columns().iter().find(|column| column.column_path().string() == name).unwrap();
        let has_pages = column.column_index_offset().is_some();
        (column.statistics().is_some_and(|bounds| bounds.min_bytes_opt().is_some()), has_pages)
    };
    for name in ["type", "course", "object", "learner", "time", "video"] {
        assert_eq!(bounds(name), (true, true), "{name}");
    }
    assert_eq!(bounds("arrival"), (true, false));
    for name in ["event_id", "source_id", "sequence_number", "title"] {
        assert_eq!(bounds(name), (false, false), "{name}");
    }
    let sorted: Vec<&str> = group.sorting_columns().unwrap().iter().map(|by| name_of(&file, by.column_idx)).collect();
    assert_eq!(sorted, ["type", "course", "object", "learner", "time", "event_id"]);
}

#[test]
fn pages_are_small_where_small_ones_take_less_room() {
    let mut rows = acts(0..60_000, 0..0);
    for (at, row) in rows.iter_mut().enumerate() {
        row.sequence_number = SequenceNumber::parse(&format!("4{at:055}")).unwrap();
    }
    let in_pieces: Vec<RecordBatch> = rows.chunks(8192).map(batch).collect();
    let file = published_file(&in_pieces).unwrap();
    let mut reader = ParquetMetaDataReader::new().with_offset_index_policy(PageIndexPolicy::Required);
    reader.try_parse(&file).unwrap();
    let file = reader.finish().unwrap();
    let pages = |name: &str| {
        let columns = file.file_metadata().schema_descr().columns();
        let at = columns.iter().position(|column| column.name() == name).unwrap();
        file.offset_index().unwrap()[0][at].page_locations().len()
    };
    assert_eq!(["time", "sequence_number", "arrival", "object"].map(pages), [30, 30, 3, 3]);
}

fn name_of(file: &ParquetMetaData, column: i32) -> &str {
    file.file_metadata().schema_descr().columns()[column as usize].name()
}

#[test]
fn no_encoding_is_used_that_athena_does_not_read() {
    let known = [Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY, Encoding::DELTA_LENGTH_BYTE_ARRAY];
    let rows = acts(0..600, 600..9000);
    let landing = encode(landing_properties(rows.len()), std::iter::once(Ok(batch(&rows)))).unwrap().0;
    for file in [published(&rows), landing] {
        for column in metadata(&file).row_groups().iter().flat_map(|group| group.columns()) {
            assert!(column.encodings().all(|one| known.contains(&one)), "{}", column.column_path());
        }
    }
}

#[test]
fn a_file_of_an_earlier_form_is_read_and_written_anew() {
    let rows = read(&Bytes::from_static(FIRST));
    assert_eq!(rows.len(), 559);
    let watched: i64 = rows.iter().filter_map(watched_millis).sum();
    assert_eq!(watched, WATCHED_MILLIS);
    assert_eq!(read(&published(&rows)), rows);
    let file = LakeFile::open(Bytes::from_static(FIRST)).unwrap();
    let of_all_learners = file.read_buckets(&(0..=u16::MAX)).unwrap();
    assert_eq!(of_all_learners, file.read_all().unwrap());
    assert!(of_all_learners.iter().all(|batch| batch.schema() == schema()));
    let added = |batch: &RecordBatch| batch.column_by_name("tie_break").unwrap().null_count();
    assert_eq!(of_all_learners.iter().map(added).sum::<usize>(), rows.len(), "nothing stands where there was nothing");
    let tenant: Arc<str> = TENANT.into();
    assert!(rows.iter().all(|row| row.tenant == tenant && row.event.source_id(TENANT).is_some()));
}

fn watched_millis(row: &LakeRow) -> Option<i64> {
    match &row.event.body {
        Body::Video(video) if video.action == VideoAction::Watched => Some(video.to_millis? - video.position_millis?),
        _ => None,
    }
}

/// As another reader of Parquet adds them up.
const WATCHED_MILLIS: i64 = 4092089;
