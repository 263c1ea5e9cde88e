//! Other producers, which put JSON, KPL aggregates and rubbish straight onto the stream, under keys of their own.

use std::sync::Arc;

use bytes::Bytes;
use md5::{Digest, Md5};
use trilha_core::keys;
use trilha_stream::port::{PutEntry, Stream};

use crate::machine::{INCARNATION, Machine};
use crate::ports::stream::SimStream;
use crate::world::Process;

/// Puts the events of these numbers.
pub async fn run(machine: Arc<Machine>, me: Process, acts: Vec<usize>) {
    let stream = SimStream::new(&me, &machine.stream);
    for some in acts.chunks(3) {
        me.sleep(machine.world.roll(|dice| dice.between(0, 6_000))).await;
        let texts: Vec<String> = {
            let mut ledger = machine.ledger();
            some.iter().for_each(|act| ledger.facts[*act].sent = true);
            some.iter().map(|act| ledger.acts[*act].text.clone()).collect()
        };
        let data =
            if machine.world.roll(|dice| dice.chance(400)) { aggregate(&texts) } else { texts.join("\n").into_bytes() };
        if put(&machine, &stream, data).await.is_some() {
            machine.world.count("foreign record");
            some.iter().for_each(|act| machine.ledger().facts[*act].acknowledged = true);
        }
        if machine.world.fault("rubbish on the stream", 150) {
            let rubbish = rubbish(&machine);
            let place = put(&machine, &stream, rubbish.clone()).await;
            machine.ledger().garbage.extend(place.map(|place| (place, rubbish)));
        }
    }
}

/// Puts until somebody says that it is there; where, or nothing after some tries.
async fn put(machine: &Machine, stream: &SimStream, data: Vec<u8>) -> Option<String> {
    for _ in 0..6 {
        let partition_key = format!("producer-{}", machine.world.roll(|dice| dice.roll(50)));
        let entry = PutEntry { partition_key, data: Bytes::from(data.clone()) };
        if let Ok(results) = stream.put_records(vec![entry]).await
            && let Some(Ok(stored)) = results.into_iter().next()
        {
            return Some(format!("{}@{}", keys::shard(INCARNATION, &stored.shard_id), stored.sequence_number));
        }
    }
    None
}

fn rubbish(machine: &Machine) -> Vec<u8> {
    machine.world.roll(|dice| {
        let starts: [&[u8]; 4] = [b"TRLH\x63", b"{\"type\":", b"\xff\xfe", b"\xf3\x89\x9a\xc2\x0a"];
        let start = *dice.pick(&starts);
        let tail = (0..dice.roll(40)).map(|_| dice.bits() as u8);
        let mut rubbish = start.to_vec();
        rubbish.extend(tail.collect::<Vec<_>>());
        rubbish
    })
}

/// A KPL aggregate: magic, a protocol buffer of a key table (1) and records (3) of key index (1) and data (3), MD5.
fn aggregate(texts: &[String]) -> Vec<u8> {
    let mut message = Vec::new();
    field(&mut message, 1, b"key");
    for text in texts {
        let mut record = vec![0x08, 0x00];
        field(&mut record, 3, text.as_bytes());
        field(&mut message, 3, &record);
    }
    let mut aggregate = vec![0xf3, 0x89, 0x9a, 0xc2];
    aggregate.extend_from_slice(&message);
    aggregate.extend_from_slice(&Md5::digest(&message));
    aggregate
}

fn field(out: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    out.push(number << 3 | 2);
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
}
