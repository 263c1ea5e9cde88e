//! What every stream does, as functions that panic where one does not.
//!
//! [`stream_contract!`](crate::stream_contract) makes a test of each; every one is given a stream without records, of
//! two shards or more. One read need not give all that is there, so that whoever wants all of it reads on.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use trilha_schemas::sequence::SequenceNumber;

use crate::hash::hash_key;
use crate::port::{MAX_PUT_ENTRIES, MAX_RECORD_BYTES, PutEntry, Record, Records, Stored, Stream, StreamError};

/// Makes one `#[tokio::test]` of each function of the contract. The argument is evaluated for each, in an `async fn`: a pair
/// of what must outlive the stream (a temporary folder, say, or `()`) and a stream without records.
#[macro_export]
macro_rules! stream_contract {
    ($kept_and_stream:expr) => {
        $crate::stream_contract!(@each $kept_and_stream;
            what_was_put_is_read_from_its_shard,
            results_come_in_the_order_of_the_entries,
            sequence_numbers_increase_in_a_shard_and_no_two_are_equal,
            the_hash_ranges_of_open_shards_cover_every_key_once,
            the_md5_of_the_partition_key_chooses_the_shard,
            records_after_a_position_leave_it_out,
            a_read_gives_no_more_records_than_asked,
            a_read_gives_no_more_bytes_than_asked_but_the_first_record,
            reads_one_after_the_other_give_every_record_once_and_in_order,
            an_open_shard_without_more_records_has_not_ended,
            an_unknown_shard_is_an_error,
            too_many_or_no_entries_are_refused,
            too_many_bytes_are_refused,
            keys_of_no_or_too_many_characters_are_refused,
            a_record_that_is_too_large_fails_its_call_and_nothing_is_written,
            the_largest_calls_are_taken,
            waiting_ends_at_once_where_records_are,
            waiting_ends_when_a_record_is_put,
            concurrent_calls_keep_every_record_once,
            the_incarnation_has_a_name,
        );
    };
    (@each $kept_and_stream:expr; $($name:ident,)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let (_kept, stream) = $kept_and_stream;
                $crate::contract::$name(&stream).await;
            }
        )*
    };
}

fn entry(key: &str, data: &[u8]) -> PutEntry {
    PutEntry { partition_key: key.to_string(), data: Bytes::copy_from_slice(data) }
}

fn numbered(range: std::ops::Range<usize>) -> Vec<PutEntry> {
    range.map(|at| entry(&format!("key {at}"), format!("data {at}").as_bytes())).collect()
}

async fn put(stream: &impl Stream, entries: Vec<PutEntry>) -> Vec<Stored> {
    let results = stream.put_records(entries).await.expect("the stream takes records");
    results.into_iter().map(|result| result.expect("the stream takes every record")).collect()
}

async fn read(stream: &impl Stream, shard: &str, after: Option<SequenceNumber>, most: usize) -> Vec<Record> {
    stream.records(shard, after, most, usize::MAX).await.expect("the stream is read").records
}

async fn read_all(stream: &impl Stream) -> BTreeMap<String, Vec<Record>> {
    let mut all = BTreeMap::new();
    for shard in stream.shards().await.expect("the shards are listed") {
        let records = read_shard(stream, &shard.shard_id).await;
        all.insert(shard.shard_id, records);
    }
    all
}

/// Reads on until nothing comes.
async fn read_shard(stream: &impl Stream, shard: &str) -> Vec<Record> {
    let (mut records, mut after) = (Vec::new(), None);
    while let more @ [.., last] = &read(stream, shard, after, 100_000).await[..] {
        after = Some(last.sequence_number);
        records.extend_from_slice(more);
    }
    records
}

/// Ten records of one key, and so of one shard.
async fn put_ten(stream: &impl Stream) -> (String, Vec<SequenceNumber>) {
    let entries = (0..10u8).map(|at| entry("key", &[at; 100])).collect();
    let mut stored = put(stream, entries).await;
    stored.sort_by_key(|stored| stored.sequence_number);
    (stored[0].shard_id.clone(), stored.iter().map(|stored| stored.sequence_number).collect())
}

/// A record reads back from where it was said to be: key, data and a time of arrival.
pub async fn what_was_put_is_read_from_its_shard(stream: &impl Stream) {
    let bytes: Vec<u8> = (0..=255).collect();
    let stored = put(stream, vec![entry("clé", &bytes)]).await.remove(0);
    let [record] = &read(stream, &stored.shard_id, None, 10).await[..] else { panic!("one record was put") };
    assert_eq!((record.sequence_number, record.partition_key.as_str()), (stored.sequence_number, "clé"));
    assert_eq!(record.data, bytes);
    assert!(record.arrival_millis > 0);
}

