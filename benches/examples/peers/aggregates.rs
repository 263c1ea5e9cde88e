//! The same job as the peers': each event once by its id, then totals by video, by question and by minute.
//!
//! Lines go the way that they go in the product: the native reader and the collector's core pack them into records of one
//! bucket; the records are decoded and added up. A learner has one bucket, so each thread takes its own buckets, and the
//! distinct learners of all add up. The real fold over the same records is timed beside it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Builder;
use trilha_benches::{Bench, FrontDoor, into_live_table};
use trilha_live::memory::MemoryTable;
use trilha_schemas::event::{Body, Event, QuizAction, QuizEvent, Score, VideoAction, VideoEvent};
use trilha_schemas::ids::{Bucket, EventId, Pseudonym};
use trilha_schemas::record;
use trilha_stream::port::Record;

use crate::best;

/// Lines that are collected in one call, as `trilha replay` does.
const CALL_LINES: usize = 24_000;
const MINUTE_MILLIS: i64 = 60_000;

/// Writes the answers of a file of events and prints how long each part took.
pub(crate) fn run(file: &Path, answers: &Path, threads: usize) -> Bench {
    let (to_records, door) = best(|| records_of(file, threads))?;
    let records = all_records(&door)?;
    let (to_answers, totals) = best(|| totals_of(&records, threads))?;
    let (to_views, ()) = best(|| fold(&door, threads))?;
    fs::write(answers, totals.answers().to_string())?;
    let bytes: usize = records.iter().map(|record| record.data.len()).sum();
    let (events, records) = (totals.read, records.len());
    println!(
        "{}",
        json!({
            "events": events, "records": records, "record_bytes": bytes,
            "to_records": to_records, "to_answers": to_answers, "to_views": to_views,
        })
    );
    Ok(())
}

/// Reads the file and collects its lines, each thread every so many calls.
fn records_of(file: &Path, threads: usize) -> Bench<FrontDoor> {
    let (text, door) = (fs::read_to_string(file)?, FrontDoor::new()?);
    let lines: Vec<&str> = text.lines().collect();
    let calls: Vec<&[&str]> = lines.chunks(CALL_LINES).collect();
    let collect = |first: usize| -> Bench {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        calls.iter().skip(first).step_by(threads).try_for_each(|lines| runtime.block_on(door.replay(lines)))
    };
    in_threads(threads, collect)?;
    Ok(door)
}

fn all_records(door: &FrontDoor) -> Bench<Vec<Record>> {
    let shards = Builder::new_current_thread().build()?.block_on(door.records())?;
    Ok(shards.into_iter().flat_map(|(_, records)| records).collect())
}

fn totals_of(records: &[Record], threads: usize) -> Bench<Totals> {
    let add_up = |thread: usize| {
        let mut totals = Totals::default();
        for record in records {
            let bucket = Bucket::from_partition_key(&record.partition_key).ok_or("a key that is no bucket")?;
            if usize::from(bucket.0) % threads == thread {
                record::decode(&record.data)?.events.iter().for_each(|event| totals.add(event));
            }
        }
        Ok(totals)
    };
    Ok(in_threads(threads, add_up)?.into_iter().fold(Totals::default(), Totals::and))
}

/// What the live processor makes of the records: learner items and views in a table in memory.
fn fold(door: &FrontDoor, threads: usize) -> Bench {
    let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(async {
        let mapping = into_live_table(&door.stream, Arc::new(MemoryTable::new()), Duration::ZERO);
        mapping.drained().await?;
        mapping.stop().await;
        Ok(())
    })
}

fn in_threads<T: Send>(threads: usize, act: impl Fn(usize) -> Bench<T> + Sync) -> Bench<Vec<T>> {
    let act = &act;
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|at| scope.spawn(move || act(at))).collect();
        workers.into_iter().map(|worker| worker.join().map_err(|_| "a thread panicked")?).collect()
    })
}

#[derive(Default)]
struct Totals {
    /// Events read, copies among them.
    read: u64,
    seen: Set<EventId>,
    /// By course and video.
    videos: HashMap<String, HashMap<String, Video>>,
    /// By course and question.
    questions: HashMap<String, HashMap<String, Question>>,
    minutes: HashMap<i64, Counted>,
}

#[derive(Default)]
struct Counted {
    events: u64,
    learners: Set<Pseudonym>,
    /// Of other threads.
    more_learners: usize,
}

