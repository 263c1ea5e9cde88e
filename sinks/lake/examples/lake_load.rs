//! Measures the lake: lands simulated rows in batches, compacts, and says how long each took.
//!
//! `cargo run --release -p trilha-lake --example lake_load -- DIR [ROWS] [DAYS] [BATCH]`; the result is a lake in DIR/lake
//! that any reader of Parquet can check.

use std::path::PathBuf;
use std::time::Instant;

use trilha_lake::{Beyond, Lake, LakeRow, from_batch, to_batch};
use trilha_schemas::event::{Body, Event, Protocol, QuizAction, QuizEvent, Role, VideoAction, VideoEvent};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::sequence::SequenceNumber;

const MONDAY_MILLIS: i64 = 1_795_392_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: lake_load DIR [ROWS] [DAYS] [BATCH]")?);
    let mut number = |default: u64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (rows, days, batch) = (number(1_000_000)?, number(1)?, number(10_000)?);
    time_columns(batch)?;

    let lake = Lake::open(&folder.join("lake"), 1).await?;
    let writer = lake.writer();
    let started = Instant::now();
    for first in (0..rows).step_by(batch as usize) {
        let last = (first + batch).min(rows);
        let batch: Vec<LakeRow> = (first..last).map(|n| row(n, days)).collect();
        let last = batch.last().map(|row| row.sequence_number).ok_or("an empty batch")?;
        writer.append("0/shardId-000000000000", batch, last).await?;
    }
    say("landed, rows made included", rows, started);
    let started = Instant::now();
    let compacted = lake.compact(&Beyond::new()).await?;
    say("published", compacted.published_rows, started);
    println!("{compacted:?}");
    Ok(())
}

fn time_columns(rows: u64) -> Result<(), Box<dyn std::error::Error>> {
    let rows: Vec<LakeRow> = (0..rows).map(|n| row(n, 1)).collect();
    let started = Instant::now();
    let batch = to_batch(&rows, 1)?;
    say("rows to columns", rows.len() as u64, started);
    let started = Instant::now();
    let back = from_batch(&"acme".into(), &batch)?;
    say("columns to rows", rows.len() as u64, started);
    if back == rows { Ok(()) } else { Err("rows do not read back".into()) }
}

fn say(what: &str, rows: u64, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!("{what}: {rows} rows in {seconds:.3} s, {:.0} rows/s{}", rows as f64 / seconds, processor_time());
}

/// What the process has used of the processors so far, where the system tells it (hundredths of a second).
fn processor_time() -> String {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.split_whitespace().collect();
    fields.get(13..15).map(|used| format!(" (so far user {}, system {})", used[0], used[1])).unwrap_or_default()
}

/// The n-th row; every hundredth is a copy of the one before it.
fn row(n: u64, days: u64) -> LakeRow {
    let act = if n % 100 == 99 { n - 1 } else { n };
    let mixed = mix(act);
    let learner = mix(mixed % 5000);
    let record = 49_590_338_271_490_256_608_559_692_538u128 + u128::from(n / 200);
    LakeRow {
        tenant: "acme".into(),
        shard: "0/shardId-000000000000".into(),
        sequence_number: SequenceNumber::parse(&format!("{record}361571095921575989136588898"))
            .unwrap_or(SequenceNumber::ZERO),
        record_index: (n % 200) as u32,
        beyond_state: false,
        event: Event {
            id: EventId(wide(mixed)),
            learner: Pseudonym(wide(learner)),
            course: format!("course-v1:Example+{}+2026", mixed % 20),
            session: Some(format!("{:016x}-{}", learner, act % 7)),
            role: Role::Learner,
            title: None,
            time_millis: Some(MONDAY_MILLIS + (mixed % (days * 86_400_000)) as i64),
            arrival_millis: MONDAY_MILLIS + act as i64,
            zone_offset_minutes: -180,
            settings_version: 1,
            flags: Flags::empty(),
            protocol: Protocol::Native,
            source_id: Some(format!("{:032x}", u128::from(mixed) << 17)),
            body: if act % 5 == 0 { answer(mixed) } else { heartbeat(mixed) },
        },
    }
}

fn heartbeat(mixed: u64) -> Body {
    let from = (mixed % 600_000) as i64;
    Body::Video(VideoEvent {
        action: VideoAction::Watched,
        video: format!("block-v1:Example+type@video+block@{}", mixed % 300),
        position_millis: Some(from),
        to_millis: Some(from + 10_000),
        length_millis: Some(610_000),
        rate: Some(1.25),
        threshold: None,
        segments: None,
    })
}

fn answer(mixed: u64) -> Body {
    Body::Quiz(QuizEvent {
        action: QuizAction::Answered,
        quiz: format!("quiz-{}", mixed % 40),
        question: Some(format!("quiz-{}-question-{}", mixed % 40, mixed % 9)),
        attempt: Some(1 + (mixed % 3) as u32),
        response: Some(["a", "b", "c", "d"][(mixed % 4) as usize].to_string()),
        correct: Some(mixed.is_multiple_of(4)),
        score: Some((mixed.is_multiple_of(4)).into()),
        max_score: Some(1.0),
        elapsed_millis: Some((mixed % 90_000) as i64),
        ..QuizEvent::default()
    })
}

/// Numbers that look random and are the same each time.
fn mix(n: u64) -> u64 {
    let mut mixed = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn wide(n: u64) -> [u8; 16] {
    (u128::from(mix(n)) << 64 | u128::from(n)).to_be_bytes()
}