/// The n-th result is about the n-th entry.
pub async fn results_come_in_the_order_of_the_entries(stream: &impl Stream) {
    let entries = numbered(0..100);
    let stored = put(stream, entries.clone()).await;
    let all = read_all(stream).await;
    for (entry, stored) in entries.iter().zip(stored) {
        let found = all[&stored.shard_id].iter().find(|record| record.sequence_number == stored.sequence_number);
        assert_eq!(found.map(|record| &record.data), Some(&entry.data));
    }
}

/// A later call's records stand behind an earlier one's, and each number is there once in the stream.
pub async fn sequence_numbers_increase_in_a_shard_and_no_two_are_equal(stream: &impl Stream) {
    let (first, second) = (put(stream, numbered(0..100)).await, put(stream, numbered(0..100)).await);
    for (earlier, later) in first.iter().zip(&second) {
        assert_eq!(earlier.shard_id, later.shard_id);
        assert!(earlier.sequence_number < later.sequence_number);
    }
    let numbers: BTreeSet<_> = first.iter().chain(&second).map(|stored| stored.sequence_number).collect();
    assert_eq!(numbers.len(), 200);
}

/// Ranges of open shards neither overlap nor leave a gap.
pub async fn the_hash_ranges_of_open_shards_cover_every_key_once(stream: &impl Stream) {
    let shards = stream.shards().await.expect("the shards are listed");
    assert!(shards.len() >= 2);
    let open = shards.iter().filter(|shard| shard.open);
    let mut ranges: Vec<_> = open.map(|shard| (shard.first_hash_key, shard.last_hash_key)).collect();
    ranges.sort_unstable();
    assert_eq!((ranges[0].0, ranges[ranges.len() - 1].1), (0, u128::MAX));
    assert!(ranges.windows(2).all(|pair| pair[0].1.checked_add(1) == Some(pair[1].0)), "{ranges:?}");
}

/// A record is in the shard whose range has its key's hash.
pub async fn the_md5_of_the_partition_key_chooses_the_shard(stream: &impl Stream) {
    let entries = numbered(0..100);
    let stored = put(stream, entries.clone()).await;
    let shards = stream.shards().await.expect("the shards are listed");
    for (entry, stored) in entries.iter().zip(&stored) {
        let shard = shards.iter().find(|shard| shard.shard_id == stored.shard_id).expect("it is listed");
        assert!((shard.first_hash_key..=shard.last_hash_key).contains(&hash_key(&entry.partition_key)));
    }
    let used: BTreeSet<_> = stored.iter().map(|stored| &stored.shard_id).collect();
    assert_eq!(used.len(), shards.len());
}

/// `after` is exclusive. It is a record's number or less than all of them; any other may be refused, but is never taken for
/// one that has records behind it.
pub async fn records_after_a_position_leave_it_out(stream: &impl Stream) {
    let (shard, numbers) = put_ten(stream).await;
    for (at, number) in numbers.iter().enumerate() {
        let read = read(stream, &shard, Some(*number), 100).await;
        assert_eq!(read.iter().map(|record| record.sequence_number).collect::<Vec<_>>(), numbers[at + 1..]);
    }
    assert_eq!(read(stream, &shard, Some(SequenceNumber::ZERO), 100).await.len(), 10);
    let beyond = SequenceNumber::parse(&"9".repeat(56)).expect("decimal digits");
    match stream.records(&shard, Some(beyond), 100, usize::MAX).await {
        Ok(read) => assert_eq!(read.records, []),
        Err(error) => assert!(matches!(error, StreamError::Invalid(_)), "{error}"),
    }
}

/// `most_records` is a limit, and the oldest come first.
pub async fn a_read_gives_no_more_records_than_asked(stream: &impl Stream) {
    let (shard, numbers) = put_ten(stream).await;
    let read = read(stream, &shard, Some(numbers[1]), 3).await;
    assert_eq!(read.iter().map(|record| record.sequence_number).collect::<Vec<_>>(), numbers[2..5]);
}

/// `most_bytes` is a limit on data, except that one record always comes.
pub async fn a_read_gives_no_more_bytes_than_asked_but_the_first_record(stream: &impl Stream) {
    let (shard, _) = put_ten(stream).await;
    for (most_bytes, count) in [(0, 1), (100, 1), (299, 2), (300, 3), (999, 9), (1000, 10)] {
        let read = stream.records(&shard, None, 100, most_bytes).await.expect("the stream is read");
        assert_eq!(read.records.len(), count, "{most_bytes}");
    }
}

/// Paging by the last number seen reaches everything, whatever the page.
pub async fn reads_one_after_the_other_give_every_record_once_and_in_order(stream: &impl Stream) {
    for round in 0..3 {
        put(stream, numbered(round * 100..round * 100 + 100)).await;
    }
    let all = read_all(stream).await;
    assert_eq!(all.values().map(Vec::len).sum::<usize>(), 300);
    for (shard, records) in all {
        let (mut paged, mut after) = (Vec::new(), None);
        while let page @ [.., last] = &read(stream, &shard, after, 7).await[..] {
            after = Some(last.sequence_number);
            paged.extend_from_slice(page);
        }
        assert_eq!(paged, records);
        assert!(records.windows(2).all(|pair| pair[0].sequence_number < pair[1].sequence_number));
    }
}

