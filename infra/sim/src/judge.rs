//! What must hold after a run, whatever happened in it. The numbers are the oracle's, which shares no code with the product;
//! the stream's own list of copies says which events there are.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use trilha_collector::quarantine::{Quarantine, Redacted, Rejection, Source};
use trilha_core::keys;
use trilha_core::roster::{RosterEntry, Standing};
use trilha_dashboard::read::{LiveViews, ReadSettings, SettingsReader};
use trilha_dashboard::source::{SourceError, ViewSource, ViewsQuery};
use trilha_lake::rows_of;
use trilha_live::port::{Consistency, LiveTable};
use trilha_schemas::event::Event;
use trilha_sim_oracle::{CourseSettings, OnRoster, Told, courses, differences, rosters};

use crate::learners::{Fate, Name, TENANTS};
use crate::machine::Machine;
use crate::ports::stream::Copy;
use crate::ports::table::StillTable;

/// Everything that is not as it must be.
pub async fn judge(machine: &Arc<Machine>) -> Vec<String> {
    let copies = machine.stream.copies().clone();
    let first = first_copies(&copies);
    let mut verdict = machine.world.failures();
    let lake = read_lake(machine, &mut verdict);
    judge_lake(&lake, &first, &mut verdict);
    let rows = quarantine_rows(machine, &mut verdict).await;
    judge_events(machine, &copies, &lake, &rows, &mut verdict);
    judge_records(machine, &copies, &rows, &mut verdict);
    judge_files(machine, &mut verdict);
    judge_views(machine, &first, &mut verdict).await;
    verdict
}

/// What tells an event apart, as it is decoded.
fn name(tenant: &str, event: &Event) -> Name {
    Name {
        tenant: tenant.to_string(),
        id: event.source_id(tenant).map(Cow::into_owned),
        time_millis: event.time_millis,
    }
}

/// The first copy of every event that can be folded, in the order of the stream.
fn first_copies(copies: &[Copy]) -> Vec<(Name, Copy)> {
    let mut seen = BTreeSet::new();
    let named = copies.iter().filter(|copy| copy.foldable).map(|copy| (name(&copy.tenant, &copy.event), copy));
    named.filter(|(name, _)| seen.insert(name.clone())).map(|(name, copy)| (name, copy.clone())).collect()
}

/// Where the lake has each event.
type Lake = BTreeMap<Name, Vec<(String, String, u32)>>;

fn read_lake(machine: &Machine, verdict: &mut Vec<String>) -> Lake {
    let mut lake = Lake::new();
    for (partition, files) in machine.storage.published() {
        for (file, content) in files {
            let rows = match rows_of(&partition.tenant.as_str().into(), &content) {
                Ok(rows) => rows,
                Err(error) => {
                    verdict.push(format!("{}/{file} cannot be read: {error}", partition.folder()));
                    continue;
                }
            };
            for row in rows {
                let place = (row.shard.to_string(), row.sequence_number.to_string(), row.record_index);
                lake.entry(name(&row.tenant, &row.event)).or_default().push(place);
            }
        }
    }
    lake
}

fn judge_lake(lake: &Lake, first: &[(Name, Copy)], verdict: &mut Vec<String>) {
    let expected: BTreeMap<&Name, &Copy> = first.iter().map(|(name, copy)| (name, copy)).collect();
    for (name, places) in lake {
        if places.len() != 1 {
            verdict.push(format!("{} times in the lake: {name:?} at {places:?}", places.len()));
        }
        match expected.get(name) {
            None => verdict.push(format!("in the lake, and never on the stream: {name:?}")),
            Some(copy) => {
                let place = &copy.place;
                let first = (place.shard.clone(), place.sequence_number.to_string(), place.index as u32);
                if places.first() != Some(&first) {
                    verdict.push(format!("the lake has {name:?} from {places:?}, its first copy is {first:?}"));
                }
            }
        }
    }
    for name in expected.keys().filter(|name| !lake.contains_key(name)) {
        verdict.push(format!("on the stream, and not in the lake: {name:?}"));
    }
}

type Rows = Vec<(Redacted, Rejection)>;

async fn quarantine_rows(machine: &Machine, verdict: &mut Vec<String>) -> Rows {
    let mut rows = Rows::new();
    for shown in machine.quarantine.list(None, usize::MAX).await.unwrap_or_default() {
        match machine.quarantine.open(shown.key).await {
            Ok(Some(row)) => rows.push((shown, row)),
            _ => verdict.push(format!("the quarantine row {} does not open", shown.key)),
        }
    }
    rows
}

