//! One line for each call of a function: its metrics, the call as a span, and fields for who reads the log. No learner, no
//! body, no query.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use trilha_processors::batch::Observed;
use trilha_serve::clock::Clock;

use crate::metrics::{self, Metric};
use crate::span::Span;

/// Counts since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// Write units that DynamoDB charged.
    pub write_units: f64,
    /// Rows for the quarantine.
    pub quarantined: u64,
}

/// What a function's stores counted so far.
pub type CountTotals = Arc<dyn Fn() -> Totals + Send + Sync>;

/// What one call came to.
#[derive(Debug, Default)]
pub struct Call {
    /// What was measured.
    pub metrics: Vec<(Metric, f64)>,
    /// What else there is to say.
    pub fields: Map<String, Value>,
    /// The call as a span, and what it is called; else as the function is.
    span: Option<Span>,
    name: Option<String>,
}

impl Call {
    /// A call that began as this span.
    pub fn of(span: Span) -> Call {
        Call { span: Some(span), ..Call::default() }
    }

    /// With a name for the span.
    pub fn named(mut self, name: String) -> Call {
        self.name = Some(name);
        self
    }

    /// With a field.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Call {
        self.fields.insert(name.to_string(), value.into());
        self
    }

    /// With a metric.
    pub fn measured(mut self, metric: Metric, value: f64) -> Call {
        self.metrics.push((metric, value));
        self
    }

    /// With what went wrong; none of what a sender wrote.
    pub fn failed(self, error: &str) -> Call {
        self.with("level", "WARN").with("error", error)
    }

    /// That of a batch of the stream.
    pub fn of_batch(self, observed: &Observed, now_millis: i64) -> Call {
        let call = self
            .measured(Metric::Events, observed.events as f64)
            .measured(Metric::BatchRecords, observed.records as f64)
            .measured(Metric::Duplicates, observed.duplicates as f64)
            .with("shard", observed.shard.clone())
            .with("written", observed.written)
            .with("conflicts", observed.conflicts);
        let lag = observed.newest_arrival_millis.map(|arrival| now_millis.saturating_sub(arrival).max(0));
        let call = lag.into_iter().fold(call, |call, lag| call.measured(Metric::Lag, lag as f64));
        observed.failure.iter().fold(call, |call, failure| call.failed(failure))
    }
}

/// Where lines go.
type Out = Mutex<Box<dyn Write + Send>>;

/// Writes a function's lines.
pub struct Reporter {
    function: String,
    clock: Clock,
    was_called: AtomicBool,
    last: Mutex<Totals>,
    out: Out,
}

impl Reporter {
    /// To standard output. The name is the one that the template's alarms and its dashboard know.
    pub fn of_function(name: &str, clock: Clock) -> Arc<Reporter> {
        Arc::new(Reporter::new(name.to_string(), clock, io::stdout()))
    }

    /// To anywhere.
    pub fn new(function: String, clock: Clock, out: impl Write + Send + 'static) -> Reporter {
        let (was_called, last) = (AtomicBool::new(false), Mutex::default());
        Reporter { function, clock, was_called, last, out: Mutex::new(Box::new(out)) }
    }

    /// The present, in milliseconds since 1970 UTC.
    pub fn now_millis(&self) -> i64 {
        (self.clock)()
    }

    /// Writes the line of a call after which the totals are these. What a line takes does not stop a call.
    pub fn report(&self, call: Call, totals: Totals) {
        let cold = !self.was_called.swap(true, Ordering::Relaxed);
        let since = self.since(totals);
        let call = call
            .measured(Metric::Quarantined, since.quarantined as f64)
            .measured(Metric::WriteUnits, since.write_units)
            .measured(Metric::ColdStarts, f64::from(u8::from(cold)));
        let (now_millis, mut fields) = (self.now_millis(), call.fields);
        fields.entry("level").or_insert_with(|| "INFO".into());
        let name = call.name.as_deref().unwrap_or(&self.function);
        fields.extend(call.span.map(|span| span.members(name, now_millis, cold)).unwrap_or_default());
        let line = metrics::line(now_millis, &self.function, &call.metrics, fields);
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }

    /// What came since the last line; calls side by side share what comes meanwhile, and the sum is right.
    fn since(&self, totals: Totals) -> Totals {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let since = Totals {
            write_units: (totals.write_units - last.write_units).max(0.0),
            quarantined: totals.quarantined.saturating_sub(last.quarantined),
        };
        last.write_units = totals.write_units.max(last.write_units);
        last.quarantined = totals.quarantined.max(last.quarantined);
        since
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Lines that were written.
    #[derive(Clone, Default)]
    pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        pub(crate) fn lines(&self) -> Vec<Value> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    /// A reporter whose clock stands at a time, and its lines.
    pub(crate) fn reporter(now_millis: i64) -> (Reporter, Written) {
        let written = Written::default();
        (Reporter::new("test".into(), Arc::new(move || now_millis), written.clone()), written)
    }

    #[test]
    fn the_first_call_is_cold_and_totals_are_told_as_what_came_since() {
        let (reporter, written) = reporter(1_000);
        reporter.report(Call::default(), Totals { write_units: 3.5, quarantined: 2 });
        reporter.report(Call::default(), Totals { write_units: 5.0, quarantined: 2 });
        let of = |name: &str| written.lines().iter().map(|line| line[name].as_f64().unwrap()).collect::<Vec<_>>();
        assert_eq!(of("ColdStarts"), [1.0, 0.0]);
        assert_eq!(of("WriteUnits"), [3.5, 1.5]);
        assert_eq!(of("Quarantined"), [2.0, 0.0]);
    }

    #[test]
    fn a_batch_tells_its_lag_and_why_it_comes_again() {
        let observed = Observed {
            shard: "one/s".into(),
            records: 2,
            events: 7,
            newest_arrival_millis: Some(400),
            failure: Some("the live table is throttled".into()),
            ..Observed::default()
        };
        let (reporter, written) = reporter(1_000);
        reporter.report(Call::default().of_batch(&observed, 1_000), Totals::default());
        let line = &written.lines()[0];
        assert_eq!((&line["Lag"], &line["Events"], &line["BatchRecords"]), (&600.0.into(), &7.0.into(), &2.0.into()));
        assert_eq!((&line["level"], &line["error"]), (&"WARN".into(), &"the live table is throttled".into()));
    }

    #[test]
    fn a_batch_without_records_has_no_lag() {
        let call = Call::default().of_batch(&Observed::default(), 1_000);
        assert!(!call.metrics.iter().any(|(metric, _)| *metric == Metric::Lag));
    }
}
