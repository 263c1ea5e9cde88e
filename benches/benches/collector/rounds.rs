//! The contenders by turns, so that whatever else the machine does meets all of them: ratios within one run.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::door::Door;
use crate::requests::Requests;
use crate::{CONTENDERS, EVENTS};

const ROUNDS: usize = 25;

pub(crate) fn print(runtime: &Runtime, kinds: &[Requests]) {
    println!("{EVENTS} events, medians of {ROUNDS} rounds; the ratio is that of the rate to the first one's");
    for requests in kinds {
        println!("{}: {} B an event", requests.name, requests.bytes() / EVENTS);
        let times = times(runtime, requests);
        for ((name, _), of_one) in CONTENDERS.iter().zip(&times) {
            let seconds = median(of_one.clone()).as_secs_f64();
            let ratio = |limit: usize| median(ratios(&times[limit], of_one));
            println!(
                "  {name:<36}{:>6.2} M events/s{:>6.0} MB/s{:>7.2}{:>7.2}",
                EVENTS as f64 / seconds / 1e6,
                requests.bytes() as f64 / seconds / 1e6,
                ratio(0),
                ratio(1),
            );
        }
    }
}

/// Of each contender, what each round took.
fn times(runtime: &Runtime, requests: &Requests) -> Vec<Vec<Duration>> {
    let door = Door::known(runtime, requests);
    let mut times = vec![Vec::with_capacity(ROUNDS); CONTENDERS.len()];
    for _ in 0..ROUNDS {
        for ((_, act), times) in CONTENDERS.iter().zip(&mut times) {
            let start = Instant::now();
            act(runtime, &door, requests);
            times.push(start.elapsed());
        }
    }
    times
}

/// Round by round: the limit's time to this one's, which is this one's rate to the limit's.
fn ratios(limit: &[Duration], times: &[Duration]) -> Vec<f64> {
    limit.iter().zip(times).map(|(limit, time)| limit.as_secs_f64() / time.as_secs_f64()).collect()
}

fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> T {
    values.sort_by(|one, other| one.partial_cmp(other).expect("times are numbers"));
    values[values.len() / 2]
}
