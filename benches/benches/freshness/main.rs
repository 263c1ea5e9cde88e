//! How old numbers are: from an event's receipt until the read API's core answers with it.
//!
//! The collector's core, the stream's mapping with the window of `trilha up`, the live processor and the read API over
//! one table, on memory ports in one process, two worker threads. Input: a class's events in requests of 20.
//! `cargo bench -p trilha-benches --bench freshness`
//!
//! First the greatest rate: one request after the other, until all of them are applied. Then half of it, in an open loop:
//! requests are sent when they are due, whether or not those before them are done. Every 20 ms one more request holds a
//! probe, an event of a learner, in a video, that nobody else has; when its receipt is there, the video's views are asked
//! for each millisecond until they have one viewer.
//!
//! What comes after: every event that was sent is on the stream, and every probe is counted, once.

mod probes;
mod stack;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::task::JoinSet;
use trilha_benches::{Bench, class};
use trilha_simulator::SimulatedEvent;

use probes::Probes;
use stack::Stack;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Of the class, to find the greatest rate with.
const FIRST_EVENTS: usize = 200_000;
/// Of the class, for half of it.
const LATER_EVENTS: usize = 400_000;
const REQUEST_EVENTS: usize = 20;
/// Where the rate is low, the class does not come to its end.
const LONGEST: Duration = Duration::from_secs(15);

/// A request's body and when it arrives, by the class's clock.
type Request = (String, i64);

fn main() -> Bench {
    let class = class(FIRST_EVENTS + LATER_EVENTS);
    let (first, later) = class.split_at(FIRST_EVENTS);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let stack = Arc::new(Stack::start()?);
        let greatest = greatest_rate(&stack, &requests(first)).await?;
        println!("greatest rate: {greatest:.0} events/s, {FIRST_EVENTS} events in requests of {REQUEST_EVENTS}");
        at_half(&stack, greatest / 2.0, requests(later)).await
    })
}

fn requests(events: &[SimulatedEvent]) -> Vec<Request> {
    let request = |events: &[SimulatedEvent]| {
        let texts: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
        (format!("[{}]", texts.join(",")), events.last().map_or(0, |event| event.sent.sent_millis))
    };
    events.chunks(REQUEST_EVENTS).map(request).collect()
}

/// Events a second from the first request to the last one's events applied.
async fn greatest_rate(stack: &Stack, requests: &[Request]) -> Bench<f64> {
    let start = Instant::now();
    for (body, now_millis) in requests {
        stack.take(body, *now_millis, REQUEST_EVENTS).await?;
    }
    stack.applied().await?;
    Ok(FIRST_EVENTS as f64 / start.elapsed().as_secs_f64())
}

/// Sends at a rate, probes, and prints how long the probes took.
async fn at_half(stack: &Arc<Stack>, rate: f64, requests: Vec<Request>) -> Bench {
    let (start, mut sent) = (Instant::now(), 0);
    let (mut takes, mut probes) = (JoinSet::new(), Probes::default());
    for (body, now_millis) in requests {
        let due = Duration::from_secs_f64(sent as f64 / rate);
        if start.elapsed() > LONGEST {
            break;
        }
        // A timer's tick is a millisecond: requests that are due together go together.
        match due.checked_sub(start.elapsed()) {
            Some(wait) => tokio::time::sleep(wait).await,
            None => tokio::task::yield_now().await,
        }
        probes.send_if_due(stack, start.elapsed(), now_millis);
        let stack = Arc::clone(stack);
        takes.spawn(async move { stack.take(&body, now_millis, REQUEST_EVENTS).await });
        sent += REQUEST_EVENTS;
    }
    let took = start.elapsed();
    takes.join_all().await.into_iter().collect::<Bench<Vec<()>>>()?;
    let achieved = sent as f64 / took.as_secs_f64();
    println!("ran at {achieved:.0} events/s for {:.1} s, {rate:.0} wished for", took.as_secs_f64());
    probes.print().await?;
    stack.applied().await?;
    stack.check(FIRST_EVENTS + sent, probes.sent()).await
}
