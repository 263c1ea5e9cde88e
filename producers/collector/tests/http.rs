//! The router: bodies, limits, credentials, CORS, and which status says what.

#![allow(clippy::unwrap_used, reason = "a test's helpers stand outside its test functions")]

mod support;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use futures_util::stream;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::*;
use tokio::sync::Semaphore;
use tower::ServiceExt;
use trilha_collector::quarantine::Quarantine;
use trilha_collector::router::{AllowedOrigins, Front, MAX_BODY_BYTES, MAX_EVENTS, router};
use trilha_stream::port::PutFailure;

const ORIGIN: &str = "https://lms.example.org";

struct Web {
    world: World,
    router: Router,
}

/// A request under way.
struct Post {
    path: &'static str,
    credential: String,
    headers: Vec<(&'static str, &'static str)>,
}

impl Web {
    fn new(stream: ScriptedStream) -> Web {
        let world = World::new(stream);
        let front = Front {
            collector: world.collector.clone(),
            keys: Arc::new(world.keys.clone()),
            clock: Arc::new(|| NOW),
            origins: AllowedOrigins::new(&[ORIGIN]).unwrap(),
        };
        Web { world, router: router(front) }
    }

    fn post(&self) -> Post {
        Post { path: "/v1/events", credential: format!("Bearer {}", self.world.write_key), headers: Vec::new() }
    }

    async fn send(&self, post: Post, body: impl Into<Body>) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::post(post.path).header("authorization", post.credential);
        for (name, value) in post.headers {
            request = request.header(name, value);
        }
        self.request(request.body(body.into()).unwrap()).await
    }

    async fn request(&self, request: Request<Body>) -> (StatusCode, HeaderMap, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (parts.status, parts.headers, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn events(&self, body: impl Into<Body>) -> (StatusCode, Value) {
        let (status, _, answer) = self.send(self.post(), body).await;
        (status, answer)
    }

    async fn token(&self, body: Value) -> (StatusCode, Value) {
        let post = Post { path: "/v1/tokens", ..self.post() };
        let (status, _, answer) = self.send(post, body.to_string()).await;
        (status, answer)
    }
}

fn encoded(post: Post, encoding: &'static str) -> Post {
    Post { headers: vec![("content-encoding", encoding)], ..post }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// One event, padded with spaces to so many bytes.
fn padded(bytes: usize) -> String {
    let event = viewed("ana", "e");
    format!("{event}{}", " ".repeat(bytes - event.len()))
}

#[tokio::test]
async fn one_object_an_array_and_lines_are_taken() {
    let (one, two) = (viewed("ana", "e1"), viewed("bia", "e2"));
    let cases = [
        (one.clone(), 1),
        (format!("[{one},{two}]"), 2),
        (format!("{one}\n{two}\n"), 2),
        (format!("\r\n{one}\r\n\r\n{two}"), 2),
        ("[]".to_string(), 0),
    ];
    for (body, accepted) in cases {
        let web = Web::new(ScriptedStream::default());
        let (status, answer) = web.events(body.clone()).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{body}");
        assert_eq!(answer, json!({ "accepted": accepted, "rejected": [] }), "{body}");
        assert_eq!(web.world.stream.events().len(), accepted);
    }
}

#[tokio::test]
async fn a_byte_order_mark_is_no_part_of_the_events() {
    for (body, count) in
        [(viewed("ana", "e"), 1), (views_of(0..3).join("\n"), 3), (format!("[{}]", viewed("ana", "e")), 1)]
    {
        let web = Web::new(ScriptedStream::default());
        let (status, answer) = web.events(format!("\u{feff}{body}")).await;
        assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(count)), "{answer}");
    }
}

#[tokio::test]
async fn a_bad_event_is_named_and_the_others_are_taken() {
    let web = Web::new(ScriptedStream::default());
    let body = format!(
        "[{},{},{}]",
        viewed("ana", "e1"),
        r#"{"id":"e2","type":"video.flown","learner":"ana","course":"c"}"#,
        viewed("bia", "e3")
    );
    let (status, answer) = web.events(body).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let message = "no event type is called \"video.flown\"";
    let rejected = json!([{ "index": 1, "id": "e2", "code": "unknown_type", "field": "type", "message": message }]);
    assert_eq!(answer, json!({ "accepted": 2, "rejected": rejected }));
}

