//! The evaluator: by the clock, what people should hear of, onto the bus.

use std::sync::Arc;

use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use trilha_collector::settings::SettingsStore;
use trilha_live::port::LiveTable;
use trilha_processors::evaluator::sink::EventSink;
use trilha_processors::evaluator::status::StatusStore;
use trilha_processors::evaluator::{Evaluated, Evaluator};
use trilha_serve::clock;

use super::{Warm, boxed};
use crate::report::{Call, Reporter, Totals};
use crate::span::{Span, Trigger};
use crate::wiring::{Aws, AwsEvaluator};

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
    let call = Call::of(Span::of_invocation(context, Trigger::Timer, reporter.now_millis()));
    let (done, totals) = match kept.get().await {
        Ok(Kept { aws, evaluator }) => {
            let tenants = aws.config.tenants()?;
            (evaluate(evaluator, tenants, reporter.now_millis()).await, aws.totals())
        }
        Err(error) => (Err(error), Totals::default()),
    };
    let call = match &done {
        Ok(done) => done.fields().into_iter().fold(call, |call, (name, count)| call.with(name, count)),
        Err(error) => call.failed(error),
    };
    reporter.report(call, totals);
    Ok(Value::from_iter(done?.fields().map(|(name, count)| (name, json!(count)))))
}

/// All tenants' courses. One tenant that fails keeps no other from being evaluated.
///
/// # Errors
/// Why the first that failed did.
pub async fn evaluate<T: LiveTable, S: SettingsStore, P: StatusStore, E: EventSink>(
    evaluator: &Evaluator<T, S, P, E>,
    tenants: &[String],
    now_millis: i64,
) -> Result<Summed, String> {
    let mut all = Ok(Summed::default());
    for tenant in tenants {
        let done = evaluator.run(tenant, now_millis).await.map_err(|error| error.to_string());
        all = match (all, done) {
            (Ok(all), Ok(done)) => Ok(all.and(done)),
            (Err(error), _) | (_, Err(error)) => Err(error),
        };
    }
    all
}

/// What the evaluation of all tenants came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summed {
    courses: u64,
    learners_read: u64,
    events: u64,
}

impl Summed {
    fn and(self, done: Evaluated) -> Summed {
        Summed {
            courses: self.courses + done.courses,
            learners_read: self.learners_read + done.learners_read,
            events: self.events + done.events,
        }
    }

    fn fields(self) -> [(&'static str, u64); 3] {
        [("courses", self.courses), ("learners_read", self.learners_read), ("domain_events", self.events)]
    }
}