/// Nothing to read is no end while a shard takes records.
pub async fn an_open_shard_without_more_records_has_not_ended(stream: &impl Stream) {
    let (shard, numbers) = put_ten(stream).await;
    let tip = stream.records(&shard, numbers.last().copied(), 10, usize::MAX).await.expect("the stream is read");
    assert_eq!(tip, Records { records: Vec::new(), ended: false });
}

/// Reading a shard that is not there fails as such.
pub async fn an_unknown_shard_is_an_error(stream: &impl Stream) {
    let read = stream.records("shardId-999999999999", None, 10, usize::MAX).await;
    assert!(matches!(read, Err(StreamError::NoSuchShard(_))), "{read:?}");
}

async fn assert_refused(stream: &impl Stream, entries: Vec<PutEntry>) {
    let result = stream.put_records(entries).await;
    assert!(matches!(result, Err(StreamError::Invalid(_))), "{result:?}");
    assert!(read_all(stream).await.values().all(Vec::is_empty));
}

/// A call has 1 to 500 entries.
pub async fn too_many_or_no_entries_are_refused(stream: &impl Stream) {
    assert_refused(stream, Vec::new()).await;
    assert_refused(stream, numbered(0..MAX_PUT_ENTRIES + 1)).await;
}

/// A call has 10 MiB, keys included.
pub async fn too_many_bytes_are_refused(stream: &impl Stream) {
    let mut entries = vec![entry("k", &vec![0; MAX_RECORD_BYTES]); 40];
    assert_refused(stream, entries.clone()).await;
    entries[0].data = entries[0].data.slice(39..);
    assert_refused(stream, entries).await;
}

/// A partition key has 1 to 256 characters, not bytes.
pub async fn keys_of_no_or_too_many_characters_are_refused(stream: &impl Stream) {
    assert_refused(stream, vec![entry("", b"data")]).await;
    assert_refused(stream, vec![entry(&"é".repeat(257), b"data")]).await;
    put(stream, vec![entry(&"é".repeat(256), b"data")]).await;
}

/// One bad entry refuses the call.
pub async fn a_record_that_is_too_large_fails_its_call_and_nothing_is_written(stream: &impl Stream) {
    assert_refused(stream, vec![entry("good", b"data"), entry("k", &vec![0; MAX_RECORD_BYTES + 1])]).await;
}

/// The limits themselves are within the limits; an empty record is one.
pub async fn the_largest_calls_are_taken(stream: &impl Stream) {
    put(stream, numbered(0..MAX_PUT_ENTRIES)).await;
    let mut entries = vec![entry("k", &vec![7; MAX_RECORD_BYTES]); 40];
    entries[0].data = entries[0].data.slice(40..);
    put(stream, entries).await;
    put(stream, vec![entry("k", b"")]).await;
    assert_eq!(read_all(stream).await.values().map(Vec::len).sum::<usize>(), MAX_PUT_ENTRIES + 41);
}

/// Waiting for what is there already takes no put.
pub async fn waiting_ends_at_once_where_records_are(stream: &impl Stream) {
    let (shard, numbers) = put_ten(stream).await;
    stream.wait_for_records(&shard, None).await;
    stream.wait_for_records(&shard, Some(numbers[8])).await;
}

/// Whoever waits at the tip is woken, however the put and the wait fall together.
pub async fn waiting_ends_when_a_record_is_put(stream: &impl Stream) {
    let (shard, numbers) = put_ten(stream).await;
    let tip = numbers.last().copied();
    let reader = async {
        loop {
            stream.wait_for_records(&shard, tip).await;
            let records = read(stream, &shard, tip, 10).await;
            if !records.is_empty() {
                return records.len();
            }
        }
    };
    let (read, _) = tokio::join!(reader, put(stream, vec![entry("key", b"more")]));
    assert_eq!(read, 1);
}

/// Calls at the same time neither lose nor repeat a record.
pub async fn concurrent_calls_keep_every_record_once(stream: &impl Stream) {
    let call = |at: usize| put(stream, numbered(at * 50..at * 50 + 50));
    tokio::join!(call(0), call(1), call(2), call(3), call(4), call(5), call(6), call(7));
    let all = read_all(stream).await;
    let data: BTreeSet<_> = all.values().flatten().map(|record| record.data.clone()).collect();
    assert_eq!((data.len(), all.values().map(Vec::len).sum::<usize>()), (400, 400));
}

/// It can be told from another life of the same stream.
pub async fn the_incarnation_has_a_name(stream: &impl Stream) {
    assert!(!stream.incarnation().is_empty());
    assert_eq!(stream.incarnation(), stream.incarnation());
}
