//! The clients, and what they know of the events they made.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::events::{Meeting, mix};
use crate::support::http::Target;
use crate::support::until;

pub(crate) const CLIENTS: usize = 4;
const BATCH: u64 = 20;
/// So many batches are sent between a start and a kill: enough to be in the way, few enough to be checked.
const BATCHES_OF_A_ROUND: u64 = 120;

pub(crate) struct Load {
    pub(crate) meeting: Meeting,
    next: AtomicU64,
    pub(crate) known: Mutex<Known>,
    /// Batches that are not acknowledged.
    lost: Mutex<Vec<Vec<u64>>>,
    left_of_round: AtomicU64,
    stopped: AtomicBool,
}

#[derive(Default)]
pub(crate) struct Known {
    pub(crate) acknowledged: BTreeSet<u64>,
    /// Good ones whose answer was lost.
    pub(crate) in_doubt: BTreeSet<u64>,
    /// Kept in quarantine by an earlier version, so to speak.
    pub(crate) planted: BTreeSet<u64>,
}

/// Ends the clients, also when something fails.
pub(crate) struct Stopper<'a>(&'a Load);

impl Drop for Stopper<'_> {
    fn drop(&mut self) {
        self.0.stopped.store(true, Ordering::SeqCst);
    }
}

/// Some events are refused for good.
pub(crate) fn is_bad(number: u64) -> bool {
    mix(number ^ 0xBAD).is_multiple_of(40)
}

/// What a refused event's row names.
pub(crate) fn bad_type(number: u64) -> String {
    format!("quiz.imagined-{number:08}")
}

impl Load {
    pub(crate) fn new() -> Load {
        Load {
            meeting: Meeting::an_hour_ago(),
            next: AtomicU64::new(0),
            known: Mutex::default(),
            lost: Mutex::default(),
            left_of_round: AtomicU64::new(0),
            stopped: AtomicBool::new(true),
        }
    }

    /// A server has started; clients go on until what is answered is dropped.
    pub(crate) fn begin_round(&self) -> Stopper<'_> {
        self.left_of_round.store(BATCHES_OF_A_ROUND, Ordering::SeqCst);
        self.stopped.store(false, Ordering::SeqCst);
        Stopper(self)
    }

    /// One client, until its server is gone. Every other one sends again what an earlier server may not have had.
    pub(crate) fn send(&self, target: &Target, client: usize) {
        while !self.stopped.load(Ordering::SeqCst) {
            let take = |left: u64| left.checked_sub(1);
            let left = self.left_of_round.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take);
            let lost = || client.is_multiple_of(2).then(|| self.lost.lock().unwrap().pop()).flatten();
            let batch = left.is_ok().then(|| lost().unwrap_or_else(|| self.make(BATCH)));
            let pause = batch.as_ref().map_or(5, |batch| mix(batch[0]) % 10);
            if batch.is_some_and(|batch| !self.send_batch(target, batch)) {
                return;
            }
            thread::sleep(Duration::from_millis(pause));
        }
    }

    /// New events.
    pub(crate) fn make(&self, events: u64) -> Vec<u64> {
        let first = self.next.fetch_add(events, Ordering::SeqCst);
        (first..first + events).collect()
    }

    /// Every event's number.
    pub(crate) fn made(&self) -> std::ops::Range<u64> {
        0..self.next.load(Ordering::SeqCst)
    }

    /// Those that are sent and refused, not planted.
    pub(crate) fn bad(&self) -> Vec<u64> {
        let planted = &self.known.lock().unwrap().planted;
        self.made().filter(|number| is_bad(*number) && !planted.contains(number)).collect()
    }

    fn text(&self, number: u64) -> String {
        let event = self.meeting.event(number);
        if !is_bad(number) {
            return event;
        }
        let mut event: Value = serde_json::from_str(&event).unwrap();
        event["type"] = bad_type(number).into();
        event.to_string()
    }

    /// Whether there was an answer.
    fn send_batch(&self, target: &Target, batch: Vec<u64>) -> bool {
        let events: Vec<_> = batch.iter().map(|number| self.text(*number)).collect();
        let Ok(answer) = target.post(&events.join("\n")) else {
            self.known.lock().unwrap().in_doubt.extend(batch.iter().filter(|number| !is_bad(**number)));
            self.lost.lock().unwrap().push(batch);
            return false;
        };
        assert!(matches!(answer.status, 202 | 429 | 503), "{}: {}", answer.status, answer.body);
        if answer.status != 202 {
            self.lost.lock().unwrap().push(batch);
            return true;
        }
        let (again, refused) = rejected(&batch, &answer.json());
        assert!(refused.iter().all(|number| is_bad(*number)), "good events were refused: {}", answer.body);
        let taken = batch.iter().filter(|number| !again.contains(number) && !refused.contains(number));
        let taken: Vec<_> = taken.copied().collect();
        assert!(!taken.iter().any(|number| is_bad(*number)), "bad events were taken: {}", answer.body);
        self.known.lock().unwrap().acknowledged.extend(taken);
        if !again.is_empty() {
            self.lost.lock().unwrap().push(again);
        }
        true
    }

    pub(crate) fn wait_for_acknowledged(&self, more: u64) {
        let count = || self.known.lock().unwrap().acknowledged.len() as u64;
        let before = count();
        until(|| (count() >= before + more).then_some(())).expect("batches are acknowledged");
    }

    /// Sends what is still lost: all that is bad, half of what is good; whether the rest is there, nobody knows.
    pub(crate) fn send_lost_again(&self, target: &Target) {
        let lost = std::mem::take(&mut *self.lost.lock().unwrap());
        for (place, mut batch) in lost.into_iter().enumerate() {
            batch.retain(|number| place.is_multiple_of(2) || is_bad(*number));
            self.lost.lock().unwrap().extend((!batch.is_empty()).then_some(batch));
        }
        let sent = until(|| {
            let Some(batch) = self.lost.lock().unwrap().pop() else { return Some(()) };
            assert!(self.send_batch(target, batch), "a server that nobody kills answers");
            None
        });
        sent.expect("a server that nobody kills takes everything");
    }
}

/// Of a batch, what to send again, and what is refused for good.
fn rejected(batch: &[u64], receipt: &Value) -> (Vec<u64>, Vec<u64>) {
    let (mut again, mut refused) = (Vec::new(), Vec::new());
    for rejected in receipt["rejected"].as_array().unwrap() {
        let number = batch[rejected["index"].as_u64().unwrap() as usize];
        match rejected["code"].as_str().unwrap() {
            "try_again" => again.push(number),
            _ => refused.push(number),
        }
    }
    (again, refused)
}
