//! `up` is killed under load, again and again, on one folder. What was acknowledged must be there once, nothing twice.
//!
//! `TRILHA_KILLS` sets how many kills a run makes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use support::events::{Meeting, id, mix, shuffle};
use support::http::Target;
use support::up::{self, Up};
use support::{lake, replay, share_keys, until, views};

const KILLS: u64 = 6;
const CLIENTS: usize = 4;
const BATCH: u64 = 40;

/// What clients know of the events they made.
struct Load {
    meeting: Meeting,
    next: AtomicU64,
    acknowledged: Mutex<BTreeSet<u64>>,
    /// Batches whose answer was lost.
    lost: Mutex<Vec<Vec<u64>>>,
    stopped: AtomicBool,
}

#[test]
fn what_is_acknowledged_survives_every_kill_and_nothing_counts_twice() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let load = Load::new();
    for round in 0..kills() {
        load.round(&data, round);
    }
    let last = Up::start(&data, &[]);
    load.send_lost_again(&Target::of(&last));
    assert!(last.stop("-TERM").success());
    load.check_lake(&data);
    load.check_views(&data, &folder.path().join("fresh"));
}

fn kills() -> u64 {
    std::env::var("TRILHA_KILLS").map_or(KILLS, |kills| kills.parse().expect("TRILHA_KILLS is a number"))
}

impl Load {
    fn new() -> Load {
        Load {
            meeting: Meeting::an_hour_ago(),
            next: AtomicU64::new(0),
            acknowledged: Mutex::default(),
            lost: Mutex::default(),
            stopped: AtomicBool::new(false),
        }
    }

    /// Starts `up`, sends from several clients, kills it at a moment of this round's own.
    fn round(&self, data: &Path, round: u64) {
        if round % 4 == 3 {
            // While it recovers from the kill before.
            let mut child = Up::spawn(data, &[]);
            thread::sleep(Duration::from_millis(mix(round) % 150));
            up::kill(&mut child);
        }
        let up = Up::start(data, &[]);
        let target = Target::of(&up);
        self.stopped.store(false, Ordering::SeqCst);
        thread::scope(|scope| {
            for client in 0..CLIENTS {
                let target = target.clone();
                scope.spawn(move || self.send(&target, client));
            }
            self.wait_for_acknowledged(BATCH * (1 + mix(round) % 20));
            // Anywhere in the windows in which batches fill, are folded and land.
            thread::sleep(Duration::from_millis(mix(round + 1_000) % 1_500));
            if round % 3 == 2 {
                // While it stops: what is under way is applied, and the lake is compacted.
                up.ask_to_stop("-TERM");
                thread::sleep(Duration::from_millis(mix(round + 2_000) % 400));
            }
            up.kill();
            self.stopped.store(true, Ordering::SeqCst);
        });
    }

    /// One client, until its server is gone. Every other one sends again what an earlier server may not have had.
    fn send(&self, target: &Target, client: usize) {
        while !self.stopped.load(Ordering::SeqCst) {
            let again = if client.is_multiple_of(2) { self.lost.lock().unwrap().pop() } else { None };
            let batch = again.unwrap_or_else(|| self.new_batch());
            if !self.send_batch(target, batch) {
                return;
            }
        }
    }

    fn new_batch(&self) -> Vec<u64> {
        let first = self.next.fetch_add(BATCH, Ordering::SeqCst);
        (first..first + BATCH).collect()
    }

    /// Whether there was an answer.
    fn send_batch(&self, target: &Target, batch: Vec<u64>) -> bool {
        let events: Vec<_> = batch.iter().map(|number| self.meeting.event(*number)).collect();
        let Ok(answer) = target.post(&events.join("\n")) else {
            self.lost.lock().unwrap().push(batch);
            return false;
        };
        assert!(matches!(answer.status, 202 | 429 | 503), "{}: {}", answer.status, answer.body);
        if answer.status != 202 {
            self.lost.lock().unwrap().push(batch);
            return true;
        }
        let receipt = answer.json();
        let rejected = receipt["rejected"].as_array().unwrap();
        assert!(rejected.iter().all(|rejected| rejected["code"] == "try_again"), "{}", answer.body);
        let rejected: Vec<_> =
            rejected.iter().map(|rejected| batch[rejected["index"].as_u64().unwrap() as usize]).collect();
        let taken = batch.iter().filter(|number| !rejected.contains(number));
        self.acknowledged.lock().unwrap().extend(taken);
        if !rejected.is_empty() {
            self.lost.lock().unwrap().push(rejected);
        }
        true
    }

    fn wait_for_acknowledged(&self, more: u64) {
        let before = self.acknowledged.lock().unwrap().len() as u64;
        let enough = || (self.acknowledged.lock().unwrap().len() as u64 >= before + more).then_some(());
        until(enough).expect("batches are acknowledged");
    }

    /// Half of what is still lost; whether the rest is there, nobody knows.
    fn send_lost_again(&self, target: &Target) {
        let lost = std::mem::take(&mut *self.lost.lock().unwrap());
        for batch in lost.into_iter().step_by(2) {
            assert!(self.send_batch(target, batch), "a server that nobody kills answers");
        }
    }

    fn check_lake(&self, data: &Path) {
        let counts = lake::counts_by_source_id(data);
        let twice: Vec<_> = counts.iter().filter(|(_, count)| **count != 1).collect();
        assert!(twice.is_empty(), "more than once in the lake: {twice:?}");
        let acknowledged = self.acknowledged.lock().unwrap();
        let missing: Vec<_> =
            acknowledged.iter().map(|number| id(*number)).filter(|id| !counts.contains_key(id)).collect();
        assert!(missing.is_empty(), "{} acknowledged, not in the lake: {missing:?}", missing.len());
        let made: BTreeSet<_> = (0..self.next.load(Ordering::SeqCst)).map(id).collect();
        assert!(counts.keys().all(|id| made.contains(id)), "the lake holds only what was sent");
        println!("{} events made, {} acknowledged, {} in the lake", made.len(), acknowledged.len(), counts.len());
    }

    /// The views are those of a folder that took each of the lake's events once, in another order, undisturbed.
    fn check_views(&self, data: &Path, fresh: &Path) {
        let found = lake::counts_by_source_id(data);
        let numbers = (0..self.next.load(Ordering::SeqCst)).filter(|number| found.contains_key(&id(*number)));
        let mut events: Vec<_> = numbers.map(|number| self.meeting.event(number)).collect();
        shuffle(&mut events, 7);
        share_keys(data, fresh);
        let file = fresh.join("events.ndjson");
        std::fs::write(&file, events.join("\n")).unwrap();
        assert_eq!(replay(fresh, &[&file])["accepted"], events.len());
        let (views_after, expected) = (views(data, &self.meeting.end()), views(fresh, &self.meeting.end()));
        assert!(!expected.is_empty());
        pretty_assert(&views_after, &expected);
        assert_eq!(lake::contents(data), lake::contents(fresh));
    }
}

fn pretty_assert(found: &[serde_json::Value], expected: &[serde_json::Value]) {
    for (found, expected) in found.iter().zip(expected) {
        for part in ["course", "stale", "videos", "questions"] {
            assert_eq!(found[part], expected[part], "{part} of {}", expected["course"]["course"]);
        }
    }
    assert_eq!(found, expected);
}
