//! Requests, the collector's function, and its own tables.

use super::{Basis, Leg, Line, each};
use crate::asked::{CLIENT_CPU_SECONDS, PEAK, PUT_WAIT_SECONDS};
use crate::billing::{api_requests, billed_millis, core_share};
use crate::prices::Priced;

/// From here on a request is cheaper.
const FIRST_REQUESTS: f64 = 300.0e6;

pub(super) fn lines(basis: &Basis<'_>) -> Vec<Line> {
    let (calls, deployment) = (basis.counted.collected, basis.plan.deployment);
    let requests = basis.monthly(calls.calls as f64, calls.events);
    let share = core_share(deployment.collector);
    let cpu = each(calls.cpu, calls.calls);
    let seconds = (cpu + CLIENT_CPU_SECONDS) / share + PUT_WAIT_SECONDS;
    let told = format!(
        "a request: {:.0} µs measured and {:.0} of the client, on {share:.2} of a core, and {:.0} ms for the stream",
        cpu * 1e6,
        CLIENT_CPU_SECONDS * 1e6,
        PUT_WAIT_SECONDS * 1e3
    );
    let mut lines = api(basis, requests);
    lines.extend(basis.function(Leg::FrontDoor, "collector", requests, seconds, deployment.collector, &told));
    lines.extend(tables(basis, requests, seconds));
    lines.push(logs(basis));
    lines
}

fn api(basis: &Basis<'_>, requests: f64) -> Vec<Line> {
    let calls = basis.counted.collected;
    let metered = requests * api_requests(calls.bytes / calls.calls.max(1)) as f64;
    let (first, beyond) = (metered.min(FIRST_REQUESTS), (metered - FIRST_REQUESTS).max(0.0));
    let per_request = calls.events as f64 / calls.calls.max(1) as f64;
    let told = format!("{per_request:.1} events and {:.0} bytes a request", calls.bytes as f64 / calls.calls as f64);
    let mut lines = vec![basis.line(Leg::FrontDoor, "requests", first, Priced::ApiRequest, told)];
    if beyond > 0.0 {
        let told = "what is beyond 300 million a month".to_string();
        lines.push(basis.line(Leg::FrontDoor, "more requests", beyond, Priced::ApiRequestBeyond, told));
    }
    lines
}

/// Each process of the collector reads what it does not know yet.
fn tables(basis: &Basis<'_>, requests: f64, seconds: f64) -> Vec<Line> {
    let (counted, events) = (basis.counted, basis.counted.collected.events);
    let per_second = requests / basis.events() * basis.events_per_second();
    let processes = (per_second * billed_millis(seconds) as f64 / 1_000.0 * PEAK).ceil().max(1.0);
    let told = || format!("× {processes:.0} processes, each with a memory of its own");
    let written = counted.identities.write_units + counted.settings.write_units;
    let identities = counted.identities.half_read_units as f64 / 2.0 * processes;
    let settings = counted.settings.half_read_units as f64 / 2.0 * processes;
    let leg = Leg::FrontDoor;
    vec![
        basis.line(
            leg,
            "identities: new learners",
            basis.monthly(written as f64, events),
            Priced::WriteUnit,
            "each sitting is of a learner who was never there before: an upper bound".into(),
        ),
        basis.line(leg, "identities: read", basis.monthly(identities, events), Priced::ReadUnit, told()),
        basis.line(leg, "settings: read each 300 s", basis.monthly(settings, events), Priced::ReadUnit, told()),
    ]
}

fn logs(basis: &Basis<'_>) -> Line {
    let calls = basis.counted.collected;
    let told = format!("{:.0} bytes a request: one line of API Gateway, one of the collector", {
        calls.log_bytes as f64 / calls.calls.max(1) as f64
    });
    let bytes = basis.monthly(calls.log_bytes as f64, calls.events);
    basis.gigabytes(Leg::Logs, "of requests", bytes, Priced::LogGb, told)
}
