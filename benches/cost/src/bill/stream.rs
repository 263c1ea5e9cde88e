//! Kinesis, by the shard or by the byte.

use super::{Basis, Leg, Line};
use crate::asked::{MONTH_HOURS, StreamMode};
use crate::prices::Priced;

/// Included in what an hour costs.
const FREE_RETENTION_HOURS: f64 = 24.0;
/// The live processor and the lake's writer.
const CONSUMERS: f64 = 2.0;

pub(super) fn lines(basis: &Basis<'_>) -> Vec<Line> {
    let (provisioned, on_demand) = (provisioned(basis), on_demand(basis));
    let total = |lines: &[Line]| lines.iter().map(|line| line.dollars).sum::<f64>();
    match basis.asked.stream {
        StreamMode::Provisioned => provisioned,
        StreamMode::OnDemand => on_demand,
        StreamMode::Cheaper if total(&on_demand) < total(&provisioned) => on_demand,
        StreamMode::Cheaper => provisioned,
    }
}

/// Dollars a month of both, for who chooses.
pub(super) fn provisioned(basis: &Basis<'_>) -> Vec<Line> {
    let (counted, shards) = (basis.counted, f64::from(basis.plan.shards));
    let events = counted.collected.events;
    let units = basis.monthly(counted.stream.put_units as f64, events);
    let records = counted.stream.records.max(1) as f64;
    let told = format!(
        "{:.2} events and {:.0} bytes a record",
        events as f64 / records,
        counted.stream.bytes as f64 / records
    );
    let shard_hours = shards * MONTH_HOURS;
    let hours = basis.plan.deployment.retention_hours;
    let mut lines = vec![
        basis.line(Leg::Stream, "shards", shard_hours, Priced::ShardHour, format!("{shards:.0} shards × 730 h")),
        basis.line(Leg::Stream, "records put", units, Priced::PutUnit, told),
    ];
    if f64::from(hours) > FREE_RETENTION_HOURS {
        let told = format!("records are kept for {hours} h");
        lines.push(basis.line(Leg::Stream, "retention", shard_hours, Priced::ShardHourOfRetention, told));
    }
    lines
}

/// What is read is not rounded.
pub(super) fn on_demand(basis: &Basis<'_>) -> Vec<Line> {
    let counted = basis.counted;
    let events = counted.collected.events;
    let charged = basis.monthly(counted.stream.on_demand_bytes as f64, events);
    let bytes = basis.monthly(counted.stream.bytes as f64, events);
    let leg = Leg::Stream;
    let records = counted.stream.records.max(1) as f64;
    let told = format!("{:.0} bytes a record, rounded up to 1 KB", counted.stream.bytes as f64 / records);
    let mut lines = vec![
        basis.line(leg, "the stream", MONTH_HOURS, Priced::OnDemandStreamHour, "730 h".into()),
        basis.gigabytes(leg, "put", charged, Priced::OnDemandGbIn, told),
        basis.gigabytes(leg, "read twice", bytes * CONSUMERS, Priced::OnDemandGbOut, "live and lake".into()),
    ];
    let kept_hours = f64::from(basis.plan.deployment.retention_hours) - FREE_RETENTION_HOURS;
    if kept_hours > 0.0 {
        let kept = charged * kept_hours / MONTH_HOURS;
        let told = format!("{kept_hours:.0} h beyond the first day");
        lines.push(basis.gigabytes(leg, "retention", kept, Priced::OnDemandGbOfRetention, told));
    }
    lines
}
