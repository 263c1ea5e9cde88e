//! What an event source mapping sends to its on-failure destination: where the records are that it gave up, not what
//! they hold.

use anyhow::{Context, anyhow};
use serde::Deserialize;
use serde_json::Value;
use trilha_schemas::sequence::SequenceNumber;

/// A range of a shard that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscardedRange {
    /// The shard, without incarnation.
    pub shard_id: String,
    /// Its first record.
    pub first: SequenceNumber,
    /// Its last record.
    pub last: SequenceNumber,
    /// How many records it had.
    pub records: u64,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "KinesisBatchInfo")]
    batch: BatchInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo {
    shard_id: String,
    start_sequence_number: String,
    end_sequence_number: String,
    #[serde(default)]
    batch_size: u64,
}

impl DiscardedRange {
    /// From a message's body, which a state machine hands over as text or as the JSON that it holds.
    ///
    /// # Errors
    /// When it names no range.
    pub fn parse(body: &Value) -> anyhow::Result<DiscardedRange> {
        let message = match body {
            Value::String(text) => serde_json::from_str(text),
            json => Message::deserialize(json),
        };
        let Message { batch } = message.context("the message names no batch of a Kinesis stream")?;
        let number = |text: &str| SequenceNumber::parse(text).map_err(|_| anyhow!("{text:?} is no sequence number"));
        Ok(DiscardedRange {
            first: number(&batch.start_sequence_number)?,
            last: number(&batch.end_sequence_number)?,
            shard_id: batch.shard_id,
            records: batch.batch_size,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_names_a_range() {
        let message = json!({
            "requestContext": {
                "requestId": "request-1",
                "functionArn": "arn:aws:lambda:sa-east-1:000000000000:function:lake",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 6,
            },
            "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
            "version": "1.0",
            "timestamp": "2026-03-02T16:00:00.000Z",
            "KinesisBatchInfo": {
                "shardId": "shardId-000000000001",
                "startSequenceNumber": "49590338271490256608559692538361571095921575989136588898",
                "endSequenceNumber": "49590338271490256608559692538361571095921575989136588900",
                "approximateArrivalOfFirstRecord": "2026-03-02T15:00:00.000Z",
                "approximateArrivalOfLastRecord": "2026-03-02T15:00:01.000Z",
                "batchSize": 3,
                "streamArn": "arn:aws:kinesis:sa-east-1:000000000000:stream/events",
            },
        });
        let range = DiscardedRange::parse(&message).unwrap();
        assert_eq!(DiscardedRange::parse(&message.to_string().into()).unwrap(), range);
        assert_eq!((&*range.shard_id, range.records), ("shardId-000000000001", 3));
        assert!(range.first < range.last);
    }

    #[test]
    fn what_names_no_range_is_an_error() {
        let no_number = json!({ "shardId": "s", "startSequenceNumber": "x", "endSequenceNumber": "1" });
        for body in [json!(""), json!({}), json!(null), json!({ "KinesisBatchInfo": no_number })] {
            assert!(DiscardedRange::parse(&body).is_err(), "{body}");
        }
    }
}
