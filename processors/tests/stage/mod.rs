//! A stage for the live processor: records of a class, a table that fails or is interrupted at a chosen write, a basket
//! for strays, and the expected items, folded once, directly, in order.
#![allow(dead_code, unreachable_pub)] // Each test file uses its part.

pub mod expected;
pub mod records;
pub mod seen;
pub mod table;

use std::sync::{Arc, Mutex};

use aws_lambda_events::event::kinesis::{KinesisEvent, KinesisEventRecord, KinesisRecord};
use trilha_processors::live::LiveProcessor;
use trilha_processors::strays::{Stray, Strays};
use trilha_schemas::event::Event;

use expected::{expected, stored};
use records::Rec;
use table::FaultyTable;

pub const INCARNATION: &str = "one";
pub const SHARD_ID: &str = "shardId-000000000000";

pub type Processor = LiveProcessor<FaultyTable, Basket>;

/// What was set aside, in order.
#[derive(Clone, Default)]
pub struct Basket(Arc<Mutex<BasketState>>);

#[derive(Default)]
struct BasketState {
    strays: Vec<String>,
    refuses: bool,
}

impl Basket {
    pub fn strays(&self) -> Vec<String> {
        self.0.lock().unwrap().strays.clone()
    }

    pub fn refuse(&self, refuses: bool) {
        self.0.lock().unwrap().refuses = refuses;
    }

    fn put(&self, stray: String) -> Result<(), String> {
        let mut state = self.0.lock().unwrap();
        if state.refuses {
            return Err("the quarantine is away".into());
        }
        state.strays.push(stray);
        Ok(())
    }
}

impl Strays for Basket {
    async fn damaged(&self, stray: Stray, _reason: String) -> Result<(), String> {
        self.put(format!("damaged {} {:?}", stray.sequence_number, stray.bytes))
    }

    async fn foreign(&self, stray: Stray) -> Result<(), String> {
        self.put(format!("foreign {} {:?}", stray.sequence_number, stray.bytes))
    }

    async fn misplaced(&self, tenant: String, events: Vec<Event>) -> Result<(), String> {
        self.put(format!("misplaced {tenant} {:?}", events.iter().map(|event| event.id).collect::<Vec<_>>()))
    }
}

/// A table, a basket, and processors that come and go.
#[derive(Clone)]
pub struct Stage {
    pub table: Arc<FaultyTable>,
    pub basket: Basket,
}

impl Stage {
    pub fn new() -> Stage {
        Stage { table: Arc::new(FaultyTable::default()), basket: Basket::default() }
    }

    /// A consumer that knows nothing yet.
    pub fn processor(&self) -> Arc<Processor> {
        self.processor_with(usize::MAX)
    }

    /// A consumer that keeps no more than so many warm bytes.
    pub fn processor_with(&self, warm_bytes: usize) -> Arc<Processor> {
        Arc::new(LiveProcessor::new(Arc::clone(&self.table), self.basket.clone(), INCARNATION.into(), warm_bytes))
    }
}

/// A batch as Lambda hands it over.
pub fn batch(records: &[Rec]) -> KinesisEvent {
    batch_of(SHARD_ID, records)
}

/// A batch of another shard.
pub fn batch_of(shard_id: &str, records: &[Rec]) -> KinesisEvent {
    let mut event = KinesisEvent::default();
    event.records = records.iter().map(|record| lambda_record(shard_id, record)).collect();
    event
}

fn lambda_record(shard_id: &str, record: &Rec) -> KinesisEventRecord {
    let mut kinesis = KinesisRecord::default();
    *kinesis.data = record.bytes.clone();
    kinesis.partition_key.clone_from(&record.partition_key);
    kinesis.sequence_number.clone_from(&record.sequence_number);
    let mut event = KinesisEventRecord::default();
    event.event_id = Some(format!("{shard_id}:{}", record.sequence_number));
    event.kinesis = kinesis;
    event
}

/// Hands a batch over; whether it was acknowledged. What is not must be told by the lowest sequence number.
pub async fn deliver(processor: &Processor, records: &[Rec]) -> bool {
    let response = processor.handle(batch(records)).await.expect("the batch can be read");
    match response.batch_item_failures.as_slice() {
        [] => true,
        [failure] => {
            assert_eq!(failure.item_identifier.as_deref(), Some(records[0].sequence_number.as_str()));
            false
        }
        more => panic!("{more:?}"),
    }
}

/// Hands a batch over until it is acknowledged.
pub async fn insist(processor: &Processor, records: &[Rec]) {
    for _ in 0..10 {
        if deliver(processor, records).await {
            return;
        }
    }
    panic!("the batch is never acknowledged");
}

/// The table holds what folding every record once comes to.
pub async fn check(stage: &Stage, records: &[Rec], case: impl std::fmt::Display) {
    let (there, should) = (stored(&stage.table).await, expected(records));
    let keys: std::collections::BTreeSet<_> = there.keys().chain(should.keys()).collect();
    for key in keys {
        let (there, should) = (there.get(key), should.get(key));
        assert!(
            there == should,
            "{case}: {key:?}\n there  {}\n should {}",
            expected::show(key, there),
            expected::show(key, should)
        );
    }
}
