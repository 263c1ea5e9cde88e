//! The collector's routes behind API Gateway and behind a load balancer.

use std::io::Write;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;
use trilha_collector::router::{AllowedOrigins, Front, router};

use super::support::*;
use crate::functions::http::reported;
use crate::report::Totals;
use crate::report::tests::reporter;
use crate::span::tests::{TRACE_ID, context};

const ORIGIN: &str = "https://lms.example.org";
const EVENTS: &str = concat!(
    r#"{"type":"course.enrolled","learner":"ana@example.org","course":"bio","time":"2026-03-02T15:59:00Z"}"#,
    "\n",
    r#"{"type":"course.enrolled","learner":"bruno@example.org","course":"bio","time":"2026-03-02T15:59:30Z"}"#,
    "\n",
    r#"{"type":"no.such.type","learner":"ana@example.org","course":"bio","time":"2026-03-02T15:59:00Z"}"#,
);

/// The collector's routes over memory, and a write key.
fn collector() -> (Router, String) {
    let (world, write_key) = Memory::new();
    let front = Front {
        collector: world.collector,
        keys: Arc::new(world.keys),
        clock: Arc::new(|| NOW),
        origins: AllowedOrigins::new(&[ORIGIN]).unwrap(),
    };
    (router(front), write_key)
}

