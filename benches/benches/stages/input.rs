//! The class as each stage gets it.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use trilha_benches::{Bench, FrontDoor, REQUEST_EVENTS, TENANT, day};
use trilha_lake::LakeRow;
use trilha_schemas::event::Event;
use trilha_schemas::record;
use trilha_simulator::SimulatedEvent;
use trilha_stream::port::Record;

/// A class's day on its way.
pub(crate) struct Input {
    /// As it was sent.
    pub(crate) class: Vec<SimulatedEvent>,
    /// As it lay on the stream.
    pub(crate) records: Vec<Bytes>,
    /// As it came off the stream, request by request.
    pub(crate) events: Vec<Event>,
    /// The lake's rows, a list a shard.
    pub(crate) shards: Vec<Vec<LakeRow>>,
}

impl Input {
    pub(crate) fn new(events: usize) -> Bench<Input> {
        let class = day(events);
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let shards = runtime.block_on(on_the_stream(&class))?;
        let records = shards.iter().flat_map(|(_, records)| records).map(|record| record.data.clone()).collect();
        let rows = shards.iter().map(|(shard, records)| rows(shard, records)).collect::<Bench<Vec<_>>>()?;
        let mut events: Vec<Event> = rows.iter().flatten().map(|row| row.event.clone()).collect();
        events.sort_by_key(|event| event.arrival_millis);
        Ok(Input { class, records, events, shards: rows })
    }

    /// All that was sent.
    pub(crate) fn json_bytes(&self) -> usize {
        self.class.iter().map(|event| event.json.len()).sum()
    }
}

async fn on_the_stream(class: &[SimulatedEvent]) -> Bench<Vec<(String, Vec<Record>)>> {
    let door = FrontDoor::new()?;
    for request in class.chunks(REQUEST_EVENTS) {
        door.take(request).await?;
    }
    door.records().await
}

fn rows(shard: &str, records: &[Record]) -> Bench<Vec<LakeRow>> {
    let (tenant, shard): (Arc<str>, Arc<str>) = (TENANT.into(), shard.into());
    let mut rows = Vec::new();
    for record in records {
        let events = record::decode(&record.data)?.events;
        rows.extend(events.into_iter().enumerate().map(|(index, event)| LakeRow {
            tenant: Arc::clone(&tenant),
            shard: Arc::clone(&shard),
            sequence_number: record.sequence_number,
            record_index: index as u32,
            beyond_state: false,
            event,
        }));
    }
    Ok(rows)
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = self.class.len();
        let json = self.json_bytes();
        let records: usize = self.records.iter().map(Bytes::len).sum();
        write!(f, "input: {events} events, {} bytes of JSON each; {} records, ", json / events, self.records.len())?;
        write!(f, "{} bytes an event", records / events)
    }
}
