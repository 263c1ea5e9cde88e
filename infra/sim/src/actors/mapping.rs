//! An event source mapping as AWS describes it: one poller a shard, children after their parents; batches cut anew on every
//! delivery, parted when they fail, taken up from the lowest number that failed; answers lost; and, though that should not
//! be, a second poller on the same shard for a while.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::encodings::SecondTimestamp;
use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord, KinesisRecord};
use aws_lambda_events::event::streams::KinesisEventResponse;
use trilha_processors::delivery;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::mapping::MappingConfig;
use trilha_stream::port::{Record, Stream};

use crate::machine::{Consumer, Machine};
use crate::world::Process;

/// The most records in a batch here.
const MOST_RECORDS: usize = 12;

/// Keeps a poller on every shard whose parents are done. It ends when there will be no more shards.
pub async fn run(machine: Arc<Machine>, me: Process, consumer: Consumer) {
    let (mut started, mut finished) = (BTreeSet::new(), BTreeSet::new());
    let mut pollers = Vec::new();
    loop {
        let version = machine.world.version();
        let shards = machine.stream.memory.shards().await.unwrap_or_default();
        let listed: BTreeSet<String> = shards.iter().map(|shard| shard.shard_id.clone()).collect();
        for shard in shards {
            let known = |parent: &String| listed.contains(parent) || started.contains(parent);
            let waits = shard.parents.iter().any(|parent| known(parent) && !finished.contains(parent));
            if !waits && started.insert(shard.shard_id.clone()) {
                let process = machine.world.process();
                let poller = Poller {
                    machine: Arc::clone(&machine),
                    me: process.clone(),
                    consumer,
                    shard_id: shard.shard_id.clone(),
                };
                pollers.push((machine.world.spawn(&process, poller.run()), shard.shard_id));
            }
        }
        let ended =
            pollers.iter().filter(|(task, _)| machine.world.is_over(*task)).map(|(_, shard_id)| shard_id.clone());
        let before = finished.len();
        finished.extend(ended.collect::<Vec<_>>());
        if finished.len() == before {
            me.changed_from(version).await;
        }
    }
}

struct Poller {
    machine: Arc<Machine>,
    me: Process,
    consumer: Consumer,
    shard_id: String,
}

/// How an invocation went, as the poller sees it.
enum Outcome {
    Done,
    FailedFrom(SequenceNumber),
    Failed,
}

impl Poller {
    /// Delivers until the shard has ended.
    async fn run(self) {
        let config = delivery::mapping("simulated", Duration::ZERO);
        let mut position = self.machine.checkpoint(self.consumer, &self.shard_id);
        let (mut most, mut failures) = (MOST_RECORDS, 0);
        loop {
            self.me.turn().await;
            if self.machine.world.fault("poller started again", 12) {
                if self.machine.world.fault("checkpoint came back older", 500) {
                    self.machine.lose_checkpoint(self.consumer, &self.shard_id);
                }
                position = self.machine.checkpoint(self.consumer, &self.shard_id);
            }
            if self.machine.world.fault("second poller", 15) {
                self.start_second(position);
            }
            let version = self.machine.world.version();
            let Some((records, ended)) = self.read(position, most).await else {
                break;
            };
            if records.is_empty() {
                if ended {
                    break;
                }
                self.me.changed_from(version).await;
                continue;
            }
            let (before, batch) = (position, records.len());
            position = match self.invoke(&records, &config).await {
                Outcome::Done => records.last().map(|last| last.sequence_number),
                Outcome::FailedFrom(lowest) => records
                    .iter()
                    .map(|record| record.sequence_number)
                    .take_while(|number| *number < lowest)
                    .last()
                    .or(before),
                Outcome::Failed => before,
            };
            let whole = position == records.last().map(|last| last.sequence_number);
            failures = if whole { 0 } else { failures + 1 };
            most =
                if !whole && self.machine.world.fault("batch parted", 500) { (batch / 2).max(1) } else { MOST_RECORDS };
            if config.retry_attempts.is_some_and(|attempts| failures > attempts) || self.is_too_old(&records, &config) {
                self.machine.world.note(|| format!("{} records given up", records.len()));
                position = records.last().map(|last| last.sequence_number);
                failures = 0;
            }
            if let Some(position) = position.filter(|_| position != before) {
                self.machine.check_in(self.consumer, &self.shard_id, position);
            }
            if failures > 0 {
                self.me.sleep(100 << failures.min(6)).await;
            }
        }
        self.me.note(|| format!("{:?} has read {} to its end", self.consumer, self.shard_id));
        self.machine.world.changed();
    }

