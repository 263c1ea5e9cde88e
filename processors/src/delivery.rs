//! How the processors want their records delivered, on one machine and on AWS alike.

use std::time::Duration;

use trilha_stream::mapping::MappingConfig;

/// The most records in a batch: with those of a replay, some 20,000 events.
const BATCH_RECORDS: usize = 3_000;

/// An event source mapping's settings: large batches, and nothing is ever discarded, neither for its attempts nor for its
/// age (DESIGN.md, section 4: a range that is lost cannot be driven again).
pub fn mapping(name: &str, window: Duration) -> MappingConfig {
    MappingConfig {
        batch_size: BATCH_RECORDS,
        window,
        retry_attempts: None,
        record_age: None,
        report_batch_item_failures: true,
        ..MappingConfig::new(name)
    }
}