#[derive(Default)]
struct Video {
    counted: Counted,
    watched_millis: i64,
}

#[derive(Default)]
struct Question {
    counted: Counted,
    millionths: u64,
}

impl Totals {
    fn add(&mut self, event: &Event) {
        self.read += 1;
        if !self.seen.insert(event.id) {
            return;
        }
        match &event.body {
            Body::Video(video) => entry(&mut self.videos, &event.course, &video.video).add(event, video),
            Body::Quiz(quiz) if quiz.action == QuizAction::Answered => {
                let question = quiz.question.as_deref().unwrap_or_default();
                entry(&mut self.questions, &event.course, question).add(event, quiz);
            }
            _ => {}
        }
        let minute = event.time_millis.unwrap_or_default().div_euclid(MINUTE_MILLIS);
        self.minutes.entry(minute).or_default().add(event);
    }

    /// Of other learners.
    fn and(mut self, other: Totals) -> Totals {
        self.read += other.read;
        for (course, videos) in other.videos {
            for (video, theirs) in videos {
                let ours = entry(&mut self.videos, &course, &video);
                ours.counted.join(&theirs.counted);
                ours.watched_millis += theirs.watched_millis;
            }
        }
        for (course, questions) in other.questions {
            for (question, theirs) in questions {
                let ours = entry(&mut self.questions, &course, &question);
                ours.counted.join(&theirs.counted);
                ours.millionths += theirs.millionths;
            }
        }
        for (minute, theirs) in other.minutes {
            self.minutes.entry(minute).or_default().join(&theirs);
        }
        self
    }

    fn answers(&self) -> Value {
        let videos = rows(&self.videos, |video| (&video.counted, video.watched_millis));
        let questions = rows(&self.questions, |question| (&question.counted, question.millionths.cast_signed()));
        let minute = |(minute, counted): (&i64, &Counted)| json!([minute, counted.events, counted.learners()]);
        let minutes: Vec<Value> = self.minutes.iter().map(minute).collect();
        json!({ "videos": videos, "questions": questions, "minutes": minutes })
    }
}

impl Counted {
    fn add(&mut self, event: &Event) {
        self.events += 1;
        self.learners.insert(event.learner);
    }

    fn join(&mut self, other: &Counted) {
        self.events += other.events;
        self.more_learners += other.learners();
    }

    fn learners(&self) -> usize {
        self.learners.len() + self.more_learners
    }
}

impl Video {
    fn add(&mut self, event: &Event, video: &VideoEvent) {
        self.counted.add(event);
        if video.action == VideoAction::Watched {
            self.watched_millis += video.to_millis.unwrap_or_default() - video.position_millis.unwrap_or_default();
        }
    }
}

impl Question {
    fn add(&mut self, event: &Event, quiz: &QuizEvent) {
        self.counted.add(event);
        if let Score::ByPoints(millionths) | Score::ByCorrect(millionths) = quiz.millionths() {
            self.millionths += u64::from(millionths);
        }
    }
}

/// The entry of a course's object; no text is copied where there is one.
fn entry<'m, T: Default>(map: &'m mut HashMap<String, HashMap<String, T>>, course: &str, object: &str) -> &'m mut T {
    if !map.contains_key(course) {
        map.insert(course.to_string(), HashMap::new());
    }
    let objects = map.get_mut(course).expect("the course was put there");
    if !objects.contains_key(object) {
        objects.insert(object.to_string(), T::default());
    }
    objects.get_mut(object).expect("the object was put there")
}

/// Course, object, events, learners, sum.
fn rows<T>(map: &HashMap<String, HashMap<String, T>>, of: impl Fn(&T) -> (&Counted, i64)) -> Vec<Value> {
    let row = |course: &str, object: &str, totals: &T| {
        let (counted, sum) = of(totals);
        json!([course, object, counted.events, counted.learners(), sum])
    };
    map.iter().flat_map(|(course, objects)| objects.iter().map(|(object, one)| row(course, object, one))).collect()
}

/// Ids are random: some of their bytes are hash enough.
type Set<T> = HashSet<T, BuildHasherDefault<SomeBytes>>;

#[derive(Default)]
struct SomeBytes(u64);

impl Hasher for SomeBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_le_bytes(*last);
        }
    }
}
