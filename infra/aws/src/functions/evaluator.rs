//! The evaluator: by the clock, what people should hear of, onto the bus.

use std::sync::Arc;

use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use trilha_collector::settings::SettingsStore;
use trilha_live::port::LiveTable;
use trilha_processors::evaluator::sink::EventSink;
use trilha_processors::evaluator::status::StatusStore;
use trilha_processors::evaluator::{Evaluated, Evaluator, Limits};
use trilha_serve::clock;

use super::{Warm, boxed};
use crate::metrics::Metric;
use crate::report::{Call, Reporter, Totals};
use crate::span::{Span, Trigger};
use crate::wiring::{Aws, AwsEvaluator};

/// So many courses are under evaluation at once, and of each so many learners read: together 16 calls of some 5 ms, which
/// take fewer units a second than a table on demand gives from its first second on, 12,000. For a provisioned table the
/// template raises the capacity while a run goes on.
const COURSES_AT_ONCE: usize = 4;
const LEARNERS_AT_ONCE: usize = 4;
/// Of the time that a call may take, this part is left for courses that have begun to end: of 900 s, 112.
const LAST_PART: i64 = 8;

/// Takes ticks of the schedule from Lambda, for ever. What a tick says is of no account.
///
/// # Errors
/// When Lambda's runtime cannot be reached.
pub async fn run() -> Result<(), Error> {
    let reporter = Reporter::of_function("evaluator", clock::system());
    let kept = Arc::new(Warm::new(Kept::open));
    kept.start().await;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (kept, reporter) = (Arc::clone(&kept), Arc::clone(&reporter));
        boxed(async move { told(&kept, &reporter, &event.context).await })
    }))
    .await
}

struct Kept {
    aws: Aws,
    evaluator: AwsEvaluator,
}

impl Kept {
    async fn open() -> anyhow::Result<Kept> {
        let aws = Aws::from_environment().await?;
        let evaluator = aws.evaluator()?;
        aws.config.tenants()?;
        Ok(Kept { aws, evaluator })
    }
}

/// Evaluates and says so in one line.
async fn told(kept: &Warm<Kept>, reporter: &Reporter, context: &Context) -> Result<Value, Error> {
    let began_millis = reporter.now_millis();
    let call = Call::of(Span::of_invocation(context, Trigger::Timer, began_millis));
    let until_millis = last_beginning(began_millis, context.deadline);
    let has_time = || reporter.now_millis() < until_millis;
    let (done, totals) = match kept.get().await {
        Ok(Kept { aws, evaluator }) => {
            let tenants = aws.config.tenants()?;
            (evaluate(evaluator, tenants, began_millis, &has_time).await, aws.totals())
        }
        Err(error) => (Err(error), Totals::default()),
    };
    reporter.report(call_of(call, &done), totals);
    Ok(Value::from_iter(fields(done?).map(|(name, count)| (name, json!(count)))))
}

/// Until when courses are begun, of a call that began at one time and is cut off at another. A runtime that names no
/// time to come cuts nothing off.
fn last_beginning(began_millis: i64, deadline_millis: u64) -> i64 {
    let deadline_millis = i64::try_from(deadline_millis).unwrap_or(i64::MAX);
    match deadline_millis > began_millis {
        true => deadline_millis - (deadline_millis - began_millis) / LAST_PART,
        false => i64::MAX,
    }
}

/// All tenants' courses, as long as there is time. One tenant that fails keeps no other from being evaluated.
///
/// # Errors
/// Why the first that failed did.
pub async fn evaluate<T: LiveTable, S: SettingsStore, P: StatusStore, E: EventSink>(
    evaluator: &Evaluator<T, S, P, E>,
    tenants: &[String],
    now_millis: i64,
    has_time: &(dyn Fn() -> bool + Send + Sync),
) -> Result<Evaluated, String> {
    let tenants: Vec<&str> = tenants.iter().map(String::as_str).collect();
    let limits = Limits { courses: COURSES_AT_ONCE, learners: LEARNERS_AT_ONCE, has_time };
    evaluator.run(&tenants, now_millis, &limits).await.map_err(|error| error.to_string())
}

/// The metric of what is left is told only where something is: one that is never told costs nothing.
fn call_of(call: Call, done: &Result<Evaluated, String>) -> Call {
    match done {
        Ok(done) => {
            let call = fields(*done).into_iter().fold(call, |call, (name, count)| call.with(name, count));
            let left = (done.courses_left > 0).then_some(done.courses_left as f64);
            left.into_iter().fold(call, |call, left| call.measured(Metric::CoursesLeft, left))
        }
        Err(error) => call.failed(error),
    }
}

fn fields(done: Evaluated) -> [(&'static str, u64); 4] {
    [
        ("courses", done.courses),
        ("courses_left", done.courses_left),
        ("learners_read", done.learners_read),
        ("domain_events", done.events),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::reporter;

    #[test]
    fn the_last_eighth_of_a_calls_time_is_for_courses_that_have_begun() {
        assert_eq!(last_beginning(1_000_000, 1_900_000), 1_787_500);
        assert_eq!(last_beginning(1_000_000, 0), i64::MAX);
    }

    #[test]
    fn courses_that_are_left_are_told_and_measured_where_there_are_any() {
        let (reporter, written) = reporter(1_000);
        for courses_left in [0, 3] {
            let done = Evaluated { courses: 2, courses_left, ..Evaluated::default() };
            reporter.report(call_of(Call::default(), &Ok(done)), Totals::default());
        }
        let lines = written.lines();
        let measured = |line: &Value| line["_aws"].to_string().contains("CoursesLeft");
        assert_eq!(lines.iter().map(|line| line["courses_left"].clone()).collect::<Vec<_>>(), [json!(0), json!(3)]);
        assert_eq!(lines.iter().map(measured).collect::<Vec<_>>(), [false, true]);
    }
}
