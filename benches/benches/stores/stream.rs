//! What the embedded stream writes: of each shard chunks of records, an index of them, the next place.

use std::collections::BTreeMap;

use trilha_benches::{Bench, FrontDoor, REQUEST_EVENTS};
use trilha_simulator::SimulatedEvent;
use trilha_stream::port::Record;

use crate::pattern::{Commit, Write};

/// As the embedded stream's.
const CHUNK_BYTES: usize = 60 * 1024;

/// A commit for each so many requests.
pub(crate) async fn commits(class: &[SimulatedEvent], requests: usize) -> Bench<Vec<Commit>> {
    let mut places = BTreeMap::new();
    let mut commits = Vec::new();
    let door = FrontDoor::new()?;
    for together in class.chunks(requests * REQUEST_EVENTS) {
        for request in together.chunks(REQUEST_EVENTS) {
            door.take(request).await?;
        }
        let shards = door.records().await?;
        // All of them: the stream's clock stands at 0.
        door.stream.expire(1);
        let shards = shards.iter().enumerate().filter(|(_, (_, records))| !records.is_empty());
        let mut commit: Commit = shards.flat_map(|(shard, (_, records))| writes(shard, records, &mut places)).collect();
        commit.sort_by_key(|write| write.table);
        commits.push(commit);
    }
    Ok(commits)
}

fn writes(shard: usize, records: &[Record], places: &mut BTreeMap<usize, u64>) -> Commit {
    let place = places.entry(shard).or_default();
    let shard_key = (shard as u32).to_be_bytes().to_vec();
    let mut writes = Commit::new();
    for chunk in chunks(records) {
        let key = [&shard_key[..], &place.to_be_bytes()].concat();
        let value: Vec<u8> = chunk
            .iter()
            .flat_map(|record| [record.partition_key.as_bytes(), &record.data])
            .flatten()
            .copied()
            .collect();
        *place += chunk.len() as u64;
        writes.push(Write { table: "index", key: key.clone(), value: vec![0; 24] });
        writes.push(Write { table: "chunks", key, value });
    }
    writes.push(Write { table: "places", key: shard_key, value: place.to_be_bytes().to_vec() });
    writes
}

/// At most 60 KB each, or one larger record.
fn chunks(records: &[Record]) -> Vec<&[Record]> {
    let mut chunks = Vec::new();
    let (mut first, mut bytes) = (0, 0);
    for (at, record) in records.iter().enumerate() {
        if at > first && bytes + record.data.len() > CHUNK_BYTES {
            chunks.push(&records[first..at]);
            (first, bytes) = (at, 0);
        }
        bytes += record.data.len();
    }
    chunks.push(&records[first..]);
    chunks
}
