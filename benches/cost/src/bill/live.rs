//! The live processor's function and the live tables.

use super::tables::LiveTable;
use super::{Basis, Leg, Line, each};
use crate::asked::{CLIENT_CPU_SECONDS, TABLE_WAIT_SECONDS, WRITES_AT_ONCE};
use crate::billing::core_share;
use crate::counts::{Counted, End, Rhythm};
use crate::ports::{ItemKind, KindCounts};
use crate::prices::Priced;

/// What each batch has of its own, whatever is in it.
const OF_BATCH: [ItemKind; 1] = [ItemKind::Progress];
/// Keys of one BatchGetItem.
const KEYS_A_CALL: f64 = 100.0;
const KINDS: [(ItemKind, Leg, &str); 11] = [
    (ItemKind::VideoView, Leg::Views, "videos"),
    (ItemKind::QuizView, Leg::Views, "quizzes"),
    (ItemKind::HourView, Leg::Views, "hours"),
    (ItemKind::MonthView, Leg::Views, "months"),
    (ItemKind::CourseView, Leg::Views, "courses' totals"),
    (ItemKind::ObjectView, Leg::Views, "the catalogue"),
    (ItemKind::LearnerVideo, Leg::LearnerState, "videos"),
    (ItemKind::LearnerQuiz, Leg::LearnerState, "quizzes"),
    (ItemKind::LearnerActivity, Leg::LearnerState, "activity"),
    (ItemKind::Roster, Leg::LearnerState, "rosters"),
    (ItemKind::Other, Leg::TableRest, "others"),
];

pub(super) fn lines(basis: &Basis<'_>, table: &LiveTable) -> Vec<Line> {
    let batches = basis.batches(basis.counted.rhythm.seconds);
    let mut lines = function(basis, batches).to_vec();
    lines.extend(KINDS.iter().filter_map(|(kind, leg, what)| written(basis, table, *kind, *leg, what)));
    lines.extend(rest(basis, table, batches));
    let log_bytes = each_call(basis.counted.applied.log_bytes, basis.counted.applied.calls);
    let told = format!("{batches:.0} batches × {log_bytes:.0} bytes");
    lines.push(basis.gigabytes(Leg::Logs, "of live batches", batches * log_bytes, Priced::LogGb, told));
    lines
}

/// Read units of a month, progress among them.
pub(super) fn read_units(basis: &Basis<'_>) -> f64 {
    items_read_an_event(basis.counted) * basis.events() + basis.batches(basis.counted.rhythm.seconds)
}

/// Write units of items.
pub(super) fn units_an_event(counted: &Counted) -> f64 {
    counted.table.but(&OF_BATCH).write_units as f64 / counted.applied.events.max(1) as f64
}

/// Read units of items.
pub(super) fn items_read_an_event(counted: &Counted) -> f64 {
    counted.table.but(&OF_BATCH).half_read_units as f64 / 2.0 / counted.applied.events.max(1) as f64
}

fn function(basis: &Basis<'_>, batches: f64) -> [Line; 2] {
    let (counted, megabytes) = (basis.counted, basis.plan.deployment.live);
    let events = basis.batch_events(counted.rhythm.seconds);
    let of_items = counted.table.but(&OF_BATCH);
    let of_batch = |count: u64| count as f64 / counted.applied.events.max(1) as f64 * events;
    let (puts, gets) = (of_batch(of_items.puts) + 1.0, of_batch(of_items.reads) / KEYS_A_CALL + 1.0);
    let share = core_share(megabytes);
    let cpu = each(counted.applied.cpu, counted.applied.events) * events;
    let waits = (puts / WRITES_AT_ONCE + gets).ceil() * TABLE_WAIT_SECONDS;
    let seconds = (cpu + (puts + gets) * CLIENT_CPU_SECONDS) / share + waits;
    let told = format!(
        "{} shards, a batch each {:.1} s ({}): {events:.0} events, {:.0} ms measured, {puts:.0} puts, {gets:.1} reads, \
         on {share:.2} of a core",
        basis.plan.shards,
        counted.rhythm.seconds,
        ends(&counted.rhythm),
        cpu * 1e3
    );
    basis.function(Leg::LiveProcessor, "live processor", batches, seconds, megabytes, &told)
}

fn ends(rhythm: &Rhythm) -> &'static str {
    match rhythm.end {
        End::Window => "by its window",
        End::Records => "by its 10,000 records",
        End::Bytes => "by its 6 MB of JSON",
    }
}

fn written(basis: &Basis<'_>, table: &LiveTable, kind: ItemKind, leg: Leg, what: &str) -> Option<Line> {
    let (counted, counts) = (basis.counted, basis.counted.table.of(kind));
    (counts.puts > 0).then(|| {
        let monthly = basis.monthly(counts.write_units as f64, counted.applied.events);
        let told = told(&counts, counted.applied.events);
        basis.line_at(leg, what, monthly, (Priced::WriteUnit, table.writes.price()), told)
    })
}

fn told(counts: &KindCounts, events: u64) -> String {
    let puts = counts.puts.max(1) as f64;
    format!(
        "{:.4} puts an event, {:.0} bytes and {:.2} units a put, {} failed conditions",
        counts.puts as f64 / events.max(1) as f64,
        counts.put_bytes as f64 / puts,
        counts.write_units as f64 / puts,
        counts.conflicts
    )
}

fn rest(basis: &Basis<'_>, table: &LiveTable, batches: f64) -> [Line; 3] {
    let counted = basis.counted;
    let of_items = counted.table.but(&OF_BATCH);
    let read = items_read_an_event(counted) * basis.events();
    let (write_unit, read_unit) = ((Priced::WriteUnit, table.writes.price()), (Priced::ReadUnit, table.reads.price()));
    let told = format!(
        "{:.4} items an event that are not in memory, of {:.4} written",
        of_items.reads as f64 / counted.applied.events.max(1) as f64,
        of_items.puts as f64 / counted.applied.events.max(1) as f64
    );
    let leg = Leg::TableRest;
    [
        basis.line_at(leg, "items read", read, read_unit, told),
        basis.line_at(leg, "progress written", batches, write_unit, "once a batch".into()),
        basis.line_at(leg, "progress read", batches, read_unit, "once a batch, the latest".into()),
    ]
}

fn each_call(count: u64, calls: u64) -> f64 {
    count as f64 / calls.max(1) as f64
}