    /// Some of the records that follow, and whether there are no more; `None` when the shard has expired.
    async fn read(&self, position: Option<SequenceNumber>, most: usize) -> Option<(Vec<Record>, bool)> {
        let most = self.machine.world.roll(|dice| 1 + dice.roll(most.max(1)));
        let read = self.machine.stream.memory.records(&self.shard_id, position, most, usize::MAX).await.ok()?;
        Some((read.records, read.ended))
    }

    fn is_too_old(&self, records: &[Record], config: &MappingConfig) -> bool {
        let now = self.machine.world.now_millis();
        let too_old = |age: Duration| records.iter().any(|record| now - record.arrival_millis > age.as_millis() as i64);
        config.record_age.is_some_and(too_old)
    }

    async fn invoke(&self, records: &[Record], config: &MappingConfig) -> Outcome {
        let first = records[0].sequence_number;
        self.me.note(|| format!("{:?} of {} records from {first} of {}", self.consumer, records.len(), self.shard_id));
        let invocation = self.machine.invoke(self.consumer, event(&self.shard_id, records));
        if self.machine.world.fault("invocation timed out", 60) {
            self.me.sleep(self.machine.world.roll(|dice| dice.between(0, 400))).await;
            if !self.machine.world.is_over(invocation.task) {
                self.machine.leave_as_zombie(&invocation);
                return Outcome::Failed;
            }
        }
        self.me.over(invocation.task).await;
        let Some(answer) = invocation.answer() else { return Outcome::Failed };
        if self.machine.world.fault("answer to the poller lost", 25) {
            return Outcome::Failed;
        }
        if config.report_batch_item_failures { outcome(records, &answer) } else { Outcome::Done }
    }

    /// A second poller, which has an older checkpoint and knows nothing of the first; it ends after some batches.
    fn start_second(&self, position: Option<SequenceNumber>) {
        let process = self.machine.world.process();
        self.machine.world.slow_down(&process);
        let second = Poller {
            machine: Arc::clone(&self.machine),
            me: process.clone(),
            consumer: self.consumer,
            shard_id: self.shard_id.clone(),
        };
        let older = self.machine.world.roll(|dice| dice.chance(500));
        let task = self.machine.world.spawn(&process, async move {
            let config = delivery::mapping("simulated", Duration::ZERO);
            let mut position = if older { None } else { position };
            for _ in 0..1 + second.machine.world.roll(|dice| dice.roll(4)) {
                let Some((records, _)) = second.read(position, MOST_RECORDS).await else { return };
                if records.is_empty() {
                    return;
                }
                if let Outcome::Done = second.invoke(&records, &config).await {
                    position = records.last().map(|last| last.sequence_number);
                }
            }
        });
        self.machine.note_second(task);
    }
}

/// The batch as Lambda hands it over.
fn event(shard_id: &str, records: &[Record]) -> KinesisEvent {
    let mut event = KinesisEvent::default();
    event.records = records.iter().map(|record| lambda_record(shard_id, record)).collect();
    event
}

fn lambda_record(shard_id: &str, record: &Record) -> KinesisEventRecord {
    let mut kinesis = KinesisRecord::default();
    *kinesis.data = record.data.to_vec();
    kinesis.partition_key.clone_from(&record.partition_key);
    kinesis.sequence_number = record.sequence_number.to_string();
    let mut arrival = SecondTimestamp::default();
    if let Some(time) = chrono::DateTime::from_timestamp_millis(record.arrival_millis) {
        arrival.0 = time;
    }
    kinesis.approximate_arrival_timestamp = arrival;
    let mut event = KinesisEventRecord::default();
    event.event_id = Some(format!("{shard_id}:{}", record.sequence_number));
    event.kinesis = kinesis;
    event
}

/// No failures: everything is done. A failure that names no record of the batch: nothing is.
fn outcome(records: &[Record], answer: &KinesisEventResponse) -> Outcome {
    let mut lowest: Option<SequenceNumber> = None;
    for failure in &answer.batch_item_failures {
        let named = failure.item_identifier.as_deref().unwrap_or_default();
        let Some(record) = records.iter().find(|record| record.sequence_number.to_string() == named) else {
            return Outcome::Failed;
        };
        lowest = Some(lowest.map_or(record.sequence_number, |lowest| lowest.min(record.sequence_number)));
    }
    lowest.map_or(Outcome::Done, Outcome::FailedFrom)
}
