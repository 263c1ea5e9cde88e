//! How fast the collector's core is, and the router over loopback, with a stream that takes everything at once.
//!
//! Input: video heartbeats and answers of 3,000 learners in one course, 280 bytes of native JSON each on average, every one with a
//! client's id. `core`: one thread, calls of 20,000 and of 500 events, parsing included. `http`: batches of 500, four
//! connections, sender and receiver in this process on its two worker threads.
//!
//! `cargo run --release -p trilha-collector --example collector_speed`

use std::error::Error;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use trilha_collector::collector::{Arrival, Collector, Ports, Sent, tokio_sleep};
use trilha_collector::credential::{Credential, KeyRing};
use trilha_collector::embedded::{EmbeddedIdentities, EmbeddedQuarantine, EmbeddedSettings, EmbeddedStores};
use trilha_collector::random::OsRandom;
use trilha_collector::router::{AllowedOrigins, Front, router};
use trilha_collector::seal::Sealer;
use trilha_schemas::event::Protocol;
use trilha_schemas::native;
use trilha_schemas::sequence::SequenceNumber;
use trilha_stream::port::{PutEntry, PutFailure, Records, Shard, Stored, Stream, StreamError};

const EVENTS: usize = 1_000_000;
const LEARNERS: u64 = 3_000;

/// Takes everything and keeps nothing.
struct Sink;

impl Stream for Sink {
    fn incarnation(&self) -> &str {
        "sink"
    }

    async fn put_records(&self, entries: Vec<PutEntry>) -> Result<Vec<Result<Stored, PutFailure>>, StreamError> {
        let stored = Stored { shard_id: String::new(), sequence_number: SequenceNumber::ZERO };
        Ok(entries.iter().map(|_| Ok(stored.clone())).collect())
    }

    async fn shards(&self) -> Result<Vec<Shard>, StreamError> {
        Ok(Vec::new())
    }

    async fn records(
        &self,
        shard_id: &str,
        _: Option<SequenceNumber>,
        _: usize,
        _: usize,
    ) -> Result<Records, StreamError> {
        Err(StreamError::NoSuchShard(shard_id.to_string()))
    }

    async fn wait_for_records(&self, _: &str, _: Option<SequenceNumber>) {}
}

type Core = Collector<Sink, EmbeddedIdentities, EmbeddedQuarantine, EmbeddedSettings>;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = std::env::temp_dir().join(format!("trilha-collector-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let result = runtime.block_on(run(&folder.join("collector.redb")));
    std::fs::remove_dir_all(&folder)?;
    result
}

async fn run(path: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let (keys, write_key) = KeyRing::generate("escola", &OsRandom);
    let stores = EmbeddedStores::open(path, Sealer::new(&keys.data_key, Arc::new(OsRandom)))?;
    let ports = Ports {
        stream: Arc::new(Sink),
        identities: Arc::new(stores.identities),
        quarantine: Arc::new(stores.quarantine),
        settings: Arc::new(stores.settings),
    };
    let collector = Arc::new(Collector::new(ports, &keys, "America/Sao_Paulo", tokio_sleep())?);
    let texts: Vec<String> = (0..EVENTS as u64).map(event).collect();
    println!("{} bytes an event", texts.iter().map(String::len).sum::<usize>() / EVENTS);
    for batch in [20_000, 500] {
        core(&collector, &texts, batch).await?;
    }
    http(collector, keys, &write_key, &texts).await
}

async fn core(collector: &Core, texts: &[String], batch: usize) -> Result<(), Box<dyn Error>> {
    let credential = Credential::WriteKey { tenant: "escola".into(), name: "first".into() };
    let arrival = Arrival::Replay { now_millis: now_millis() };
    let start = Instant::now();
    for batch in texts.chunks(batch) {
        let each = batch.iter().enumerate();
        let sent =
            each.map(|(index, text)| Sent { index, raw: text.as_bytes(), read: native::read(text), about: None });
        let receipt = collector.collect(&credential, Protocol::Native, arrival, sent.collect()).await?;
        assert_eq!(receipt.accepted, batch.len());
    }
    let rate = EVENTS as f64 / start.elapsed().as_secs_f64();
    println!("core, calls of {batch}: {rate:.0} events/s on one thread");
    Ok(())
}

async fn http(collector: Arc<Core>, keys: KeyRing, write_key: &str, texts: &[String]) -> Result<(), Box<dyn Error>> {
    let origins = AllowedOrigins::default();
    let front = Front { collector, keys: Arc::new(keys), clock: Arc::new(now_millis), origins };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router(front)).await });
    let requests: Vec<Vec<u8>> = texts.chunks(500).map(|batch| request(write_key, batch)).collect();
    let start = Instant::now();
    let senders = requests.chunks(requests.len().div_ceil(4)).map(<[_]>::to_vec);
    let senders: Vec<_> = senders.map(|requests| tokio::spawn(send_all(address, requests))).collect();
    for sender in senders {
        sender.await??;
    }
    let rate = EVENTS as f64 / start.elapsed().as_secs_f64();
    println!("http, batches of 500: {rate:.0} events/s, sender and receiver on two threads");
    Ok(())
}

async fn send_all(address: std::net::SocketAddr, requests: Vec<Vec<u8>>) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answer = vec![0; 4_096];
    for request in requests {
        stream.write_all(&request).await?;
        let length = stream.read(&mut answer).await?;
        assert!(answer[..length].starts_with(b"HTTP/1.1 202"), "{}", String::from_utf8_lossy(&answer[..length]));
    }
    Ok(())
}

fn request(write_key: &str, batch: &[String]) -> Vec<u8> {
    let body = format!("[{}]", batch.join(","));
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {write_key}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

/// Spread over learners as a shuffled export is; the same each time.
fn event(number: u64) -> String {
    let learner = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let learner = learner % LEARNERS;
    let (minute, second) = (number / 60 % 60, number % 60);
    let common = format!(
        r#""id":"0192a6f0-7c1e-7b3a-9c1d-{number:012x}","time":"2026-03-02T19:{minute:02}:{second:02}.250Z","learner":"aluna-{learner}@escola.example.org","course":"course-v1:escola+calculo+2026","session":"s-{learner}-1""#
    );
    if number.is_multiple_of(5) {
        format!(
            r#"{{{common},"type":"quiz.answered","quiz":"quiz-3","question":"q-{}","attempt":1,"response":"b","correct":true,"score":1,"max_score":1}}"#,
            number % 10
        )
    } else {
        let from = number % 600;
        format!(
            r#"{{{common},"type":"video.watched","video":"video-{}","from":{from}.5,"to":{}.5,"length":634.2,"rate":1.25}}"#,
            number % 12,
            from + 10
        )
    }
}

fn now_millis() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}
