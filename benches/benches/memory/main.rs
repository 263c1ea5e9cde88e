//! What learner items take, in bytes of their stored form: an item each, and a write of one. Nothing is timed, and the
//! same numbers come out in every run: `cargo bench -p trilha-benches --bench memory`
//!
//! - *real*: the 11,223 statements on videos that lie beside the repository, where they do.
//! - *lecture*: one video of 3 hours, watched by one learner and by a class of 200, in several ways.
//! - *class*: 1,000,000 events of a simulated class over the 14 days of its courses.
//!
//! A *write* is an item's stored form, once for each batch that changed it; a batch is so many events in the order of their
//! arrival. Keys and watermarks come on top: 100 to 200 bytes.

mod items;
mod lecture;

use trilha_benches::{Bench, stamped, statements};
use trilha_schemas::event::Protocol;
use trilha_schemas::native;
use trilha_simulator::{Class, ClassConfig};

use items::Items;
use lecture::Way;

/// Of a busy client's request, and of what a stream gathers meanwhile.
const BATCHES: [usize; 2] = [500, 5_000];
/// A heartbeat arrives alone.
const ALONE: [usize; 1] = [1];
const LEARNERS: [u64; 2] = [1, 200];
const CLASS_EVENTS: u64 = 1_000_000;
/// What a write may take in the mean, and of that the key and the watermark at most.
const MOST_BYTES_WRITTEN: usize = 3 * 1_024;
const KEY_BYTES: usize = 200;

fn main() -> Bench {
    real()?;
    lectures();
    simulated()
}

fn real() -> Bench {
    let Some(statements) = statements()? else {
        println!("real: skipped, no fixtures at ../shared/fixtures");
        return Ok(());
    };
    let mut items = Items::new(&BATCHES);
    statements.iter().for_each(|(_, event)| items.fold(event));
    written_small(&items.print("real statements"))
}

/// The goal that the design sets.
fn written_small(means: &[usize]) -> Bench {
    match means.iter().max() {
        Some(mean) if mean + KEY_BYTES > MOST_BYTES_WRITTEN => {
            Err(format!("a write takes {mean} bytes and its key, which is over {MOST_BYTES_WRITTEN}").into())
        }
        _ => Ok(()),
    }
}

fn lectures() {
    for way in Way::ALL {
        for learners in LEARNERS {
            let mut items = Items::new(&ALONE);
            for learner in 0..learners {
                lecture::events(way, learner).iter().for_each(|event| items.fold(event));
            }
            let who = if learners == 1 { "one learner".to_string() } else { format!("{learners} learners") };
            _ = items.print(&format!("lecture of 3 h, {}, {who}", way.name()));
        }
    }
}

fn simulated() -> Bench {
    let mut items = Items::new(&BATCHES);
    for simulated in Class::new(&ClassConfig { events: Some(CLASS_EVENTS), ..ClassConfig::default() }) {
        let sent = native::read(&simulated.json)?;
        if let Some(event) = stamped(sent, Protocol::Native, simulated.sent.sent_millis) {
            items.fold(&event);
        }
    }
    written_small(&items.print(&format!("class, {CLASS_EVENTS} events")))
}
