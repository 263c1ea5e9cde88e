//! Batches as an event source mapping sends them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::bail;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use trilha_lake::LakeWriter;
use trilha_lake::manifest::MemoryManifest;
use trilha_lake::storage::MemoryStorage;
use trilha_live::memory::MemoryTable;
use trilha_processors::lake::LakeProcessor;
use trilha_processors::live::LiveProcessor;

use super::support::{Bin, NOW, kinesis_record, number, of_ours};
use crate::functions::Warm;
use crate::functions::batches::{Batches, Handed, Processor, handle};
use crate::report::tests::{Written, reporter};
use crate::report::{Reporter, Totals};
use crate::span::tests::{TRACE_ID, context};

/// One that begins as ours do and goes on otherwise.
async fn damaged() -> Value {
    let mut record = of_ours().await.remove(0);
    let mut bytes = STANDARD.decode(record["kinesis"]["data"].as_str().unwrap()).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    record["kinesis"]["data"] = STANDARD.encode(bytes).into();
    record
}

/// A function, and what it said.
struct Function<P> {
    kept: Warm<Batches<P>>,
    reporter: Reporter,
    written: Written,
}

impl<P: Processor> Function<P> {
    fn new(processor: P) -> Function<P> {
        let processor = Mutex::new(Some(processor));
        let kept = Warm::new(move || {
            let processor = processor.lock().unwrap().take().unwrap();
            async move { Ok(Batches { processor, totals: Arc::new(Totals::default) }) }
        });
        let (reporter, written) = reporter(NOW);
        Function { kept, reporter, written }
    }

    /// What Lambda is answered, as JSON; `None` when the call fails.
    async fn call(&self, records: &[Value]) -> Option<Value> {
        self.call_within(records, context()).await
    }

    async fn call_within(&self, records: &[Value], context: Context) -> Option<Value> {
        let event: Handed = serde_json::from_value(json!({ "Records": records })).unwrap();
        let answer = handle(&self.kept, &self.reporter, LambdaEvent::new(event, context)).await;
        answer.ok().map(|response| serde_json::to_value(response).unwrap())
    }

    fn last_line(&self) -> Value {
        self.written.lines().pop().unwrap()
    }
}

fn live(bin: Bin) -> Function<LiveProcessor<MemoryTable, Bin>> {
    Function::new(LiveProcessor::new(Arc::new(MemoryTable::new()), bin, "one".into(), 1 << 20))
}

async fn lake(bin: Bin) -> Function<LakeProcessor<MemoryManifest, MemoryStorage, Bin>> {
    let (manifest, storage) = (Arc::new(MemoryManifest::default()), Arc::new(MemoryStorage::default()));
    let writer = Arc::new(LakeWriter::open(manifest, storage, 1).await.unwrap());
    Function::new(LakeProcessor::new(writer, bin, "one".into()))
}

fn refusing() -> Bin {
    Bin { refuses: true }
}

fn all_done() -> Option<Value> {
    Some(json!({ "batchItemFailures": [] }))
}

fn failed_from(at: usize) -> Option<Value> {
    Some(json!({ "batchItemFailures": [{ "itemIdentifier": number(at) }] }))
}

#[tokio::test]
async fn a_batch_is_done_and_told_in_one_line() {
    let (live, lake, records) = (live(Bin::default()), lake(Bin::default()).await, of_ours().await);
    assert_eq!((live.call(&records).await, lake.call(&records).await), (all_done(), all_done()));
    for line in [live.last_line(), lake.last_line()] {
        let of = |name: &str| line[name].as_f64().unwrap();
        assert_eq!((of("Events"), of("Lag"), of("ColdStarts")), (3.0, 250.0, 1.0), "{line}");
        assert_eq!(of("BatchRecords"), records.len() as f64);
        assert_eq!((&line["level"], &line["shard"]), (&"INFO".into(), &"one/shardId-000000000000".into()));
    }
    assert_eq!((live.written.lines().len(), lake.written.lines().len()), (1, 1));
}

/// What costs bytes in each line: the name of the resource is told once.
const MOST_BYTES_OF_A_SPAN: usize = 550;

