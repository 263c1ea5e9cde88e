//! One question, one answer.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use datafusion::sql::parser::DFParser;

use crate::error::{QueryError, message};
use crate::files::published_files;
use crate::table::Events;

/// So many times a query is asked again when files it reads are replaced under it.
const ATTEMPTS: usize = 100;

/// What a query found.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The columns, also when there are no rows.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

/// Asks the lake of a data folder (the DIR of `trilha up --data DIR`). Only queries are answered, `EXPLAIN`, `SHOW` and `DESCRIBE`
/// among them. A lake in which nothing is published yet is an empty table.
pub async fn query(data: &Path, sql: &str) -> Result<Answer, QueryError> {
    let lake = find_lake(data)?;
    for _ in 0..ATTEMPTS {
        let files = published_files(&lake.join("events"))?;
        let failed = match Events::over(&files) {
            Ok(events) => match run(events, sql).await? {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            },
            Err(gone) => gone,
        };
        // Files that are all still there cannot be what it failed of.
        if files.iter().all(|file| file.path.exists()) {
            return Err(QueryError::Failed(message(&failed)));
        }
    }
    Err(QueryError::Changing(ATTEMPTS))
}

fn find_lake(data: &Path) -> Result<std::path::PathBuf, QueryError> {
    if !data.is_dir() {
        return Err(QueryError::NoFolder(data.to_path_buf()));
    }
    let lake = data.join("lake");
    if !lake.is_dir() {
        return Err(QueryError::NoLake(data.to_path_buf()));
    }
    lake.canonicalize().map_err(|source| QueryError::Folder { path: lake, source })
}

/// The outer error is the question's fault, the inner one may be the moment's.
async fn run(events: Events, sql: &str) -> Result<Result<Answer, DataFusionError>, QueryError> {
    let plan = plan(events, sql).await?;
    let schema = Arc::new(plan.schema().as_arrow().clone());
    Ok(plan.collect().await.map(|batches| Answer { schema, batches }))
}

async fn plan(events: Events, sql: &str) -> Result<DataFrame, QueryError> {
    let said = |error: DataFusionError| QueryError::Sql(message(&error));
    let statements = DFParser::parse_sql(sql).map_err(said)?.len();
    if statements != 1 {
        return Err(QueryError::Sql(format!("ask one question in SQL at a time, not {statements}")));
    }
    let context = SessionContext::new_with_config(SessionConfig::new().with_information_schema(true));
    context.register_table("events", Arc::new(events)).map_err(said)?;
    let plan = context.state().create_logical_plan(sql).await.map_err(said)?;
    refuse_changes(&plan)?;
    context.execute_logical_plan(plan).await.map_err(said)
}

fn refuse_changes(plan: &LogicalPlan) -> Result<(), QueryError> {
    let only_queries = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    only_queries.verify_plan(plan).map_err(|_| QueryError::ReadOnly)
}
