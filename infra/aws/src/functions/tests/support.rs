//! Events as API Gateway and a load balancer send them, and what a function answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::bail;
use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent};
use serde_json::{Value, json};
use tower::Service;
use trilha_collector::collector::{Arrival, Collector, Ports, Sent};
use trilha_collector::credential::{Credential, KeyRing};
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::Sealer;
use trilha_processors::strays::{Stray, Strays};
use trilha_schemas::event::{Event, Protocol};
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::Stream;

use crate::functions::Warm;
use crate::functions::http::{reported, service};
use crate::report::Totals;
use crate::report::tests::{Written, reporter};

pub(super) const NOW: i64 = 1_772_467_200_000;

type MemoryCollector = Collector<MemoryStream, MemoryIdentities, MemoryQuarantine, MemorySettings>;

/// A collector over memory.
pub(super) struct Memory {
    pub(super) stream: Arc<MemoryStream>,
    pub(super) collector: Arc<MemoryCollector>,
    pub(super) keys: KeyRing,
}

impl Memory {
    /// One, and its tenant's write key.
    pub(super) fn new() -> (Memory, String) {
        let (keys, write_key) = KeyRing::generate("ufpa", &OsRandom);
        let stream = Arc::new(MemoryStream::new(1, "one", Arc::new(|| NOW)));
        let ports = Ports {
            stream: Arc::clone(&stream),
            identities: Arc::new(MemoryIdentities::default()),
            quarantine: Arc::new(MemoryQuarantine::new(Sealer::new(&keys.data_key, Arc::new(OsRandom)))),
            settings: Arc::new(MemorySettings::default()),
        };
        let no_sleep = Arc::new(|_| Box::pin(std::future::ready(())) as _);
        let collector = Arc::new(Collector::new(ports, &keys, "UTC", no_sleep).unwrap());
        (Memory { stream, collector, keys }, write_key)
    }
}

/// A request of an HTTP API, payload format 2.0.
pub(super) fn api_gateway(method: &str, path: &str, headers: Value) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "a1b2c3",
            "domainName": "a1b2c3.execute-api.sa-east-1.amazonaws.com",
            "domainPrefix": "a1b2c3",
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "test" },
            "requestId": "request-1",
            "routeKey": "$default",
            "stage": "$default",
            "time": "02/Mar/2026:16:00:00 +0000",
            "timeEpoch": NOW,
        },
        "isBase64Encoded": false,
    })
}

/// A request of a load balancer.
pub(super) fn load_balancer(method: &str, path: &str, headers: Value) -> Value {
    let group = "arn:aws:elasticloadbalancing:sa-east-1:000000000000:targetgroup/trilha/0123456789abcdef";
    json!({
        "requestContext": { "elb": { "targetGroupArn": group } },
        "httpMethod": method,
        "path": path,
        "queryStringParameters": {},
        "headers": headers,
        "body": "",
        "isBase64Encoded": false,
    })
}

/// With a body as bytes are sent.
pub(super) fn with_bytes(mut event: Value, body: &[u8]) -> Value {
    event["body"] = STANDARD.encode(body).into();
    event["isBase64Encoded"] = true.into();
    event
}

/// With a body as text is sent.
pub(super) fn with_text(mut event: Value, body: &str) -> Value {
    event["body"] = body.into();
    event
}

/// A function over a router whose first `failures` starts fail.
pub(super) struct Function<S> {
    adapter: S,
    pub(super) written: Written,
}

/// One whose starts go well.
pub(super) fn function(
    router: Router,
) -> Function<impl Service<LambdaEvent<LambdaRequest>, Response: serde::Serialize>> {
    function_that_fails(router, 0)
}

pub(super) fn function_that_fails(
    router: Router,
    failures: u32,
) -> Function<impl Service<LambdaEvent<LambdaRequest>, Response: serde::Serialize>> {
    let (reporter, written) = reporter(NOW);
    let (attempts, reporter) = (Arc::new(AtomicU32::new(0)), Arc::new(reporter));
    let router = reported(router, Arc::clone(&reporter), Arc::new(Totals::default));
    let kept = Warm::new(move || {
        let (router, attempt) = (router.clone(), attempts.fetch_add(1, Ordering::Relaxed));
        async move {
            if attempt < failures {
                bail!("no stream is called events");
            }
            Ok(router)
        }
    });
    Function { adapter: Adapter::from(service(kept, reporter)), written }
}

impl<S: Service<LambdaEvent<LambdaRequest>, Response: serde::Serialize>> Function<S> {
    /// What Lambda is answered.
    pub(super) async fn call(&mut self, event: &Value) -> Value {
        self.call_within(event, Context::default()).await
    }

    pub(super) async fn call_within(&mut self, event: &Value, context: Context) -> Value {
        let request: LambdaRequest = serde_json::from_value(event.clone()).unwrap();
        let answer = self.adapter.call(LambdaEvent::new(request, context)).await;
        serde_json::to_value(answer.ok().unwrap()).unwrap()
    }
}

/// An answer's body, which is JSON.
pub(super) fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

/// Takes strays, or does not.
#[derive(Default)]
pub(super) struct Bin {
    pub(super) refuses: bool,
}

impl Bin {
    fn taken(&self) -> Result<(), String> {
        if self.refuses { Err("the quarantine is unavailable".into()) } else { Ok(()) }
    }
}

impl Strays for Bin {
    async fn damaged(&self, _stray: Stray, _reason: String) -> Result<(), String> {
        self.taken()
    }

    async fn foreign(&self, _stray: Stray) -> Result<(), String> {
        self.taken()
    }

    async fn misplaced(&self, _tenant: String, _events: Vec<Event>) -> Result<(), String> {
        self.taken()
    }
}

/// A record as Lambda hands it over, `at` from 1 on.
pub(super) fn kinesis_record(at: usize, partition_key: &str, data: &[u8]) -> Value {
    let sequence_number = number(at);
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": partition_key,
            "sequenceNumber": sequence_number,
            "data": STANDARD.encode(data),
            "approximateArrivalTimestamp": (NOW - 250) as f64 / 1000.0,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("shardId-000000000000:{sequence_number}"),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/trilha",
        "awsRegion": "sa-east-1",
        "eventSourceARN": "arn:aws:kinesis:sa-east-1:000000000000:stream/events",
    })
}

pub(super) fn number(at: usize) -> String {
    format!("4959033827149025660855969253836157109592157598913{at:07}")
}

/// Records of ours, of three events of as many learners.
pub(super) async fn of_ours() -> Vec<Value> {
    let events = ["ana", "bia", "caio"].map(|learner| {
        format!(r#"{{"type":"course.enrolled","learner":"{learner}","course":"bio","time":"2026-03-02T15:59:00Z"}}"#)
    });
    let sent = events.iter().enumerate().map(|(index, text)| Sent::native(index, text)).collect();
    let (world, _) = Memory::new();
    let owner = Credential::WriteKey { tenant: "ufpa".into(), name: "test".into() };
    let arrival = Arrival::Live { now_millis: NOW };
    world.collector.collect(&owner, Protocol::Native, arrival, sent).await.unwrap();
    let shard = world.stream.shards().await.unwrap().remove(0);
    let records = world.stream.records(&shard.shard_id, None, 100, usize::MAX).await.unwrap().records;
    let handed = records.iter().enumerate();
    handed.map(|(at, record)| kinesis_record(at + 1, &record.partition_key, &record.data)).collect()
}
