//! Records as Lambda hands them over: JSON, the data in base64.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use trilha_stream::port::Record;

const ARN: &str = "arn:aws:kinesis:us-east-1:123456789012:stream/trilha-Events-Ab1Cd2Ef3Gh4";
const ROLE: &str = "arn:aws:iam::123456789012:role/trilha-LiveRole-Ab1Cd2Ef3Gh4";

/// The event of one batch of a shard.
pub(crate) fn of_records(shard_id: &str, records: &[Record]) -> String {
    let mut event = String::with_capacity(records.len() * 800);
    event.push_str("{\"Records\":[");
    for (at, record) in records.iter().enumerate() {
        if at > 0 {
            event.push(',');
        }
        add(&mut event, shard_id, record);
    }
    event.push_str("]}");
    event
}

fn add(event: &mut String, shard_id: &str, record: &Record) {
    let (number, key) = (record.sequence_number, &record.partition_key);
    let arrival = record.arrival_millis as f64 / 1_000.0;
    // Writing to a string cannot fail.
    let _ = write!(
        event,
        "{{\"kinesis\":{{\"kinesisSchemaVersion\":\"1.0\",\"partitionKey\":\"{key}\",\"sequenceNumber\":\"{number}\",\
         \"data\":\""
    );
    STANDARD.encode_string(&record.data, event);
    let _ = write!(
        event,
        "\",\"approximateArrivalTimestamp\":{arrival}}},\"eventSource\":\"aws:kinesis\",\"eventVersion\":\"1.0\",\
         \"eventID\":\"{shard_id}:{number}\",\"eventName\":\"aws:kinesis:record\",\"invokeIdentityArn\":\"{ROLE}\",\
         \"awsRegion\":\"us-east-1\",\"eventSourceARN\":\"{ARN}\"}}"
    );
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::event::kinesis::KinesisEvent;
    use bytes::Bytes;
    use trilha_schemas::sequence::SequenceNumber;

    use super::*;

    #[test]
    fn what_is_handed_over_reads_back() {
        let record = |number: &str| Record {
            sequence_number: SequenceNumber::parse(number).unwrap(),
            partition_key: "0a1".into(),
            arrival_millis: 1_785_754_800_123,
            data: Bytes::from_static(&[0, 1, 255]),
        };
        let event = of_records("shardId-000000000001", &[record("7"), record("8")]);
        let event: KinesisEvent = serde_json::from_str(&event).unwrap();
        assert_eq!(event.records.len(), 2);
        let second = &event.records[1];
        assert_eq!(second.event_id.as_deref(), Some("shardId-000000000001:8"));
        assert_eq!((&*second.kinesis.data, second.kinesis.partition_key.as_str()), (&vec![0, 1, 255], "0a1"));
    }
}
