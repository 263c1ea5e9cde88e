use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use tempfile::TempDir;

use super::*;

fn fresh() -> (TempDir, EmbeddedStream) {
    let folder = TempDir::new().unwrap();
    let stream = EmbeddedStream::open(folder.path(), 4, [1; 16], Arc::new(|| 1_700_000_000_000)).unwrap();
    (folder, stream)
}

crate::stream_contract!(fresh());

fn open(folder: &TempDir, now: &Arc<AtomicI64>, incarnation: u8) -> EmbeddedStream {
    let now = Arc::clone(now);
    EmbeddedStream::open(folder.path(), 4, [incarnation; 16], Arc::new(move || now.load(Ordering::SeqCst))).unwrap()
}

fn entries(keys: std::ops::Range<u32>) -> Vec<PutEntry> {
    keys.map(|key| PutEntry { partition_key: format!("{key:03x}"), data: Bytes::from(vec![key as u8; 100]) }).collect()
}

async fn all(stream: &EmbeddedStream) -> Vec<Record> {
    let mut all = Vec::new();
    for shard in stream.shards().await.unwrap() {
        let mut after = None;
        loop {
            let read = stream.records(&shard.shard_id, after, 7, 1_000).await.unwrap().records;
            let Some(last) = read.last() else { break };
            assert!(read.iter().all(|record| Some(record.sequence_number) > after));
            after = Some(last.sequence_number);
            all.extend(read);
        }
    }
    all
}

#[tokio::test]
async fn a_reopened_stream_goes_on_where_it_was() {
    let (folder, now) = (TempDir::new().unwrap(), Arc::new(AtomicI64::new(5)));
    let stream = open(&folder, &now, 1);
    let first = stream.put_records(entries(0..400)).await.unwrap();
    let done = first[0].as_ref().unwrap().clone();
    stream.checkpoints().set("live", &done.shard_id, done.sequence_number).await.unwrap();
    let incarnation = stream.incarnation().to_string();
    drop(stream);
    let stream = open(&folder, &now, 2);
    assert_eq!(stream.incarnation(), incarnation);
    assert_eq!(stream.checkpoints().get("live", &done.shard_id).await.unwrap(), Some(done.sequence_number));
    let second = stream.put_records(entries(0..400)).await.unwrap();
    for (first, second) in first.iter().zip(&second) {
        let (first, second) = (first.as_ref().unwrap(), second.as_ref().unwrap());
        assert_eq!(first.shard_id, second.shard_id);
        assert!(first.sequence_number < second.sequence_number);
    }
    assert_eq!(all(&stream).await.len(), 800);
}

#[tokio::test]
async fn only_what_is_old_and_done_by_every_mapping_is_trimmed() {
    let (folder, now) = (TempDir::new().unwrap(), Arc::new(AtomicI64::new(0)));
    let stream = open(&folder, &now, 1);
    stream.put_records(entries(0..100)).await.unwrap();
    let (live, lake) = (stream.checkpoints(), stream.checkpoints());
    lake.get("lake", &shard_id(0)).await.unwrap();
    for shard in stream.shards().await.unwrap() {
        let last = stream.records(&shard.shard_id, None, 1_000, 1 << 20).await.unwrap().records.pop().unwrap();
        live.set("live", &shard.shard_id, last.sequence_number).await.unwrap();
    }
    stream.trim(RETENTION_MILLIS + 1).await.unwrap();
    assert_eq!(all(&stream).await.len(), 100);
    for shard in stream.shards().await.unwrap() {
        let done = live.get("live", &shard.shard_id).await.unwrap().unwrap();
        lake.set("lake", &shard.shard_id, done).await.unwrap();
    }
    stream.trim(RETENTION_MILLIS).await.unwrap();
    assert_eq!(all(&stream).await.len(), 100);
    stream.trim(RETENTION_MILLIS + 1).await.unwrap();
    assert_eq!(all(&stream).await.len(), 0);
    let next = stream.put_records(entries(0..1)).await.unwrap().remove(0).unwrap();
    assert_ne!(next.sequence_number, crate::number::sequence_number(0, 0));
}

#[tokio::test]
async fn puts_are_throttled_while_too_much_is_not_consumed() {
    let folder = TempDir::new().unwrap();
    let stream = EmbeddedStream::open_with(folder.path(), 1, [1; 16], Arc::new(|| 0), 10_000).unwrap();
    let id = shard_id(0);
    stream.checkpoints().get("live", &id).await.unwrap();
    stream.put_records(entries(0..200)).await.unwrap();
    let throttled = stream.put_records(entries(0..2)).await.unwrap();
    assert_eq!(throttled, [Err(PutFailure::Throttled), Err(PutFailure::Throttled)]);
    let last = all(&stream).await.pop().unwrap().sequence_number;
    stream.checkpoints().set("live", &id, last).await.unwrap();
    assert!(stream.put_records(entries(0..1)).await.unwrap()[0].is_ok());
}

#[tokio::test]
async fn who_waits_hears_of_a_record() {
    let (folder, now) = (TempDir::new().unwrap(), Arc::new(AtomicI64::new(0)));
    let stream = Arc::new(open(&folder, &now, 1));
    let stored = stream.put_records(entries(0..1)).await.unwrap().remove(0).unwrap();
    stream.wait_for_records(&stored.shard_id, None).await;
    let (waiting, shard) = (Arc::clone(&stream), stored.shard_id.clone());
    let waiter = tokio::spawn(async move { waiting.wait_for_records(&shard, Some(stored.sequence_number)).await });
    stream.put_records(entries(0..1)).await.unwrap();
    waiter.await.unwrap();
}

#[tokio::test]
async fn what_was_answered_is_in_a_copy_of_the_file_taken_then() {
    let (folder, stream) = fresh();
    stream.put_records(entries(0..50)).await.unwrap();
    let copy = TempDir::new().unwrap();
    fs::copy(folder.path().join("records.redb"), copy.path().join("records.redb")).unwrap();
    stream.put_records(entries(0..50)).await.unwrap();
    assert_eq!(all(&open(&copy, &Arc::default(), 1)).await.len(), 50);
}

#[tokio::test]
async fn one_process_at_a_time() {
    let (folder, _stream) = fresh();
    let second = EmbeddedStream::open(folder.path(), 4, [1; 16], Arc::new(|| 0));
    assert!(matches!(second, Err(StreamError::Unavailable(_))));
}

#[tokio::test]
async fn a_call_that_is_given_up_is_written_all_the_same_and_blocks_nobody() {
    let (_folder, stream) = fresh();
    {
        let mut call = std::pin::pin!(stream.put_records(entries(0..10)));
        let poll = std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context).is_pending()));
        assert!(poll.await);
    }
    stream.put_records(entries(10..11)).await.unwrap();
    assert_eq!(all(&stream).await.len(), 11);
}
