//! `trilha simulate`: a simulated class, to a file, standard output, or a running collector.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use trilha_simulator::{Class, ClassConfig};

use crate::cli::SimulateOptions;

const BUFFER_BYTES: usize = 1 << 20;
/// Events in one request to a collector.
const REQUEST_EVENTS: usize = 500;
/// Requests under way at once.
const REQUESTS: usize = 8;
const DAY_MILLIS: i64 = 86_400_000;

pub(crate) async fn run(options: SimulateOptions) -> anyhow::Result<()> {
    let mut config = ClassConfig { seed: options.seed, events: options.events, ..ClassConfig::default() };
    config.learners = options.learners.or(config.learners);
    if options.to.is_some() {
        // What is sent live has happened: the class ends now.
        config.start_millis = (trilha_serve::clock::system())() - i64::from(config.days) * DAY_MILLIS;
    }
    let class = Class::new(&config);
    match (options.to, options.out) {
        (Some(url), _) => send(class, &url, &options.key.unwrap_or_default()).await,
        (None, Some(path)) => {
            write(class, File::create(&path).with_context(|| format!("cannot make {}", path.display()))?)
        }
        (None, None) => write(class, io::stdout().lock()),
    }
}

fn write(mut class: Class, out: impl Write) -> anyhow::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
    let mut line = Vec::with_capacity(512);
    while class.write_next(&mut line).is_some() {
        line.push(b'\n');
        match out.write_all(&line) {
            // Whoever read along has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        line.clear();
    }
    Ok(out.flush()?)
}

type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// Sends in batches, a few at a time, and says what became of them.
async fn send(mut class: Class, url: &str, key: &str) -> anyhow::Result<()> {
    let target: Uri = format!("{}/v1/events", url.trim_end_matches('/')).parse().context("--to is no URL")?;
    let client: HttpClient = Client::builder(TokioExecutor::new()).build_http();
    let started = std::time::Instant::now();
    let mut requests = tokio::task::JoinSet::new();
    let mut accepted = 0;
    loop {
        let body = batch(&mut class);
        if body.is_empty() || requests.len() >= REQUESTS {
            let Some(done) = requests.join_next().await else { break };
            accepted += done??;
        }
        if !body.is_empty() {
            requests.spawn(post(client.clone(), target.clone(), key.to_string(), Bytes::from(body)));
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    eprintln!("accepted {accepted} events in {seconds:.1} s, {:.0} a second", accepted as f64 / seconds);
    Ok(())
}

fn batch(class: &mut Class) -> Vec<u8> {
    let mut body = Vec::with_capacity(REQUEST_EVENTS * 280);
    for _ in 0..REQUEST_EVENTS {
        if class.write_next(&mut body).is_none() {
            break;
        }
        body.push(b'\n');
    }
    body
}

/// Sends a batch until the collector takes it.
async fn post(client: HttpClient, target: Uri, key: String, body: Bytes) -> anyhow::Result<u64> {
    loop {
        let request = Request::post(&target)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/x-ndjson")
            .body(Full::new(body.clone()))?;
        let response = client.request(request).await.with_context(|| format!("cannot reach {target}"))?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        match status {
            StatusCode::ACCEPTED => {
                let receipt: serde_json::Value = serde_json::from_slice(&answer)?;
                return Ok(receipt["accepted"].as_u64().unwrap_or(0));
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
            _ => bail!("the collector answered {status}: {}", String::from_utf8_lossy(&answer)),
        }
    }
}
