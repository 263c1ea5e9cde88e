//! Lines of the log, as the functions and API Gateway write them, for their length.

use serde_json::{Value, json};
use trilha_processors::batch::Observed;

/// What each line of a function measures besides.
const ALWAYS: [&str; 3] = ["Quarantined", "WriteUnits", "ColdStarts"];

/// The line that API Gateway writes of a request, by the format in `infra/aws/template.yaml`.
pub(crate) fn access() -> u64 {
    let line = concat!(
        r#"{"id":"K1a2Bj3voAMEPDg=","time":"03/Aug/2026:11:00:00 +0000","ip":"203.0.113.195","#,
        r#" "route":"POST /v1/events","status":"202","bytes":"29", "millis":"23","integration_millis":"21","#,
        r#" "integration_error":"-","authorizer_error":"-"}"#
    );
    line.len() as u64 + 1
}

/// The line of a request, from the collector.
pub(crate) fn request(events: u64, now_millis: i64) -> u64 {
    let fields = json!({ "method": "POST", "path": "/v1/events", "status": 202, "level": "INFO" });
    line("collector", fields, &[("Events", events as f64)], now_millis)
}

/// The line of a batch.
pub(crate) fn batch(function: &str, observed: &Observed, now_millis: i64) -> u64 {
    let fields = json!({
        "shard": observed.shard, "written": observed.written, "conflicts": observed.conflicts, "level": "INFO"
    });
    let measured = [
        ("Events", observed.events as f64),
        ("BatchRecords", observed.records as f64),
        ("Duplicates", observed.duplicates as f64),
        ("Lag", 12_345.0),
    ];
    line(function, fields, &measured, now_millis)
}

/// The embedded metric format: which members are metrics, then all members.
fn line(function: &str, mut fields: Value, measured: &[(&str, f64)], now_millis: i64) -> u64 {
    let metrics: Vec<(&str, f64)> = measured.iter().copied().chain(ALWAYS.map(|name| (name, 1_234.0))).collect();
    let unit = |name: &str| if name == "Lag" { "Milliseconds" } else { "Count" };
    let defined: Vec<Value> = metrics.iter().map(|(name, _)| json!({ "Name": name, "Unit": unit(name) })).collect();
    let directive = json!({ "Namespace": "Trilha", "Dimensions": [["Function"]], "Metrics": defined });
    fields["_aws"] = json!({ "Timestamp": now_millis, "CloudWatchMetrics": [directive] });
    fields["Function"] = function.into();
    for (name, value) in metrics {
        fields[name] = value.into();
    }
    fields.to_string().len() as u64 + 1
}