#[tokio::test]
async fn compressed_bodies_are_taken() {
    let plain = format!("[{},{}]", viewed("ana", "e1"), viewed("bia", "e2"));
    let zstd = zstd::bulk::compress(plain.as_bytes(), 3).unwrap();
    for (encoding, body) in [("gzip", gzip(plain.as_bytes())), ("GZIP", gzip(plain.as_bytes())), ("zstd", zstd)] {
        let web = Web::new(ScriptedStream::default());
        let (status, _, answer) = web.send(encoded(web.post(), encoding), body).await;
        assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(2)), "{encoding}");
    }
}

#[tokio::test]
async fn other_encodings_and_damaged_bodies_are_refused() {
    let cases: [(&str, &[u8], u16, &str); 5] = [
        ("br", b"x", 415, "unknown_encoding"),
        ("gzip, zstd", b"x", 415, "unknown_encoding"),
        ("gzip", b"not gzip", 400, "damaged_encoding"),
        ("zstd", b"not zstd", 400, "damaged_encoding"),
        ("gzip", &gzip(b"[]")[..8], 400, "damaged_encoding"),
    ];
    for (encoding, body, status, code) in cases {
        let web = Web::new(ScriptedStream::default());
        let (found, _, answer) = web.send(encoded(web.post(), encoding), body.to_vec()).await;
        assert_eq!((found.as_u16(), &answer["error"]["code"]), (status, &json!(code)), "{encoding}");
    }
}

#[tokio::test]
async fn a_body_is_taken_up_to_the_limit_however_it_is_packed() {
    for (bytes, status) in [(MAX_BODY_BYTES, StatusCode::ACCEPTED), (MAX_BODY_BYTES + 1, StatusCode::PAYLOAD_TOO_LARGE)]
    {
        let plain = padded(bytes);
        let zstd = zstd::bulk::compress(plain.as_bytes(), 3).unwrap();
        let (gzip, identity) = (gzip(plain.as_bytes()), plain.into_bytes());
        for (encoding, body) in [("identity", identity), ("gzip", gzip), ("zstd", zstd)] {
            let web = Web::new(ScriptedStream::default());
            let (found, _, answer) = web.send(encoded(web.post(), encoding), body).await;
            assert_eq!(found, status, "{encoding} of {bytes}: {answer}");
        }
    }
}

/// A sender of `megabytes`, and how many of them were taken from it.
fn sender(megabytes: usize) -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let pieces = (0..megabytes).map(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok::<_, std::io::Error>(vec![b' '; 1024 * 1024])
    });
    (Body::from_stream(stream::iter(pieces)), taken)
}

#[tokio::test]
async fn a_body_over_the_limit_is_sent_to_its_end_unless_it_has_none() {
    for (megabytes, read) in [(1, 1), (2, 2), (10, 10), (1_000, 19)] {
        let (body, taken) = sender(megabytes);
        let web = Web::new(ScriptedStream::default());
        let (status, _, _) = web.send(web.post(), body).await;
        assert_eq!(status.as_u16(), if megabytes > 1 { 413 } else { 400 }, "{megabytes}");
        assert_eq!(taken.load(Ordering::Relaxed), read, "{megabytes}");
    }
}

#[tokio::test]
async fn a_bomb_stops_at_the_limit() {
    let zeros = vec![b' '; 256 * 1024 * 1024];
    let bombs = [("gzip", gzip(&zeros)), ("zstd", zstd::bulk::compress(&zeros, 19).unwrap())];
    drop(zeros);
    for (encoding, bomb) in bombs {
        assert!(bomb.len() < MAX_BODY_BYTES);
        let web = Web::new(ScriptedStream::default());
        let (status, _, answer) = web.send(encoded(web.post(), encoding), bomb).await;
        assert_eq!((status.as_u16(), &answer["error"]["code"]), (413, &json!("body_too_large")), "{encoding}");
    }
}

