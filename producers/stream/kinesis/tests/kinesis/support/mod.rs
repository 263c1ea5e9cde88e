//! Streams on stand-ins for Kinesis, made for one test and deleted after it.

pub(crate) mod dice;
pub(crate) mod door;
pub(crate) mod http;
pub(crate) mod proxy;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::timeout::TimeoutConfig;
use aws_sdk_kinesis::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_kinesis::types::StreamStatus;
use aws_sdk_kinesis::{Client, error::ProvideErrorMetadata};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use bytes::Bytes;
use trilha_stream::port::{PutEntry, Record, Stored, Stream};
use trilha_stream_kinesis::KinesisStream;

/// How long these clients let a call take: the largest take a stand-in long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StandIn {
    KinesisLocal,
    Ministack,
}

impl StandIn {
    /// Where it listens; `None` when the test is to be skipped.
    pub(crate) fn endpoint(self) -> Option<String> {
        let variable = match self {
            StandIn::KinesisLocal => "TRILHA_TEST_KINESIS",
            StandIn::Ministack => "TRILHA_TEST_AWS",
        };
        let endpoint = std::env::var(variable).ok();
        if endpoint.is_none() {
            let required = std::env::var("TRILHA_TEST_REQUIRE").is_ok_and(|required| required == "1");
            assert!(!required, "{variable} is not set");
            println!("skipped: {variable} is not set");
        }
        endpoint
    }
}

/// A stream of a test.
pub(crate) struct World {
    pub(crate) endpoint: String,
    pub(crate) name: String,
}

impl World {
    pub(crate) async fn new(stand_in: StandIn, shards: i32) -> Option<World> {
        let endpoint = stand_in.endpoint()?;
        let world = World { endpoint, name: unique_name() };
        let client = world.client();
        // At most five streams are made a second.
        while let Err(error) = client.create_stream().stream_name(&world.name).shard_count(shards).send().await {
            assert_eq!(error.code(), Some("LimitExceededException"), "{error:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        world.is_active().await;
        Some(world)
    }

    /// Completes when no change of the stream is under way.
    pub(crate) async fn is_active(&self) {
        let client = self.client();
        loop {
            let described = client.describe_stream_summary().stream_name(&self.name).send().await.unwrap();
            if described.stream_description_summary.unwrap().stream_status == StreamStatus::Active {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn client(&self) -> Client {
        client(&self.endpoint, PATIENCE)
    }

    pub(crate) async fn stream(&self) -> KinesisStream {
        KinesisStream::open(self.client(), &self.name).await.unwrap()
    }

    /// The same stream, by another way.
    pub(crate) async fn stream_at(&self, endpoint: &str, patience: Duration) -> KinesisStream {
        KinesisStream::open(client(endpoint, patience), &self.name).await.unwrap()
    }
}

impl Drop for World {
    /// By a client and a runtime of its own: the test's may be gone.
    fn drop(&mut self) {
        let (endpoint, name) = (self.endpoint.clone(), self.name.clone());
        let deleting = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let client = client(&endpoint, PATIENCE);
            runtime.block_on(client.delete_stream().stream_name(name).send()).err()
        });
        if let Ok(Some(error)) = deleting.join() {
            println!("{} stays: {error:?}", self.name);
        }
    }
}

/// A stream of two shards without records, for the contract.
pub(crate) async fn fresh(stand_in: StandIn) -> Option<(World, KinesisStream)> {
    let world = World::new(stand_in, 2).await?;
    let stream = world.stream().await;
    Some((world, stream))
}

pub(crate) fn client(endpoint: &str, patience: Duration) -> Client {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(patience).build();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .http_client(Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts);
    Client::from_conf(config.build())
}

fn unique_name() -> String {
    static STREAMS: AtomicUsize = AtomicUsize::new(0);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    format!("trilha-{:x}-{}", since.as_micros(), STREAMS.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn entry(key: &str, text: &str) -> PutEntry {
    PutEntry { partition_key: key.to_string(), data: Bytes::copy_from_slice(text.as_bytes()) }
}

/// Puts records of one key, and so of one shard, one call each so that they stand in this order.
pub(crate) async fn put(stream: &KinesisStream, texts: &[&str]) -> Vec<Stored> {
    let mut stored = Vec::new();
    for text in texts {
        stored.extend(stream.put_records(vec![entry("key", text)]).await.unwrap().remove(0));
    }
    stored
}

/// Every record of the stream.
pub(crate) async fn all_records(stream: &KinesisStream) -> Vec<Record> {
    let mut all = Vec::new();
    for shard in stream.shards().await.unwrap() {
        let mut after = None;
        while let more @ [.., last] =
            &stream.records(&shard.shard_id, after, usize::MAX, usize::MAX).await.unwrap().records[..]
        {
            after = Some(last.sequence_number);
            all.extend_from_slice(more);
        }
    }
    all
}

pub(crate) fn texts(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| String::from_utf8(record.data.to_vec()).unwrap()).collect()
}