/// Each event by what its client was told.
fn judge_events(machine: &Machine, copies: &[Copy], lake: &Lake, rows: &Rows, verdict: &mut Vec<String>) {
    let ledger = machine.ledger();
    let open: BTreeSet<&[u8]> =
        rows.iter().filter(|(shown, _)| shown.redriven_millis.is_none()).map(|(_, row)| row.raw.as_slice()).collect();
    let damaged: BTreeSet<Name> =
        copies.iter().filter(|copy| copy.damaged).map(|copy| name(&copy.tenant, &copy.event)).collect();
    for (act, fact) in ledger.acts.iter().zip(&ledger.facts) {
        let in_lake = lake.contains_key(&act.name);
        let is_open = open.contains(act.text.as_bytes());
        let told = |what: &str| format!("{what}: {:?} {}", act.name, act.text);
        if !fact.sent && in_lake {
            verdict.push(told("in the lake, and never sent"));
        }
        if fact.acknowledged && act.fate == Fate::Good && !in_lake && !damaged.contains(&act.name) {
            verdict.push(told("acknowledged, and neither in the lake nor in an open quarantine row"));
        }
        if act.fate == Fate::Broken && in_lake {
            verdict.push(told("broken, and in the lake"));
        }
        if act.fate == Fate::Broken && (fact.refused || fact.acknowledged) && !is_open {
            verdict.push(told("refused, and not in quarantine"));
        }
        if act.fate == Fate::TooNew && fact.refused && !in_lake && !damaged.contains(&act.name) {
            verdict.push(told("refused by a reader of yesterday, driven again, and not in the lake"));
        }
        if act.fate == Fate::TooNew && in_lake && is_open {
            verdict.push(told("driven again, and still open in quarantine"));
        }
    }
    for name in lake.keys().filter(|name| ledger.find(name).is_none()) {
        verdict.push(format!("in the lake, and nobody's: {name:?}"));
    }
}

/// Records that nobody can read are in quarantine, each by its place.
fn judge_records(machine: &Machine, copies: &[Copy], rows: &Rows, verdict: &mut Vec<String>) {
    let open = rows.iter().filter(|(shown, _)| shown.redriven_millis.is_none());
    let places: BTreeSet<String> = open
        .filter_map(|(shown, _)| match &shown.source {
            Source::Record { incarnation, shard_id, sequence_number } => {
                Some(format!("{}@{sequence_number}", keys::shard(incarnation, shard_id)))
            }
            Source::Request { .. } => None,
        })
        .collect();
    let damaged = copies.iter().filter(|copy| copy.damaged);
    let damaged = damaged.map(|copy| format!("{}@{}", copy.place.shard, copy.place.sequence_number));
    for place in damaged.collect::<BTreeSet<String>>() {
        if !places.contains(&place) {
            verdict.push(format!("the record {place} cannot be read, and is not in quarantine"));
        }
    }
    // What is text is refused line by line, as any producer's event is.
    let refused = |bytes: &[u8]| rows.iter().any(|(_, row)| row.raw.trim_ascii() == bytes.trim_ascii());
    for (place, bytes) in &machine.ledger().garbage {
        let lines = || bytes.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        if !places.contains(place) && !lines().all(refused) {
            verdict.push(format!("the rubbish {place} {bytes:?} is not in quarantine"));
        }
    }
}

/// After the last compaction nothing waits, and no landing file is left but such as may still be committed.
fn judge_files(machine: &Machine, verdict: &mut Vec<String>) {
    for (partition, _) in machine.storage.waiting() {
        verdict.push(format!("a generation of {} waits for ever", partition.folder()));
    }
}

