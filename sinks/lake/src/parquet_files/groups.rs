//! Row groups of a published file: a family of types each, where it is large enough.

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;

use crate::error::LakeError;

/// A row group of fewer rows is not closed where a family ends: what each adds to the footer, some 4 KB, is then over a
/// fiftieth of what it holds.
const LEAST_ROWS: usize = 4096;

/// Cuts a file, whose rows lie in order of type, where the first word of the type changes (`quiz.answered` to
/// `video.completed`). Most questions are about one family, and engines leave out row groups by their statistics.
#[derive(Default)]
pub(crate) struct Groups {
    family: String,
}

impl Groups {
    /// Writes the batch, closing row groups before and inside it.
    pub(crate) fn write(&mut self, writer: &mut ArrowWriter<Vec<u8>>, batch: &RecordBatch) -> Result<(), LakeError> {
        let types = batch.column_by_name("type").and_then(|column| column.as_string_opt());
        let types = types.ok_or_else(|| LakeError::Row { row: 0, column: "type", reason: "is no text".to_string() })?;
        let mut from = 0;
        while from < batch.num_rows() {
            let family = family(types.value(from));
            if family != self.family {
                if writer.in_progress_rows() >= LEAST_ROWS {
                    writer.flush()?;
                }
                self.family = family.to_string();
            }
            let end = end_of_family(types, from, family);
            writer.write(&batch.slice(from, end - from))?;
            from = end;
        }
        Ok(())
    }
}

fn family(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(family, _)| family)
}

/// Where the rows of a family end that begin at `from`.
fn end_of_family(types: &StringArray, from: usize, of: &str) -> usize {
    if types.iter().next_back().flatten().is_some_and(|last| family(last) == of) {
        return types.len();
    }
    (from..types.len()).find(|row| family(types.value(*row)) != of).unwrap_or(types.len())
}
