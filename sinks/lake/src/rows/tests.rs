use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use proptest::prelude::*;
use trilha_schemas::columns::event_schema;

use super::samples::{any_row, row};
use super::{from_batch, to_batch};
use crate::error::LakeError;

proptest! {
    #[test]
    fn any_row_reads_back_whole(rows in proptest::collection::vec(any_row(), 0..20)) {
        let batch = to_batch(&rows, 7).unwrap();
        prop_assert_eq!(from_batch(&"acme".into(), &batch).unwrap(), rows);
    }
}

#[test]
fn the_columns_are_the_schemas_and_say_what_the_event_says() {
    let batch = to_batch(&[row(0xab, 5, 42)], 3).unwrap();
    assert_eq!(*batch.schema(), event_schema());
    let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().value(0).to_string();
    assert_eq!(text("learner"), "ab".repeat(16));
    assert_eq!(text("event_id"), format!("0005{}", "ab".repeat(14)));
    assert_eq!(text("object"), "page-2");
    assert_eq!(text("sequence_number"), "42");
    assert_eq!(text("type"), "activity.viewed");
}

#[test]
fn a_damaged_row_says_which_column_is_wrong() {
    let batch = to_batch(&[row(1, 1, 1)], 3).unwrap();
    let mut columns = batch.columns().to_vec();
    columns[1] = Arc::new(arrow_array::StringArray::from(vec!["video.danced"]));
    let damaged = RecordBatch::try_new(batch.schema(), columns).unwrap();
    let error = from_batch(&"acme".into(), &damaged).unwrap_err();
    assert!(matches!(error, LakeError::Row { row: 0, column: "type", .. }), "{error}");
}
