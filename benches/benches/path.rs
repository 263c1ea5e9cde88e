//! The whole path on memory ports, and its first half by itself.
//!
//! Input: 20,000 events of the first day of a class of 1,000 learners, 4 shards. Every run starts from nothing: no
//! learner known, stream and table empty. Two worker threads beside the caller's.
//! `requests` are calls of 500 events, one after the other; `replay` is one call of all.
//! `cargo bench -p trilha-benches --bench path`
//!
//! - *collector*: events read, checked, stamped and packed, records on the stream.
//! - *router*: the same behind HTTP on the loopback, 4 connections, senders and server in this process.
//! - *to the live table*: the collector, then the stream's mapping and the live processor, until all is applied.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use trilha_benches::{Bench, FrontDoor, REQUEST_EVENTS, day, into_live_table};
use trilha_collector::router::{AllowedOrigins, Front, router};
use trilha_live::memory::MemoryTable;
use trilha_simulator::SimulatedEvent;

type Server = JoinHandle<std::io::Result<()>>;

const EVENTS: usize = 20_000;
const CONNECTIONS: usize = 4;

criterion_group!(name = benches; config = config(); targets = path);
criterion_main!(benches);

fn config() -> Criterion {
    let quick = Criterion::default().without_plots().sample_size(20);
    quick.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4))
}

fn path(criterion: &mut Criterion) {
    let class = day(EVENTS);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads can be started");
    let mut group = criterion.benchmark_group("path");
    let bytes: usize = class.iter().map(|event| event.json.len()).sum();
    let throughput = Throughput::ElementsAndBytes { elements: EVENTS as u64, bytes: bytes as u64 };
    group.sampling_mode(SamplingMode::Flat).throughput(throughput);
    for (name, call) in [("requests", REQUEST_EVENTS), ("replay", EVENTS)] {
        bench(&mut group, &runtime, &format!("collector, {name}"), async |door| take(door, &class, call).await);
    }
    http(&mut group, &runtime, &class);
    for (name, call) in [("requests", REQUEST_EVENTS), ("replay", EVENTS)] {
        let name = format!("collector to the live table, {name}");
        bench(&mut group, &runtime, &name, async |door| to_live_table(door, &class, call).await);
    }
    group.finish();
}

/// Times what is done with a new front door; making it, and dropping what is behind it, is not timed.
fn bench(
    group: &mut BenchmarkGroup<'_, WallTime>,
    runtime: &Runtime,
    name: &str,
    act: impl AsyncFn(&FrontDoor) -> Bench,
) {
    group.bench_function(name, |bencher| {
        let door = || FrontDoor::new().expect("the zone is known");
        let run = |door: FrontDoor| {
            runtime.block_on(act(&door)).expect("every event is accepted");
            door
        };
        bencher.iter_batched(door, run, BatchSize::PerIteration);
    });
}

async fn take(door: &FrontDoor, class: &[SimulatedEvent], call: usize) -> Bench {
    for events in class.chunks(call) {
        door.take(events).await?;
    }
    Ok(())
}

async fn to_live_table(door: &FrontDoor, class: &[SimulatedEvent], call: usize) -> Bench {
    let mapping = into_live_table(&door.stream, Arc::new(MemoryTable::new()), Duration::ZERO);
    take(door, class, call).await?;
    mapping.drained().await?;
    mapping.stop().await;
    Ok(())
}

fn http(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, class: &[SimulatedEvent]) {
    let bodies: Vec<String> = class.chunks(REQUEST_EVENTS).map(body).collect();
    let now_millis = class.last().map_or(0, |event| event.sent.sent_millis);
    bench(group, runtime, "router, requests", async |door| {
        let (address, server) = serve(door, now_millis).await?;
        let requests: Vec<Vec<u8>> = bodies.iter().map(|body| request(&door.write_key, body)).collect();
        let each = requests.chunks(requests.len().div_ceil(CONNECTIONS)).map(<[_]>::to_vec);
        let senders: Vec<_> = each.map(|requests| tokio::spawn(send(address, requests))).collect();
        for sender in senders {
            sender.await??;
        }
        server.abort();
        Ok(())
    });
}

async fn serve(door: &FrontDoor, now_millis: i64) -> Bench<(SocketAddr, Server)> {
    let front = Front {
        collector: Arc::clone(&door.collector),
        keys: Arc::clone(&door.keys),
        clock: Arc::new(move || now_millis),
        origins: AllowedOrigins::default(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(async move { axum::serve(listener, router(front)).await });
    Ok((address, server))
}

async fn send(address: SocketAddr, requests: Vec<Vec<u8>>) -> Bench {
    let mut connection = TcpStream::connect(address).await?;
    connection.set_nodelay(true)?;
    let mut answer = vec![0; 4_096];
    for request in requests {
        connection.write_all(&request).await?;
        let length = connection.read(&mut answer).await?;
        let text = String::from_utf8_lossy(&answer[..length]);
        if !text.starts_with("HTTP/1.1 202") || !text.ends_with(r#""rejected":[]}"#) {
            return Err(text.into());
        }
    }
    Ok(())
}

fn body(events: &[SimulatedEvent]) -> String {
    let texts: Vec<&str> = events.iter().map(|event| event.json.as_str()).collect();
    format!("[{}]", texts.join(","))
}

fn request(write_key: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head = format!("POST /v1/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {write_key}\r\n");
    format!("{head}content-length: {length}\r\n\r\n{body}").into_bytes()
}
