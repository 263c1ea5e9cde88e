//! What is charged for being there, and what tables keep.

use super::{Basis, Leg, Line, LiveTable};
use crate::asked::MONTH_HOURS;
use crate::prices::Priced;

/// Of the template, which `infra/aws/tests/test_costs.py` counts.
const ALARMS: f64 = 31.0;
/// Auto scaling makes four for writes and four for reads.
const SCALING_ALARMS: f64 = 8.0;
const METRICS: f64 = 30.0;
const REDRIVE_STEPS: f64 = 3.0;

pub(super) fn lines(basis: &Basis<'_>, table: &LiveTable) -> Vec<Line> {
    let leg = Leg::AtRest;
    let steps = MONTH_HOURS * REDRIVE_STEPS;
    let mut lines = vec![
        basis.line(leg, "alarms", ALARMS, Priced::Alarm, "free tiers aside, here and below".into()),
        basis.line(leg, "metrics", METRICS, Priced::Metric, "of the functions' log lines".into()),
        basis.line(leg, "secret", 1.0, Priced::Secret, "the root of all keys".into()),
        basis.line(leg, "re-drive's steps", steps, Priced::Transition, "hourly, 3 each".into()),
    ];
    if table.provisioned {
        lines.push(basis.line(leg, "auto scaling's alarms", SCALING_ALARMS, Priced::Alarm, "of the live table".into()));
    }
    let each = basis.counts.stored_bytes as f64 / basis.counts.stored_events.max(1) as f64;
    let bytes = basis.events() * each;
    let told = format!("{each:.0} bytes an event in learner items and views");
    lines.push(basis.gigabytes(Leg::Kept, "the live tables", bytes, Priced::TableGb, told.clone()));
    lines.push(basis.gigabytes(Leg::Kept, "their recovery", bytes, Priced::RecoveryGb, told));
    lines
}