#[tokio::test]
async fn a_batch_is_a_span_of_lambdas_trace_at_a_price() {
    let (live, records) = (live(Bin::default()), of_ours().await);
    for _ in 0..2 {
        assert_eq!(live.call(&records).await, all_done());
    }
    let lines = live.written.lines();
    let line = lines[1].as_object().unwrap();
    assert_eq!((&line["trace_id"], &line["parent_span_id"]), (&TRACE_ID.into(), &"53995c3f42cd8ad8".into()));
    assert_ne!(line["span_id"], lines[0]["span_id"]);
    assert_eq!((&line["name"], &line["messaging.destination.name"]), (&"process events".into(), &"events".into()));
    assert_eq!((&line["messaging.system"], &line["faas.trigger"]), (&"aws_kinesis".into(), &"pubsub".into()));
    assert_eq!(line["messaging.batch.message_count"], records.len());
    assert_eq!((&lines[0]["faas.coldstart"], &line["faas.coldstart"]), (&true.into(), &false.into()));
    assert!(lines[0].get("cloud.resource_id").is_some() && !line.contains_key("cloud.resource_id"));
    let is_of_span = |name: &str| {
        name.starts_with("faas.")
            || name.starts_with("messaging.")
            || name.ends_with("_id")
            || name.ends_with("_nano")
            || name == "name"
    };
    let of_span = line.iter().filter(|(name, _)| is_of_span(name)).map(|(name, value)| json!({ name: value }));
    let (bytes, all) = (of_span.map(|member| member.to_string().len() - 1).sum::<usize>(), lines[1].to_string().len());
    println!("{bytes} of a batch's {all} bytes say which span it is");
    assert!((300..=MOST_BYTES_OF_A_SPAN).contains(&bytes), "{bytes} bytes");
}

#[tokio::test]
async fn a_trace_that_cannot_be_read_is_none_and_stops_no_batch() {
    let (live, records, mut context) = (live(Bin::default()), of_ours().await, context());
    context.xray_trace_id = Some("Root=ana".into());
    assert_eq!(live.call_within(&records, context).await, all_done());
    let line = live.last_line();
    assert_eq!((line.get("trace_id"), line.get("span_id"), line.get("name")), (None, None, None));
    assert_eq!(line["faas.trigger"], "pubsub");
}

#[tokio::test]
async fn a_batch_that_comes_again_lands_nothing_twice() {
    let (lake, records) = (lake(Bin::default()).await, of_ours().await);
    lake.call(&records).await;
    assert_eq!(lake.call(&records).await, all_done());
    let line = lake.last_line();
    assert_eq!((&line["Duplicates"], &line["written"], &line["ColdStarts"]), (&3.0.into(), &0.into(), &0.0.into()));
}

#[tokio::test]
async fn what_cannot_be_kept_comes_again_from_the_batchs_first_record_on() {
    let (live, lake, records) = (live(refusing()), lake(refusing()).await, [damaged().await]);
    assert_eq!((live.call(&records).await, lake.call(&records).await), (failed_from(1), failed_from(1)));
    for line in [live.last_line(), lake.last_line()] {
        assert_eq!((&line["level"], &line["error"]), (&"WARN".into(), &"the quarantine is unavailable".into()));
    }
}

#[tokio::test]
async fn a_damaged_and_a_foreign_record_hold_no_batch_up() {
    let (live, lake) = (live(Bin::default()), lake(Bin::default()).await);
    let records = [damaged().await, kinesis_record(5, "any", b"{\"type\":\"course.enrolled\"}")];
    assert_eq!((live.call(&records).await, lake.call(&records).await), (all_done(), all_done()));
}

#[tokio::test]
async fn a_batch_without_records_is_done() {
    assert_eq!(live(Bin::default()).call(&[]).await, all_done());
}

#[tokio::test]
async fn a_batch_of_two_shards_or_without_places_fails_as_a_whole() {
    let (live, mut records) = (live(Bin::default()), of_ours().await);
    let mut other = records[0].clone();
    other["eventID"] = format!("shardId-000000000001:{}", number(9)).into();
    records.push(other);
    assert_eq!(live.call(&records).await, None);
    records.truncate(1);
    records[0].as_object_mut().unwrap().remove("eventID");
    assert_eq!(live.call(&records).await, None);
    assert_eq!(live.last_line()["level"], "WARN");
}

#[tokio::test]
async fn a_start_that_fails_fails_the_call_and_is_tried_again() {
    let (made, records) = (Arc::new(AtomicBool::new(false)), of_ours().await);
    let kept = Warm::new(move || {
        let is_first = !made.swap(true, Ordering::Relaxed);
        async move {
            if is_first {
                bail!("the secret keys cannot be read");
            }
            let processor = LiveProcessor::new(Arc::new(MemoryTable::new()), Bin::default(), "one".into(), 1 << 20);
            Ok(Batches { processor, totals: Arc::new(Totals::default) })
        }
    });
    let (reporter, written) = reporter(NOW);
    let function = Function { kept, reporter, written };
    assert_eq!(function.call(&records).await, None);
    assert_eq!(function.last_line()["error"], "the secret keys cannot be read");
    assert_eq!(function.call(&records).await, all_done());
}
