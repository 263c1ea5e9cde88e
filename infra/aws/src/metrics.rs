//! Metrics as lines of the log, in CloudWatch's embedded metric format: no call to CloudWatch, nothing to wait for.
//!
//! A line is one JSON object. `_aws` says which of its members are metrics; the others are fields for who reads the
//! log. (Amazon CloudWatch user guide: embedded metric format specification.)

use serde_json::{Map, Value, json};

/// The namespace of all of them.
pub const NAMESPACE: &str = "Trilha";
/// Their one dimension.
pub const DIMENSION: &str = "Function";

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Events taken or handled.
    Events,
    /// From the arrival of the batch's newest record to now, in milliseconds.
    Lag,
    /// Records in the batch.
    BatchRecords,
    /// Events that were there before.
    Duplicates,
    /// Rows for the quarantine.
    Quarantined,
    /// Write units that DynamoDB charged.
    WriteUnits,
    /// 1 at a process's first call, else 0.
    ColdStarts,
    /// Shards and views that are marked as stale: the live numbers and the lake differ.
    Drift,
    /// Courses that an evaluation had no time for.
    CoursesLeft,
}

impl Metric {
    /// Its name in CloudWatch.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Events => "Events",
            Metric::Lag => "Lag",
            Metric::BatchRecords => "BatchRecords",
            Metric::Duplicates => "Duplicates",
            Metric::Quarantined => "Quarantined",
            Metric::WriteUnits => "WriteUnits",
            Metric::ColdStarts => "ColdStarts",
            Metric::Drift => "Drift",
            Metric::CoursesLeft => "CoursesLeft",
        }
    }

    fn unit(self) -> &'static str {
        if self == Metric::Lag { "Milliseconds" } else { "Count" }
    }
}

/// A line with these metrics and fields. A field may not be called like a metric.
pub fn line(now_millis: i64, function: &str, metrics: &[(Metric, f64)], fields: Map<String, Value>) -> Value {
    let defined: Vec<_> =
        metrics.iter().map(|(metric, _)| json!({ "Name": metric.name(), "Unit": metric.unit() })).collect();
    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": defined });
    let mut line = fields;
    line.insert("_aws".into(), json!({ "Timestamp": now_millis, "CloudWatchMetrics": [directive] }));
    line.insert(DIMENSION.into(), function.into());
    line.extend(metrics.iter().map(|(metric, value)| (metric.name().to_string(), json!(value))));
    Value::Object(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_cloudwatch_wants_it() {
        let fields = Map::from_iter([("shard".to_string(), json!("one/shardId-000000000000"))]);
        let line = line(1_764_115_200_000, "trilha-live", &[(Metric::Events, 12.0), (Metric::Lag, 340.0)], fields);
        let expected = json!({
            "_aws": {
                "Timestamp": 1_764_115_200_000_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "Trilha",
                    "Dimensions": [["Function"]],
                    "Metrics": [{ "Name": "Events", "Unit": "Count" }, { "Name": "Lag", "Unit": "Milliseconds" }],
                }],
            },
            "Function": "trilha-live",
            "Events": 12.0,
            "Lag": 340.0,
            "shard": "one/shardId-000000000000",
        });
        assert_eq!(line, expected);
    }
}
