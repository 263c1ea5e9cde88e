//! The lake's database and table in Glue, with the columns that its files have.

use anyhow::{Context, bail};
use arrow_schema::{DataType, Field};
use aws_sdk_glue::Client;
use aws_sdk_glue::types::{Column, DatabaseInput, SerDeInfo, StorageDescriptor, TableInput};
use trilha_schemas::columns::event_schema;

const INPUT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
const OUTPUT: &str = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
const SERDE: &str = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";

/// Makes both where they are not there.
pub(super) async fn create(client: &Client, database: &str, table: &str, location: &str) -> anyhow::Result<()> {
    let input = DatabaseInput::builder().name(database).build()?;
    if let Err(error) = client.create_database().database_input(input).send().await
        && !error.as_service_error().is_some_and(|error| error.is_already_exists_exception())
    {
        return Err(aws_sdk_glue::Error::from(error)).with_context(|| format!("cannot make the database {database}"));
    }
    let input = input_of(table, location)?;
    if let Err(error) = client.create_table().database_name(database).table_input(input).send().await
        && !error.as_service_error().is_some_and(|error| error.is_already_exists_exception())
    {
        return Err(aws_sdk_glue::Error::from(error)).with_context(|| format!("cannot make the table {table}"));
    }
    Ok(())
}

fn input_of(table: &str, location: &str) -> anyhow::Result<TableInput> {
    let column = |name: &str, kind: String| Ok::<_, anyhow::Error>(Column::builder().name(name).r#type(kind).build()?);
    let columns = columns()?.into_iter().map(|(name, kind)| column(&name, kind)).collect::<Result<_, _>>()?;
    let keys = ["tenant", "day"].map(|name| column(name, "string".into())).into_iter().collect::<Result<_, _>>()?;
    let descriptor = StorageDescriptor::builder()
        .location(format!("{location}/"))
        .input_format(INPUT)
        .output_format(OUTPUT)
        .serde_info(SerDeInfo::builder().serialization_library(SERDE).build())
        .set_columns(Some(columns));
    let input = TableInput::builder().name(table).table_type("EXTERNAL_TABLE").set_partition_keys(Some(keys));
    let input = input.parameters("classification", "parquet").parameters("EXTERNAL", "TRUE");
    Ok(input.storage_descriptor(descriptor.build()).build()?)
}

fn columns() -> anyhow::Result<Vec<(String, String)>> {
    event_schema().fields().iter().map(|field| Ok((field.name().clone(), kind(field)?))).collect()
}

/// A column's type as Glue writes it.
fn kind(field: &Field) -> anyhow::Result<String> {
    Ok(match field.data_type() {
        DataType::Utf8 => "string".to_string(),
        DataType::Boolean => "boolean".to_string(),
        DataType::Int32 => "int".to_string(),
        DataType::Int64 => "bigint".to_string(),
        DataType::Float64 => "double".to_string(),
        DataType::Timestamp(..) => "timestamp".to_string(),
        DataType::List(element) => format!("array<{}>", kind(element)?),
        DataType::Struct(fields) => {
            let fields = fields.iter().map(|field| Ok(format!("{}:{}", field.name(), kind(field)?)));
            format!("struct<{}>", fields.collect::<anyhow::Result<Vec<_>>>()?.join(","))
        }
        other => bail!("Glue has no type for {other}, the column {}", field.name()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_the_lake_has_a_type() {
        let columns = columns().unwrap();
        let of = |name: &str| columns.iter().find(|(column, _)| column == name).map(|(_, kind)| kind.as_str());
        assert_eq!(of("event_id"), Some("string"));
        assert_eq!(of("arrival"), Some("timestamp"));
        assert_eq!(of("segments"), Some("array<struct<from_millis:bigint,to_millis:bigint>>"));
        assert_eq!((of("flags"), of("rate"), of("place")), (Some("int"), Some("double"), Some("bigint")));
    }
}
