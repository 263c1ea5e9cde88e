//! The class as the hot path gets it.

use trilha_benches::{class, stamped, statements};
use trilha_schemas::event::{Event, Protocol};
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::native;

/// `TRILHA_BENCH_EVENTS` takes another number.
const EVENTS: usize = 1_000_000;
/// Learners share so many buckets.
const BUCKETS: u8 = 4;

/// Events in the order of sending, each as it was sent and as the collector stamped it.
pub(crate) struct Input {
    pub(crate) sent: Vec<String>,
    pub(crate) events: Vec<Event>,
}

impl Input {
    pub(crate) fn new() -> Input {
        let events = std::env::var("TRILHA_BENCH_EVENTS").ok().and_then(|events| events.parse().ok()).unwrap_or(EVENTS);
        let (mut sent, mut stamped_events) = (Vec::new(), Vec::new());
        for event in class(events) {
            let read = native::read(&event.json).expect("the simulator writes valid events");
            if let Some(mut stamped) = stamped(read, Protocol::Native, event.sent.sent_millis) {
                stamped.learner = in_few_buckets(stamped.learner);
                sent.push(event.json);
                stamped_events.push(stamped);
            }
        }
        Input { sent, events: stamped_events }
    }

    /// Real statements, where they are.
    pub(crate) fn real() -> Option<Input> {
        let (sent, mut events): (Vec<String>, Vec<Event>) =
            statements().expect("the fixtures can be read")?.into_iter().unzip();
        events.iter_mut().for_each(|event| event.learner = in_few_buckets(event.learner));
        Some(Input { sent, events })
    }

    /// The events' places by bucket, in order.
    pub(crate) fn by_bucket(&self) -> Vec<Vec<usize>> {
        let mut buckets = vec![Vec::new(); BUCKETS.into()];
        self.events.iter().enumerate().for_each(|(at, event)| buckets[usize::from(event.learner.0[0])].push(at));
        buckets
    }

    /// The events' places by learner, in order.
    pub(crate) fn by_learner(&self) -> Vec<Vec<usize>> {
        let mut learners: std::collections::BTreeMap<Pseudonym, Vec<usize>> = Default::default();
        self.events.iter().enumerate().for_each(|(at, event)| learners.entry(event.learner).or_default().push(at));
        learners.into_values().collect()
    }
}

fn in_few_buckets(mut learner: Pseudonym) -> Pseudonym {
    learner.0[0] %= BUCKETS;
    learner.0[1] &= 0x0f;
    learner
}
