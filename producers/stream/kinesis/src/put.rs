//! One PutRecords.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, PutRecordsResultEntry};
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::limits;
use trilha_stream::port::{PutEntry, PutFailure, Records, Shard, Stored, Stream, StreamError};

use crate::configured;
use crate::error::{failed, is_throttled};

pub(crate) type PutResult = Result<Stored, PutFailure>;

/// Puts onto one stream.
pub(crate) struct Puts {
    client: Client,
    name: String,
}

impl Puts {
    pub(crate) fn new(client: &Client, name: &str) -> Puts {
        Puts { client: configured::for_puts(client), name: name.to_string() }
    }

    /// Puts entries once. A call that was refused for its rate wrote nothing: each of its entries is throttled. Any other
    /// failure, and a time-out above all, may have written.
    pub(crate) async fn put(&self, entries: Vec<PutEntry>) -> Result<Vec<PutResult>, StreamError> {
        limits::check(&entries)?;
        let count = entries.len();
        let records = entries.into_iter().map(request).collect::<Result<Vec<_>, _>>()?;
        match self.client.put_records().stream_name(&self.name).set_records(Some(records)).send().await {
            Ok(output) => results(count, output),
            Err(error) if is_throttled(error.code()) => Ok(vec![Err(PutFailure::Throttled); count]),
            Err(error) => Err(failed(&error)),
        }
    }
}

/// The end of a stream that a collector needs, and no more: it asks the service nothing when it is made, and needs no right
/// but that to put. DescribeStreamSummary has 20 calls a second for a whole account.
///
/// A call is sent once: the SDK repeats none, so that who counts attempts, waits and turns throttling into back-pressure does
/// it alone. A record that a lost call wrote is on the stream once more when it is put again; its events carry ids.
pub struct KinesisPuts(Puts);

impl KinesisPuts {
    /// A stream of that name, whether it exists or not.
    pub fn new(client: &Client, name: &str) -> KinesisPuts {
        KinesisPuts(Puts::new(client, name))
    }
}

/// Reading is refused.
impl Stream for KinesisPuts {
    /// The name alone, which is no incarnation: nobody reads here who could need one.
    fn incarnation(&self) -> &str {
        &self.0.name
    }

    async fn put_records(&self, entries: Vec<PutEntry>) -> Result<Vec<PutResult>, StreamError> {
        self.0.put(entries).await
    }

    async fn shards(&self) -> Result<Vec<Shard>, StreamError> {
        Err(only_puts())
    }

    async fn records(&self, _: &str, _: Option<SequenceNumber>, _: usize, _: usize) -> Result<Records, StreamError> {
        Err(only_puts())
    }

    async fn wait_for_records(&self, _: &str, _: Option<SequenceNumber>) {}
}

fn only_puts() -> StreamError {
    StreamError::Invalid("this end of the stream only puts".to_string())
}

fn request(entry: PutEntry) -> Result<PutRecordsRequestEntry, StreamError> {
    let builder = PutRecordsRequestEntry::builder().partition_key(entry.partition_key);
    let built = builder.data(Blob::new(Vec::from(entry.data))).build();
    built.map_err(|error| StreamError::Invalid(error.to_string()))
}

/// The results in the order of the entries. An answer that cannot be read says nothing about what was written.
fn results(count: usize, output: PutRecordsOutput) -> Result<Vec<PutResult>, StreamError> {
    if output.records.len() != count {
        let answered = output.records.len();
        return Err(StreamError::Unavailable(format!("{answered} results for {count} records")));
    }
    output.records.into_iter().map(result).collect()
}

fn result(entry: PutRecordsResultEntry) -> Result<PutResult, StreamError> {
    if let Some(code) = entry.error_code {
        let throttled = is_throttled(Some(&code));
        return Ok(Err(if throttled { PutFailure::Throttled } else { PutFailure::Internal }));
    }
    let unreadable = || StreamError::Unavailable("a result without shard or sequence number".to_string());
    let shard_id = entry.shard_id.ok_or_else(unreadable)?;
    let number = entry.sequence_number.and_then(|number| SequenceNumber::parse(&number).ok());
    Ok(Ok(Stored { shard_id, sequence_number: number.ok_or_else(unreadable)? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(number: &str) -> PutRecordsResultEntry {
        PutRecordsResultEntry::builder().shard_id("shardId-000000000000").sequence_number(number).build()
    }

    fn refused(code: &str) -> PutRecordsResultEntry {
        PutRecordsResultEntry::builder().error_code(code).error_message("told to fail").build()
    }

    fn output(entries: Vec<PutRecordsResultEntry>) -> PutRecordsOutput {
        PutRecordsOutput::builder().set_records(Some(entries)).build().unwrap()
    }

    #[test]
    fn each_entry_has_its_own_result() {
        let (throttled, internal) = ("ProvisionedThroughputExceededException", "InternalFailure");
        let entries = vec![stored("49"), refused(throttled), refused(internal), refused("KMSThrottlingException")];
        let results = results(4, output(entries)).unwrap();
        assert_eq!(results[0].as_ref().unwrap().sequence_number, SequenceNumber::parse("49").unwrap());
        let failures: Vec<_> = results.into_iter().skip(1).map(Result::unwrap_err).collect();
        assert_eq!(failures, [PutFailure::Throttled, PutFailure::Internal, PutFailure::Throttled]);
    }

    #[test]
    fn an_answer_that_cannot_be_read_may_have_written() {
        let unreadable = [vec![], vec![stored("49"), stored("50")], vec![stored("x")]];
        for entries in unreadable.into_iter().chain([vec![PutRecordsResultEntry::builder().build()]]) {
            let results = results(1, output(entries));
            assert!(matches!(results, Err(StreamError::Unavailable(_))), "{results:?}");
        }
    }
}