fn headers(write_key: &str) -> Value {
    json!({ "authorization": format!("Bearer {write_key}"), "content-type": "application/x-ndjson" })
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn assert_taken(answer: &Value) {
    assert_eq!(answer["statusCode"], 202, "{answer}");
    assert_eq!(answer["isBase64Encoded"], false);
    assert_eq!(body(answer)["accepted"], 2);
    assert_eq!(body(answer)["rejected"][0]["code"], "unknown_type");
}

#[tokio::test]
async fn events_come_as_text_and_as_bytes_from_either_front() {
    let (router, write_key) = collector();
    let mut function = function(router);
    let fronts: [fn(&str, &str, Value) -> Value; 2] = [api_gateway, load_balancer];
    for front in fronts {
        let plain = || front("POST", "/v1/events", headers(&write_key));
        assert_taken(&function.call(&with_text(plain(), EVENTS)).await);
        assert_taken(&function.call(&with_bytes(plain(), EVENTS.as_bytes())).await);
    }
}

#[tokio::test]
async fn compressed_bodies_reach_the_collector_as_they_were_sent() {
    let (router, write_key) = collector();
    let mut function = function(router);
    let compressed = [("gzip", gzip(EVENTS)), ("zstd", zstd::encode_all(EVENTS.as_bytes(), 0).unwrap())];
    for (encoding, bytes) in compressed {
        let mut headers = headers(&write_key);
        headers["content-encoding"] = encoding.into();
        let event = api_gateway("POST", "/v1/events", headers);
        assert_taken(&function.call(&with_bytes(event, &bytes)).await);
    }
}

#[tokio::test]
async fn a_stage_with_a_name_is_no_part_of_the_path() {
    let (router, write_key) = collector();
    let mut function = function(router);
    let mut event = with_text(api_gateway("POST", "/prod/v1/events", headers(&write_key)), EVENTS);
    event["requestContext"]["stage"] = "prod".into();
    assert_taken(&function.call(&event).await);
    event["rawPath"] = "/v1/events".into();
    assert_taken(&function.call(&event).await);
    event["rawPath"] = "/production/v1/events".into();
    assert_eq!(function.call(&event).await["statusCode"], 404);
}

#[tokio::test]
async fn a_preflight_and_an_answer_name_the_origin() {
    let (router, write_key) = collector();
    let mut function = function(router);
    let asked = json!({ "origin": ORIGIN, "access-control-request-method": "POST" });
    let answer = function.call(&api_gateway("OPTIONS", "/v1/events", asked)).await;
    assert_eq!(
        (&answer["statusCode"], &answer["headers"]["access-control-allow-origin"]),
        (&204.into(), &ORIGIN.into())
    );
    let mut sent = headers(&write_key);
    sent["origin"] = ORIGIN.into();
    let answer = function.call(&with_text(api_gateway("POST", "/v1/events", sent), EVENTS)).await;
    assert_taken(&answer);
    assert_eq!(answer["headers"]["access-control-allow-origin"], ORIGIN);
}

#[tokio::test]
async fn whoever_has_no_key_is_refused() {
    let mut function = function(collector().0);
    for headers in [json!({}), headers("wk_0000")] {
        let answer = function.call(&with_text(load_balancer("POST", "/v1/events", headers), EVENTS)).await;
        assert_eq!(answer["statusCode"], 401);
    }
}

#[tokio::test]
async fn a_start_that_fails_is_told_and_tried_again() {
    let (router, write_key) = collector();
    let mut function = function_that_fails(router, 1);
    let event = with_text(api_gateway("POST", "/v1/events", headers(&write_key)), EVENTS);
    let answer = function.call(&event).await;
    assert_eq!((&answer["statusCode"], &answer["headers"]["retry-after"]), (&503.into(), &"1".into()));
    assert!(!answer.to_string().contains("no stream"), "what is inside stays inside: {answer}");
    assert_taken(&function.call(&event).await);
    let lines = function.written.lines();
    assert_eq!((&lines[0]["error"], &lines[0]["ColdStarts"]), (&"no stream is called events".into(), &1.0.into()));
    assert_eq!((&lines[1]["Events"], &lines[1]["ColdStarts"]), (&2.0.into(), &0.0.into()));
}

#[tokio::test]
async fn a_line_tells_no_learner_no_key_and_no_query() {
    let (router, write_key) = collector();
    let mut function = function(router);
    let mut event = with_text(api_gateway("POST", "/v1/events", headers(&write_key)), EVENTS);
    event["rawQueryString"] = "token=secret".into();
    assert_taken(&function.call(&event).await);
    let line = function.written.lines()[0].to_string();
    assert!(line.contains("/v1/events"), "{line}");
    for hidden in ["ana", "bruno", "secret", &write_key] {
        assert!(!line.contains(hidden), "{hidden} is in {line}");
    }
}

const SENT: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_request_is_a_span_of_the_senders_trace_from_either_front() {
    let (router, write_key) = collector();
    let mut function = function(router);
    let mut headers = headers(&write_key);
    headers["traceparent"] = TRACEPARENT.into();
    let fronts: [fn(&str, &str, Value) -> Value; 2] = [api_gateway, load_balancer];
    for front in fronts {
        let event = with_text(front("POST", "/v1/events", headers.clone()), EVENTS);
        assert_taken(&function.call_within(&event, context()).await);
        let line = function.written.lines().pop().unwrap();
        assert_eq!((&line["trace_id"], &line["parent_span_id"]), (&SENT.into(), &"00f067aa0ba902b7".into()), "{line}");
        assert_eq!((&line["name"], &line["http.route"]), (&"POST /v1/events".into(), &"/v1/events".into()));
        assert_eq!((&line["http.request.method"], &line["http.response.status_code"]), (&"POST".into(), &202.into()));
        assert_eq!((&line["faas.trigger"], line.get("url.path")), (&"http".into(), None));
    }
}

#[tokio::test]
async fn without_a_traceparent_that_can_be_read_the_trace_is_lambdas() {
    let (router, write_key) = collector();
    let mut function = function(router);
    let mut headers = headers(&write_key);
    for traceparent in [None, Some("ana@example.org"), Some("00-0-0-00")] {
        if let Some(traceparent) = traceparent {
            headers["traceparent"] = traceparent.into();
        }
        let event = with_text(api_gateway("POST", "/v1/events", headers.clone()), EVENTS);
        assert_taken(&function.call_within(&event, context()).await);
        let line = function.written.lines().pop().unwrap();
        assert_eq!(line["trace_id"], TRACE_ID, "{line}");
        assert!(!line.to_string().contains("ana"), "{line}");
    }
}

#[tokio::test]
async fn what_no_route_knows_is_told_by_its_path_and_no_method_of_the_senders_own() {
    let mut function = function(collector().0);
    assert_eq!(function.call(&api_gateway("ANA", "/nowhere", json!({}))).await["statusCode"], 404);
    let line = function.written.lines().pop().unwrap();
    assert_eq!((&line["http.request.method"], &line["url.path"]), (&"_OTHER".into(), &"/nowhere".into()), "{line}");
    assert_eq!((line.get("http.route"), line.get("trace_id")), (None, None));
}

#[tokio::test]
async fn a_plain_server_takes_the_trace_of_the_sender_or_of_the_load_balancer() {
    let (reporter, written) = reporter(NOW);
    let router = reported(collector().0, Arc::new(reporter), Arc::new(Totals::default));
    let root = "Root=1-5759e988-bd862e3fe1be46a994272793";
    for (name, value, trace_id) in [("traceparent", TRACEPARENT, SENT), ("x-amzn-trace-id", root, TRACE_ID)] {
        let request = Request::post("/v1/events").header(name, value).body(Body::empty()).unwrap();
        assert_eq!(router.clone().oneshot(request).await.unwrap().status(), 401);
        let line = written.lines().pop().unwrap();
        assert_eq!((&line["trace_id"], &line["name"]), (&trace_id.into(), &"POST /v1/events".into()), "{line}");
        assert!(line.get("faas.trigger").is_none(), "no function answered");
    }
}
