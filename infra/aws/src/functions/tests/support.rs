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
use trilha_collector::collector::{Collector, Ports};
use trilha_collector::credential::KeyRing;
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::Sealer;
use trilha_stream::memory::MemoryStream;

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
        let request: LambdaRequest = serde_json::from_value(event.clone()).unwrap();
        let answer = self.adapter.call(LambdaEvent::new(request, Context::default())).await;
        serde_json::to_value(answer.ok().unwrap()).unwrap()
    }
}

/// An answer's body, which is JSON.
pub(super) fn body(answer: &Value) -> Value {
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}
