//! An answer as a table, as JSON or as CSV.

use std::io::Write;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::arrow::csv;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json;
use datafusion::arrow::json::writer::JsonArray;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::arrow::util::pretty::pretty_format_batches_with_schema;

use crate::engine::Answer;
use crate::error::QueryError;

/// A time without a zone is UTC here.
const UTC: &str = "%Y-%m-%dT%H:%M:%S%.fZ";

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns, for people.
    Table,
    /// One array of objects, one a row; times in RFC 3339, null where there is nothing.
    Json,
    /// A line of names, then one line a row; lists as text.
    Csv,
}

/// Writes an answer.
pub fn write(answer: &Answer, format: Format, out: &mut impl Write) -> Result<(), QueryError> {
    match format {
        Format::Table => write_table(answer, out),
        Format::Json => write_json(answer, out),
        Format::Csv => write_csv(answer, out),
    }
}

fn write_table(answer: &Answer, out: &mut impl Write) -> Result<(), QueryError> {
    writeln!(out, "{}", pretty_format_batches_with_schema(answer.schema.clone(), &answer.batches)?)?;
    let rows: usize = answer.batches.iter().map(RecordBatch::num_rows).sum();
    writeln!(out, "{rows} {}", if rows == 1 { "row" } else { "rows" })?;
    Ok(())
}

fn write_json(answer: &Answer, out: &mut impl Write) -> Result<(), QueryError> {
    let builder = json::WriterBuilder::new().with_explicit_nulls(true).with_timestamp_format(UTC.to_string());
    let mut writer = builder.build::<_, JsonArray>(&mut *out);
    writer.write_batches(&answer.batches.iter().collect::<Vec<_>>())?;
    writer.finish()?;
    drop(writer);
    writeln!(out)?;
    Ok(())
}

fn write_csv(answer: &Answer, out: &mut impl Write) -> Result<(), QueryError> {
    let builder = csv::WriterBuilder::new().with_header(true).with_timestamp_format(UTC.to_string());
    let mut writer = builder.build(out);
    writer.write(&flat(&RecordBatch::new_empty(answer.schema.clone()))?)?;
    for batch in &answer.batches {
        writer.write(&flat(batch)?)?;
    }
    Ok(())
}

/// CSV has no lists: they become text.
fn flat(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = batch
        .schema()
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| {
            Ok(if field.data_type().is_nested() { as_text(field, column)? } else { same(field, column) })
        })
        .collect::<Result<Vec<_>, ArrowError>>()?
        .into_iter()
        .unzip();
    RecordBatch::try_new_with_options(
        Arc::new(Schema::new(fields)),
        columns,
        &datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows())),
    )
}

fn same(field: &Field, column: &ArrayRef) -> (Field, ArrayRef) {
    (field.clone(), column.clone())
}

fn as_text(field: &Field, column: &ArrayRef) -> Result<(Field, ArrayRef), ArrowError> {
    let cell = |row| column.is_valid(row).then(|| array_value_to_string(column, row)).transpose();
    let texts = (0..column.len()).map(cell).collect::<Result<StringArray, _>>()?;
    Ok((Field::new(field.name(), DataType::Utf8, true), Arc::new(texts)))
}