#[tokio::test]
async fn a_zstd_frame_with_a_huge_window_is_refused() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(padded(1_000).as_bytes()).unwrap();
    let web = Web::new(ScriptedStream::default());
    let (status, _, _) = web.send(encoded(web.post(), "zstd"), encoder.finish().unwrap()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_request_holds_up_to_1000_events() {
    for (count, status) in [(MAX_EVENTS - 1, 202), (MAX_EVENTS, 202), (MAX_EVENTS + 1, 413)] {
        let web = Web::new(ScriptedStream::default());
        let (found, answer) = web.events(views_of(0..count).join("\n")).await;
        assert_eq!(found.as_u16(), status, "{count}: {answer}");
        assert_eq!(web.world.stream.events().len(), if status == 202 { count } else { 0 });
        if status == 413 {
            assert_eq!(answer["error"]["code"], "too_many_events");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused_and_kept() {
    for body in [&b"hello"[..], b"[1,2", b"\xff\xfe", b"{\"type\":", b"one\ntwo"] {
        let web = Web::new(ScriptedStream::default());
        let (status, answer) = web.events(body.to_vec()).await;
        assert_eq!((status.as_u16(), &answer["error"]["code"]), (400, &json!("invalid_json")), "{body:?}");
        let kept = web.world.quarantine.list(None, 9).await.unwrap();
        assert_eq!(kept.len(), 1, "{body:?}");
        assert_eq!(web.world.quarantine.open(kept[0].key).await.unwrap().unwrap().raw, body);
    }
    let web = Web::new(ScriptedStream::default());
    assert_eq!(web.events("").await.0, StatusCode::BAD_REQUEST);
    assert!(web.world.quarantine.list(None, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn odd_json_is_rejected_by_event_and_harms_nobody() {
    let deep = format!("[{}{}]", "[".repeat(500_000), "]".repeat(500_000));
    let wide = format!("[{}0]", "0,".repeat(500_000));
    let cases = [
        ("[1,null,\"x\",[]]".to_string(), 202),
        (deep, 202),
        ("[".repeat(1_000_000), 400),
        (wide, 413),
        (r#"{"type":"activity.viewed","learner":"\ud800","course":"c","object":"p"}"#.to_string(), 400),
    ];
    for (body, status) in cases {
        let web = Web::new(ScriptedStream::default());
        let (found, answer) = web.events(body.clone()).await;
        assert_eq!(found.as_u16(), status, "{}: {answer}", &body[..20.min(body.len())]);
        assert_eq!(web.world.stream.events().len(), 0);
    }
}

#[tokio::test]
async fn only_good_credentials_are_let_in() {
    let web = Web::new(ScriptedStream::default());
    let key = &web.world.write_key;
    let expired = web.world.keys.mint(&support::key(), "ana", None, NOW).unwrap();
    let cases = [
        (format!("Bearer {key}"), 202, ""),
        (format!("bearer {key}"), 202, ""),
        (format!("Basic {key}"), 401, "unauthorized"),
        (format!("Bearer {key}x"), 401, "unauthorized"),
        (key.clone(), 401, "unauthorized"),
        (String::new(), 401, "unauthorized"),
        (format!("Bearer {expired}"), 401, "token_expired"),
    ];
    for (credential, status, code) in cases {
        let post = Post { credential: credential.clone(), ..web.post() };
        let (found, headers, answer) = web.send(post, viewed("ana", "e")).await;
        assert_eq!(found.as_u16(), status, "{credential}");
        if status == 401 {
            assert_eq!(answer["error"]["code"], code);
            assert_eq!(headers["www-authenticate"], "Bearer");
        }
    }
}

#[tokio::test]
async fn a_token_is_minted_with_a_key_and_writes_its_learners_events() {
    let web = Web::new(ScriptedStream::default());
    let (status, minted) = web.token(json!({ "learner": "ana", "course": "turma-1", "seconds": 60 })).await;
    assert_eq!((status, &minted["expires"]), (StatusCode::OK, &json!("2026-03-02T19:31:00Z")));
    let credential = format!("Bearer {}", minted["token"].as_str().unwrap());
    let body = format!("[{},{}]", viewed("ana", "e1"), viewed("bia", "e2"));
    let (status, _, answer) = web.send(Post { credential: credential.clone(), ..web.post() }, body).await;
    assert_eq!((status, &answer["accepted"]), (StatusCode::ACCEPTED, &json!(1)));
    assert_eq!(answer["rejected"][0]["code"], "not_yours");
    let post = Post { credential, path: "/v1/tokens", ..web.post() };
    let (status, _, answer) = web.send(post, json!({ "learner": "ana" }).to_string()).await;
    assert_eq!((status, &answer["error"]["code"]), (StatusCode::FORBIDDEN, &json!("forbidden")));
}

#[tokio::test]
async fn a_token_names_somebody_for_a_day_at_most() {
    let web = Web::new(ScriptedStream::default());
    let cases = [
        (json!({ "learner": "ana" }), 200),
        (json!({ "learner": "ana", "seconds": 86_400 }), 200),
        (json!({ "learner": "ana", "seconds": 86_401 }), 400),
        (json!({ "learner": "ana", "seconds": 0 }), 400),
        (json!({ "learner": "ana", "seconds": i64::MAX }), 400),
        (json!({ "learner": " " }), 400),
        (json!({ "learner": "anonymous" }), 400),
        (json!({ "learner": "a".repeat(513) }), 400),
        (json!({ "learner": "ana", "course": "" }), 400),
        (json!({ "learner": "ana", "tenant": "outra" }), 400),
        (json!({}), 400),
        (json!("ana"), 400),
    ];
    for (body, status) in cases {
        let (found, answer) = web.token(body.clone()).await;
        assert_eq!(found.as_u16(), status, "{body}: {answer}");
    }
}

#[tokio::test]
async fn a_full_stream_says_when_to_come_back() {
    let cases = [(Call::AllFails(PutFailure::Throttled), 429, "throttled"), (Call::Lost, 503, "unavailable")];
    for (call, status, code) in cases {
        let web = Web::new(ScriptedStream::new(&[call; 9]));
        let (found, headers, answer) = web.send(web.post(), viewed("ana", "e")).await;
        assert_eq!((found.as_u16(), &answer["error"]["code"]), (status, &json!(code)));
        assert_eq!(headers["retry-after"], "1");
    }
}

#[tokio::test]
async fn what_the_stream_took_in_part_is_said() {
    let web = Web::new(ScriptedStream::new(&[Call::HalfFails(PutFailure::Throttled); 5]));
    let (status, answer) = web.events(views_of(0..100).join("\n")).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let rejected = answer["rejected"].as_array().unwrap();
    assert_eq!(answer["accepted"].as_u64().unwrap() as usize + rejected.len(), 100);
    assert!(!rejected.is_empty() && rejected.iter().all(|one| one["code"] == "try_again"));
}

#[tokio::test]
async fn the_answer_waits_for_the_stream() {
    let gate = Arc::new(Semaphore::new(0));
    let web = Arc::new(Web::new(ScriptedStream::behind(gate.clone())));
    let sending = tokio::spawn({
        let web = web.clone();
        async move { web.events(viewed("ana", "e")).await }
    });
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(!sending.is_finished());
    gate.add_permits(1);
    assert_eq!(sending.await.unwrap().0, StatusCode::ACCEPTED);
}

#[tokio::test]
async fn any_content_type_is_taken() {
    for kind in ["application/json", "text/plain;charset=UTF-8", "application/x-ndjson", "nonsense"] {
        let web = Web::new(ScriptedStream::default());
        let post = Post { headers: vec![("content-type", kind)], ..web.post() };
        assert_eq!(web.send(post, viewed("ana", "e")).await.0, StatusCode::ACCEPTED, "{kind}");
    }
}

#[tokio::test]
async fn pages_of_listed_origins_may_send_and_others_may_not() {
    let web = Web::new(ScriptedStream::default());
    let preflight = |origin: &str| {
        let request = Request::builder().method(Method::OPTIONS).uri("/v1/events").header("origin", origin);
        request.header("access-control-request-method", "POST").body(Body::empty()).unwrap()
    };
    let (status, headers, _) = web.request(preflight(ORIGIN)).await;
    assert_eq!((status, &headers["access-control-allow-origin"]), (StatusCode::NO_CONTENT, &ORIGIN.parse().unwrap()));
    assert!(headers["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
    assert!(!headers.contains_key("access-control-allow-credentials"));
    for origin in ["https://evil.example.org", "null", "https://lms.example.org.evil.org", "*"] {
        let (status, headers, _) = web.request(preflight(origin)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{origin}");
        assert!(!headers.contains_key("access-control-allow-origin"));
        let post = Post { headers: vec![("origin", "https://evil.example.org")], ..web.post() };
        let (_, headers, _) = web.send(post, viewed("ana", "e")).await;
        assert!(!headers.contains_key("access-control-allow-origin"));
        assert_eq!(headers["vary"], "origin");
    }
    let post = Post { headers: vec![("origin", ORIGIN)], credential: String::new(), ..web.post() };
    let (status, headers, _) = web.send(post, viewed("ana", "e")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(headers["access-control-allow-origin"], ORIGIN, "a page may read why it was refused");
    assert_eq!(headers["access-control-expose-headers"], "retry-after");
    for wrong in ["*", "lms.example.org", "https://lms.example.org/", "https://a\nb"] {
        assert!(AllowedOrigins::new(&[wrong]).is_none(), "{wrong}");
    }
}

#[tokio::test]
async fn health_is_open_and_other_paths_and_methods_say_what_they_are() {
    let web = Web::new(ScriptedStream::default());
    for (method, path, status) in [
        (Method::GET, "/healthz", 200),
        (Method::GET, "/v1/events", 405),
        (Method::PUT, "/v1/tokens", 405),
        (Method::POST, "/v1/nothing", 404),
    ] {
        let request = Request::builder().method(method.clone()).uri(path).body(Body::empty()).unwrap();
        assert_eq!(web.request(request).await.0.as_u16(), status, "{method} {path}");
    }
}
