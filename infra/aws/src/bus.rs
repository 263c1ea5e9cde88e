//! Domain events onto an EventBridge bus.

use std::future::Future;
use std::time::Duration;

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::DisplayErrorContext;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use trilha_processors::evaluator::event::DomainEvent;
use trilha_processors::evaluator::sink::{EventSink, SinkError};

/// The source that rules look for.
const SOURCE: &str = "trilha";
/// EventBridge takes so many in one call.
const MOST: usize = 10;
/// So often an event is put that the bus refuses.
const ATTEMPTS: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// A bus.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    name: String,
}

impl EventBus {
    /// The bus of this name.
    pub fn new(client: Client, name: &str) -> EventBus {
        EventBus { client, name: name.to_string() }
    }
}

/// Takes up to ten events at once.
trait Takes: Sync {
    /// Puts them; answers of each why it was not taken, if it was not.
    fn put(&self, events: &[DomainEvent]) -> impl Future<Output = Result<Vec<Option<String>>, String>> + Send;
}

impl Takes for EventBus {
    async fn put(&self, events: &[DomainEvent]) -> Result<Vec<Option<String>>, String> {
        let entry = |event: &DomainEvent| {
            let entry = PutEventsRequestEntry::builder().event_bus_name(&self.name).source(SOURCE);
            entry.detail_type(event.detail_type()).detail(event.detail().to_string()).build()
        };
        let call = self.client.put_events().set_entries(Some(events.iter().map(entry).collect()));
        let answer = call.send().await.map_err(|error| DisplayErrorContext(&error).to_string())?;
        Ok(answer.entries.unwrap_or_default().into_iter().map(|result| result.error_code).collect())
    }
}

impl EventSink for EventBus {
    async fn publish(&self, events: Vec<DomainEvent>) -> Result<(), SinkError> {
        for few in events.chunks(MOST) {
            insist(self, few, tokio::time::sleep).await?;
        }
        Ok(())
    }
}

/// Puts what is left until nothing is.
async fn insist<W: Future<Output = ()>>(
    bus: &impl Takes,
    events: &[DomainEvent],
    wait: impl Fn(Duration) -> W,
) -> Result<(), SinkError> {
    let (mut left, mut why) = (events.to_vec(), String::new());
    for attempt in 0..ATTEMPTS {
        let refused = bus.put(&left).await.map_err(SinkError)?;
        if refused.len() != left.len() {
            return Err(SinkError(format!("{} answers came for {} events", refused.len(), left.len())));
        }
        why = refused.iter().flatten().next().cloned().unwrap_or_default();
        left = left.into_iter().zip(refused).filter(|(_, refused)| refused.is_some()).map(|(event, _)| event).collect();
        if left.is_empty() {
            return Ok(());
        }
        wait(FIRST_WAIT * 2_u32.pow(attempt)).await;
    }
    Err(SinkError(format!("{} of {} events were refused: {why}", left.len(), events.len())))
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::Mutex;

    use trilha_processors::evaluator::event::{RiskChange, Teller};
    use trilha_schemas::ids::Pseudonym;

    use super::*;

    fn events(count: u8) -> Vec<DomainEvent> {
        let teller = Teller { tenant: "ufpa", course: "bio", now_millis: 0 };
        (0..count).map(|at| teller.learner_at_risk(&Pseudonym([at; 16]), RiskChange::Left, 1, Vec::new())).collect()
    }

    /// Answers each put as it was told to, and notes how many events each had.
    struct Told {
        answers: Mutex<Vec<Vec<Option<String>>>>,
        puts: Mutex<Vec<usize>>,
    }

    impl Told {
        fn of(answers: &[&[Option<&str>]]) -> Told {
            let answer = |answer: &&[Option<&str>]| answer.iter().map(|why| why.map(str::to_string)).collect();
            Told { answers: Mutex::new(answers.iter().rev().map(answer).collect()), puts: Mutex::default() }
        }
    }

    impl Takes for Told {
        async fn put(&self, events: &[DomainEvent]) -> Result<Vec<Option<String>>, String> {
            self.puts.lock().unwrap().push(events.len());
            self.answers.lock().unwrap().pop().ok_or_else(|| "nobody answers".to_string())
        }
    }

    const REFUSED: Option<&str> = Some("ThrottlingException");

    #[tokio::test]
    async fn what_is_refused_is_put_again_and_nothing_else() {
        let bus = Told::of(&[&[None, REFUSED, REFUSED], &[None, None]]);
        insist(&bus, &events(3), |_| ready(())).await.unwrap();
        assert_eq!(bus.puts.into_inner().unwrap(), [3, 2]);
    }

    #[tokio::test]
    async fn what_is_refused_every_time_is_an_error() {
        let bus = Told::of(&[&[REFUSED, REFUSED][..]; ATTEMPTS as usize]);
        let error = insist(&bus, &events(2), |_| ready(())).await.unwrap_err().to_string();
        assert!(error.ends_with("2 of 2 events were refused: ThrottlingException"), "{error}");
    }

    #[tokio::test]
    async fn fewer_answers_than_events_are_an_error() {
        assert!(insist(&Told::of(&[&[None]]), &events(2), |_| ready(())).await.is_err());
    }
}
