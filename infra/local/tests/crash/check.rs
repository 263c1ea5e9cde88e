//! What must be true of a folder in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use trilha_collector::credential::Credential;
use trilha_collector::embedded::EmbeddedStores;
use trilha_collector::quarantine::{Quarantine, Rejection, Sending, Source};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::{Sealer, Secret};
use trilha_schemas::event::Protocol;

use crate::folder::Folder;
use crate::load::{Load, bad_type};
use crate::support::events::{id, shuffle};
use crate::support::{lake, printed, replay, share_keys, text, views};

impl Folder {
    /// Drives again what waits in quarantine, then looks at everything.
    pub(crate) fn check(&mut self) {
        printed(&["quarantine", "redrive", "--data", text(&self.data()), "--all"]);
        self.check_lake();
        self.check_quarantine();
        self.check_views();
        self.check_log();
    }

    fn check_lake(&mut self) {
        let counts = lake::counts_by_source_id(&self.data());
        let twice: Vec<_> = counts.iter().filter(|(_, count)| **count != 1).collect();
        assert!(twice.is_empty(), "more than once in the lake: {twice:?}");
        let known = self.load.known.lock().unwrap();
        let must_be = known.acknowledged.union(&known.planted).map(|number| id(*number));
        let missing: Vec<_> = must_be.filter(|id| !counts.contains_key(id)).collect();
        assert!(missing.is_empty(), "{} acknowledged or re-driven, not in the lake: {missing:?}", missing.len());
        let sent = known.acknowledged.iter().chain(&known.in_doubt).chain(&known.planted);
        let sent: BTreeSet<_> = sent.map(|number| id(*number)).collect();
        let strange: Vec<_> = counts.keys().filter(|id| !sent.contains(*id)).collect();
        assert!(strange.is_empty(), "in the lake, though refused or never sent: {strange:?}");
        let in_doubt = known.in_doubt.difference(&known.acknowledged);
        self.tally.found = in_doubt.filter(|number| counts.contains_key(&id(**number))).count() as u64;
        self.tally.acknowledged_later = known.in_doubt.intersection(&known.acknowledged).count() as u64;
        self.tally.in_doubt = known.in_doubt.len() as u64;
        self.tally.acknowledged = known.acknowledged.len() as u64;
        self.tally.in_lake = counts.len() as u64;
    }

    /// A row for each bad event and for each that was planted, and no other.
    fn check_quarantine(&mut self) {
        let most = u32::MAX.to_string();
        let data = self.data();
        let listed = printed(&["quarantine", "list", "--data", text(&data), "--limit", &most, "--json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let mut found: BTreeMap<String, Vec<bool>> = BTreeMap::new();
        for row in listed["rows"].as_array().unwrap() {
            let message = row["message"].as_str().unwrap().to_string();
            found.entry(message).or_default().push(!row["redriven"].is_null());
        }
        let bad = self.load.bad().into_iter().map(|number| (refusal(number), vec![false]));
        let planted = self.load.known.lock().unwrap().planted.clone();
        self.tally.redriven = planted.len() as u64;
        let planted = planted.into_iter().map(|number| (plant_message(number), vec![true]));
        let expected: BTreeMap<_, _> = bad.chain(planted).collect();
        assert_eq!(found, expected);
        self.tally.quarantined = expected.len() as u64;
    }

    /// The views are those of a folder that took each of the lake's events once, in another order, undisturbed.
    fn check_views(&self) {
        let (data, fresh, meeting) = (self.data(), self.path("fresh"), &self.load.meeting);
        let counts = lake::counts_by_source_id(&data);
        let numbers = self.load.made().filter(|number| counts.contains_key(&id(*number)));
        let mut events: Vec<_> = numbers.map(|number| meeting.event(number)).collect();
        shuffle(&mut events, 7);
        share_keys(&data, &fresh);
        let file = self.path("events.ndjson");
        fs::write(&file, events.join("\n")).unwrap();
        assert_eq!(replay(&fresh, &[&file])["accepted"], events.len());
        let (found, expected) = (views(&data, &meeting.end()), views(&fresh, &meeting.end()));
        assert_eq!(expected.is_empty(), events.is_empty());
        for (found, expected) in found.iter().zip(&expected) {
            for part in ["course", "stale", "videos", "questions"] {
                assert_eq!(found[part], expected[part], "{part} of {}", expected["course"]["course"]);
            }
        }
        assert_eq!(found, expected);
        assert_eq!(lake::contents(&data), lake::contents(&fresh));
    }

    /// A kill is nothing to complain of.
    fn check_log(&self) {
        let log = fs::read_to_string(self.path("log")).unwrap();
        let complaints: Vec<_> = log.lines().filter(|line| is_complaint(line)).collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

fn is_complaint(line: &str) -> bool {
    ["ERROR", "WARN", "panicked", "trilha:"].iter().any(|word| line.contains(word))
}

fn refusal(number: u64) -> String {
    format!("no event type is called {:?}", bad_type(number))
}

fn plant_message(number: u64) -> String {
    format!("planted {number}")
}

/// Keeps good events in quarantine, as a version that could not read them has kept them.
pub(crate) fn plant(data: &Path, load: &Load, numbers: Vec<u64>) {
    let keys: Value = serde_json::from_str(&fs::read_to_string(data.join("keys.json")).unwrap()).unwrap();
    let data_key = Secret::from_hex(keys["data_key"].as_str().unwrap()).unwrap();
    let sealer = Sealer::new(&data_key, Arc::new(OsRandom));
    let stores = EmbeddedStores::open(&data.join("collector.redb"), sealer).unwrap();
    let rejections = numbers.iter().map(|number| rejection(load, *number)).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(stores.quarantine.keep(rejections)).unwrap();
    load.known.lock().unwrap().planted.extend(numbers);
}

fn rejection(load: &Load, number: u64) -> Rejection {
    let by = Credential::WriteKey { tenant: "local".into(), name: "first".into() };
    Rejection {
        tenant: "local".into(),
        source: Source::Request { protocol: Protocol::Native },
        sending: Some(Sending { by, replayed: false }),
        received_millis: SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64,
        pseudonym: None,
        code: "missing_field".into(),
        field: "attempt".into(),
        message: plant_message(number),
        raw: load.meeting.event(number).into(),
    }
}
