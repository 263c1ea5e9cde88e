use std::sync::Arc;

use super::*;

fn fresh() -> MemoryStream {
    MemoryStream::new(2, "memory", Arc::new(|| 1_700_000_000_000))
}

crate::stream_contract!(((), fresh()));

fn entry(key: &str) -> PutEntry {
    PutEntry { partition_key: key.to_string(), data: key.as_bytes().to_vec().into() }
}

async fn ended(stream: &MemoryStream, shard_id: &str) -> bool {
    stream.records(shard_id, None, usize::MAX, usize::MAX).await.unwrap().ended
}

#[tokio::test]
async fn a_split_shard_ends_and_its_children_share_its_keys() {
    let stream = fresh();
    let parent = shard_id(0);
    let [low, high] = stream.split(&parent).unwrap();
    let shards = stream.shards().await.unwrap();
    let child = |id: &String| shards.iter().find(|shard| shard.shard_id == *id).unwrap();
    assert_eq!((&child(&low).parents, &child(&high).parents), (&vec![parent.clone()], &vec![parent.clone()]));
    assert_eq!(child(&low).last_hash_key + 1, child(&high).first_hash_key);
    assert_eq!((ended(&stream, &parent).await, ended(&stream, &low).await), (true, false));
    assert!(stream.split(&parent).is_err());
    crate::contract::the_hash_ranges_of_open_shards_cover_every_key_once(&stream).await;
    crate::contract::waiting_ends_when_a_record_is_put(&stream).await;
}

#[tokio::test]
async fn a_merged_shard_has_two_parents_and_both_their_keys() {
    let stream = fresh();
    let (low, high) = (shard_id(0), shard_id(1));
    assert!(stream.merge(&high, &low).is_err());
    let merged = stream.merge(&low, &high).unwrap();
    let shards = stream.shards().await.unwrap();
    assert_eq!(shards.last().unwrap().parents, [low.clone(), high]);
    stream.put_records(vec![entry("a")]).await.unwrap();
    assert_eq!(stream.tips()[0].0, merged);
    stream.expire(0);
    assert!(matches!(stream.records(&low, None, 1, 1).await, Err(StreamError::NoSuchShard(_))));
}

#[tokio::test]
async fn a_closed_shard_ends_only_with_its_last_record() {
    let stream = fresh();
    let stored = stream.put_records(vec![entry("a"), entry("a")]).await.unwrap();
    let shard_id = stored[0].as_ref().unwrap().shard_id.clone();
    stream.split(&shard_id).unwrap();
    let first = stream.records(&shard_id, None, 1, usize::MAX).await.unwrap();
    assert_eq!((first.records.len(), first.ended), (1, false));
    assert!(ended(&stream, &shard_id).await);
}

#[tokio::test]
async fn faults_come_as_they_are_told() {
    let stream = fresh();
    stream.fail_entries(|entry| (entry.partition_key == "b").then_some(PutFailure::Throttled));
    let results = stream.put_records(vec![entry("a"), entry("b")]).await.unwrap();
    assert!(results[0].is_ok());
    assert_eq!(results[1], Err(PutFailure::Throttled));
    stream.fail_next_put(CallFault::Before);
    stream.fail_next_put(CallFault::After);
    let total = || stream.lock().shards.iter().map(|shard| shard.records.len()).sum::<usize>();
    for written in [1, 2] {
        let result = stream.put_records(vec![entry("c")]).await;
        assert!(matches!(result, Err(StreamError::Unavailable(_))));
        assert_eq!(total(), written);
    }
    stream.fail_next_reads(1);
    assert!(stream.shards().await.is_err());
    assert!(stream.shards().await.is_ok());
}

#[tokio::test]
async fn an_empty_shard_outlives_a_parent_that_holds_records() {
    let stream = MemoryStream::new(1, "memory", Arc::new(|| 1_700_000_000_000));
    stream.put_records(vec![entry("a")]).await.unwrap();
    let [low, high] = stream.split(&shard_id(0)).unwrap();
    let merged = stream.merge(&low, &high).unwrap();
    let listed = |shards: Vec<Shard>| shards.into_iter().map(|shard| shard.shard_id).collect::<Vec<_>>();
    stream.expire(0);
    assert_eq!(listed(stream.shards().await.unwrap()), [shard_id(0), low, high, merged.clone()]);
    stream.expire(i64::MAX);
    assert_eq!(listed(stream.shards().await.unwrap()), [merged]);
}