struct Zone(&'static str);

impl SettingsReader for Zone {
    async fn settings(&self, _tenant: &str, _course: &str) -> Result<ReadSettings, SourceError> {
        Ok(ReadSettings { zone: self.0.to_string(), ..ReadSettings::default() })
    }
}

async fn judge_views(machine: &Arc<Machine>, first: &[(Name, Copy)], verdict: &mut Vec<String>) {
    let now = machine.world.now_millis();
    let ats = [now, machine.world.roll(|dice| dice.between(now - 4 * 3_600_000, now))];
    let table = Arc::new(StillTable::new(&machine.table));
    let views = LiveViews::new(table, Zone(machine.zone), Arc::new(move || now));
    for tenant in TENANTS {
        let told: Vec<(String, i64)> = {
            let ledger = machine.ledger();
            let of_tenant = first.iter().filter(|(name, _)| name.tenant == tenant);
            let text = |(name, copy): &(Name, Copy)| {
                ledger.find(name).map(|at| (ledger.acts[at].text.clone(), copy.event.arrival_millis))
            };
            of_tenant.filter_map(text).collect()
        };
        let told: Vec<Told<'_>> =
            told.iter().map(|(text, arrival_millis)| Told { text, arrival_millis: *arrival_millis }).collect();
        for told in &told {
            machine.world.note(|| format!("counts: {tenant} {} {}", told.arrival_millis, told.text));
        }
        judge_rosters(machine, tenant, &told, &pseudonyms(first, tenant, machine), verdict).await;
        for at in ats {
            judge_tenant(machine, &views, tenant, &told, at, verdict).await;
        }
    }
}

/// Learners' pseudonyms by their names.
fn pseudonyms(first: &[(Name, Copy)], tenant: &str, machine: &Machine) -> BTreeMap<String, String> {
    let ledger = machine.ledger();
    let named = |(name, copy): &(Name, Copy)| {
        let act: Value = serde_json::from_str(&ledger.acts[ledger.find(name)?].text).ok()?;
        Some((act["learner"].as_str()?.to_string(), copy.event.learner.to_string()))
    };
    first.iter().filter(|(name, _)| name.tenant == tenant).filter_map(named).collect()
}

/// A roster has everybody who was seen, each with what was said last and the days that they were there.
async fn judge_rosters(
    machine: &Machine,
    tenant: &str,
    told: &[Told<'_>],
    pseudonyms: &BTreeMap<String, String>,
    verdict: &mut Vec<String>,
) {
    let settings = |_: &str| CourseSettings { zone: machine.zone.to_string(), ..CourseSettings::default() };
    let table = StillTable::new(&machine.table);
    for (course, expected) in rosters(told, &settings) {
        let items = table.query(&keys::roster_partition(tenant, &course), "", Consistency::Strong).await;
        let items = items.unwrap_or_default().into_iter().map(|item| (item.key.sort, RosterEntry::decode(&item.value)));
        let mut found: BTreeMap<String, _> = items.collect();
        for (learner, expected) in expected {
            let entry = found.remove(pseudonyms.get(&learner).map_or("", String::as_str));
            if !matches!(&entry, Some(Ok(entry)) if is_as_expected(entry, &expected)) {
                verdict.push(format!("the roster of {tenant} {course}: {learner} is {expected:?}, found {entry:?}"));
            }
        }
        if !found.is_empty() {
            verdict.push(format!("the roster of {tenant} {course} has {found:?}, who were never there"));
        }
    }
}

fn is_as_expected(entry: &RosterEntry, expected: &OnRoster) -> bool {
    let standing = entry.standing().map(Standing::as_str);
    let said = standing.map_or(expected.standings.is_empty(), |standing| expected.standings.contains(standing));
    said && entry.days == expected.days
}

async fn judge_tenant(
    machine: &Machine,
    views: &LiveViews<StillTable, Zone>,
    tenant: &str,
    told: &[Told<'_>],
    at: i64,
    verdict: &mut Vec<String>,
) {
    let settings =
        |_: &str| CourseSettings { zone: machine.zone.to_string(), threshold: None, lengths_millis: BTreeMap::new() };
    let expected = courses(told, &settings, at);
    let listed = match views.courses(tenant, Some(at)).await {
        Ok(listed) => listed.courses.into_iter().map(|course| course.course).collect(),
        Err(error) => {
            verdict.push(format!("the courses cannot be read: {error}"));
            Vec::new()
        }
    };
    for course in &listed {
        if !expected.contains_key(course) {
            verdict.push(format!("{tenant} lists {course}, where nothing happened"));
        }
    }
    for (name, course) in &expected {
        let query =
            ViewsQuery { tenant: tenant.into(), course: name.clone(), at_millis: Some(at), ..ViewsQuery::default() };
        match views.views(query).await {
            Ok(Some(found)) => {
                if found.stale {
                    verdict.push(format!("{tenant} {name} is marked for rebuild"));
                }
                let found = serde_json::to_value(found).unwrap_or_default();
                let lines = differences(course, &found);
                verdict.extend(lines.into_iter().map(|line| format!("{tenant} {name}: {line}")));
            }
            Ok(None) => verdict.push(format!("{tenant} {name} has no views")),
            Err(error) => verdict.push(format!("{tenant} {name}: {error}")),
        }
    }
}
