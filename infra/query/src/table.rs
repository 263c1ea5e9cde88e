//! The table `events`: a fixed list of published files, so that one query sees one state of the lake.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::TableType;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Expr;
use datafusion::object_store::ObjectMeta;
use datafusion::object_store::path::Path as StorePath;
use datafusion::physical_plan::ExecutionPlan;
use trilha_schemas::columns;

use crate::files::PublishedFile;

/// The lake's columns, then `tenant` and `day`. Both are text: `day` is `2026-11-23` or `unknown`.
fn table_schema() -> TableSchema {
    static SCHEMA: LazyLock<TableSchema> = LazyLock::new(|| {
        let partition = |name| Arc::new(Field::new(name, DataType::Utf8, false));
        TableSchema::builder(Arc::new(columns::event_schema()))
            .with_table_partition_cols(vec![partition("tenant"), partition("day")])
            .build()
    });
    SCHEMA.clone()
}

/// The table over a list of files.
#[derive(Debug)]
pub(crate) struct Events {
    files: Vec<PartitionedFile>,
}

impl Events {
    /// Fails when a file is gone already.
    pub(crate) fn over(files: &[PublishedFile]) -> Result<Events> {
        Ok(Events { files: files.iter().map(partitioned).collect::<Result<_>>()? })
    }
}

fn partitioned(file: &PublishedFile) -> Result<PartitionedFile> {
    let metadata = std::fs::metadata(&file.path)?;
    let location =
        StorePath::from_absolute_path(&file.path).map_err(|error| DataFusionError::External(error.into()))?;
    let last_modified = metadata.modified()?.into();
    let meta = ObjectMeta { location, last_modified, size: metadata.len(), e_tag: None, version: None };
    let values = [&file.tenant, &file.day].map(|value| ScalarValue::Utf8(Some(value.clone())));
    Ok(PartitionedFile::new_from_meta(meta).with_partition_values(values.to_vec()))
}

#[async_trait]
impl TableProvider for Events {
    fn schema(&self) -> SchemaRef {
        table_schema().table_schema().clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    /// Filters are left to the engine: its optimizer pushes them into the scan, where partitions, row groups and pages are
    /// skipped.
    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let groups = FileGroup::new(self.files.clone()).split_files(state.config().target_partitions());
        let options = state.table_options().parquet.clone();
        let source = ParquetSource::new(table_schema()).with_table_parquet_options(options);
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}
