//! SQL over the lake: the published Parquet files as the table `events`, read only.
//!
//! It reads the folder `lake/events` of a data folder and nothing else: no manifest, no landing file, no running process. So it
//! works beside one. A compaction may replace a day's files while a query runs; the query is then asked again of the
//! files that are there ([`query`]). Start at [`query`]; [`write()`] prints what it answers.

#![warn(missing_docs)]

mod engine;
mod error;
mod files;
mod output;
mod table;

pub use engine::{Answer, query};
pub use error::QueryError;
pub use output::{Format, write};
