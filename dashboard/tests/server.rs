//! The router from outside, over a source in memory.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

use std::io::Read;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use flate2::read::GzDecoder;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use trilha_dashboard::api::{CourseActivity, CourseList, CourseSummary, CourseViews};
use trilha_dashboard::oidc::Oidc;
use trilha_dashboard::server::{Dashboard, router};
use trilha_dashboard::session::{Session, SessionKey, issue};
use trilha_dashboard::source::{SourceError, ViewSource, ViewsQuery};
use trilha_dashboard::units::Time;

const NOW_MILLIS: i64 = 1_795_435_200_000;
const TURMA: &str = "course-v1:Escola+FIS101+2026/1";

/// Two courses; what was asked for is remembered, and time passes with every question.
#[derive(Default)]
struct Memory {
    asked: Mutex<Vec<ViewsQuery>>,
    learners: Mutex<i64>,
    /// Courses beside those two.
    courses: usize,
    broken: Option<fn() -> SourceError>,
}

impl Memory {
    fn as_of(&self) -> Time {
        Time::from_millis(NOW_MILLIS + self.asked.lock().unwrap().len() as i64)
    }

    fn check(&self) -> Result<(), SourceError> {
        self.broken.map_or(Ok(()), |error| Err(error()))
    }
}

impl ViewSource for Memory {
    async fn courses(&self, tenant: &str, at_millis: Option<i64>) -> Result<CourseList, SourceError> {
        self.check()?;
        self.asked.lock().unwrap().push(ViewsQuery { tenant: tenant.into(), at_millis, ..ViewsQuery::default() });
        let course = |id: &str| CourseSummary {
            course: id.into(),
            title: None,
            learners: *self.learners.lock().unwrap(),
            active_5m: 0,
            active_today: 0,
        };
        let mut courses = vec![course("other"), course(TURMA)];
        courses.extend((0..self.courses).map(|number| course(&format!("turma {number}"))));
        Ok(CourseList { as_of: self.as_of(), processed_to: None, courses })
    }

    async fn views(&self, query: ViewsQuery) -> Result<Option<CourseViews>, SourceError> {
        self.check()?;
        self.asked.lock().unwrap().push(query.clone());
        if query.course != TURMA && query.course != "other" {
            return Ok(None);
        }
        let course = CourseActivity {
            course: query.course,
            title: Some("Física 1".into()),
            zone: "UTC".into(),
            learners: *self.learners.lock().unwrap(),
            active_5m: 0,
            active_today: 0,
            active_7d: 0,
            minutes: vec![],
        };
        let (as_of, processed_to) = (self.as_of(), None);
        Ok(Some(CourseViews { as_of, processed_to, stale: false, course, videos: vec![], questions: vec![] }))
    }
}

struct Harness {
    source: Arc<Memory>,
    router: Router,
}

fn key() -> SessionKey {
    SessionKey::new([1; 32])
}

fn harness(source: Memory) -> Harness {
    harness_with(source, None)
}

fn harness_with(source: Memory, oidc: Option<Oidc>) -> Harness {
    let source = Arc::new(source);
    let clock = Arc::new(|| NOW_MILLIS);
    let dashboard = Dashboard { source: Arc::clone(&source), key: key(), clock, secure_cookie: false, oidc };
    Harness { source, router: router(dashboard) }
}

/// An issuer that hands out its tokens at another origin.
fn oidc() -> Oidc {
    let oidc = Oidc::new("https://issuer.example/pool", "page").unwrap();
    oidc.connecting_to("https://escola.login.example/oauth2/token").unwrap()
}

fn token_of(courses: Option<&[&str]>, expires_millis: i64) -> String {
    let courses = courses.map(|ids| ids.iter().map(|&id| id.to_owned()).collect());
    issue(&key(), &Session { tenant: "escola".into(), instructor: "Ana".into(), courses, expires_millis })
}

fn token() -> String {
    token_of(None, NOW_MILLIS + 60_000)
}

impl Harness {
    async fn send(&self, method: Method, path: &str, headers: &[(header::HeaderName, &str)]) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, &[]).await
    }

    async fn get_as(&self, token: &str, path: &str) -> Response {
        self.send(Method::GET, path, &[(header::AUTHORIZATION, &format!("Bearer {token}"))]).await
    }
}

async fn body(response: Response) -> Value {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

fn header_of(response: &Response, name: header::HeaderName) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn check_error(response: Response, status: StatusCode, code: &str) {
    assert_eq!(response.status(), status);
    assert_eq!(header_of(&response, header::CACHE_CONTROL), "no-store");
    let body = body(response).await;
    assert_eq!(body["error"]["code"], code);
    assert!(body["error"]["message"].is_string());
}

fn views_path(course: &str) -> String {
    format!("/api/v1/views?course={}", course.replace('+', "%2B"))
}

#[tokio::test]
async fn without_a_session_nothing_is_told() {
    let harness = harness(Memory::default());
    for path in ["/api/v1/session", "/api/v1/courses", &views_path(TURMA), "/api/v1/views"] {
        check_error(harness.get(path).await, StatusCode::UNAUTHORIZED, "not_signed_in").await;
    }
    assert!(harness.source.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_session_that_a_front_has_verified_is_signed_in_until_it_ends() {
    let harness = harness(Memory::default());
    let session = |courses: &[&str], expires_millis| Session {
        tenant: "front".into(),
        instructor: "ana@example.org".into(),
        courses: Some(courses.iter().map(|course| (*course).to_owned()).collect()),
        expires_millis,
    };
    let get = async |path: &str, session: Session| {
        // A token of somebody else beside it changes nothing.
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {}", token()));
        let request = request.extension(session).body(Body::empty()).unwrap();
        harness.router.clone().oneshot(request).await.unwrap()
    };
    let answer = get("/api/v1/session", session(&[TURMA], NOW_MILLIS + 1)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(body(answer).await, json!({"tenant": "front", "instructor": "ana@example.org", "courses": [TURMA]}));
    let courses = get("/api/v1/courses", session(&[TURMA], NOW_MILLIS + 1)).await;
    assert_eq!(body(courses).await["courses"].as_array().unwrap().len(), 1);
    assert_eq!(harness.source.asked.lock().unwrap()[0].tenant, "front");
    let forbidden = get(&views_path("other"), session(&[TURMA], NOW_MILLIS + 1)).await;
    check_error(forbidden, StatusCode::FORBIDDEN, "course_forbidden").await;
    let ended = get("/api/v1/session", session(&[TURMA], NOW_MILLIS)).await;
    check_error(ended, StatusCode::UNAUTHORIZED, "session_expired").await;
}

#[tokio::test]
async fn a_forged_or_expired_session_is_refused() {
    let harness = harness(Memory::default());
    let expired = harness.get_as(&token_of(None, NOW_MILLIS), "/api/v1/session").await;
    check_error(expired, StatusCode::UNAUTHORIZED, "session_expired").await;
    let session = Session { tenant: "t".into(), instructor: "i".into(), courses: None, expires_millis: i64::MAX };
    let forged = harness.get_as(&issue(&SessionKey::new([2; 32]), &session), "/api/v1/session").await;
    check_error(forged, StatusCode::UNAUTHORIZED, "session_invalid").await;
}

#[tokio::test]
async fn the_link_sets_a_cookie_that_opens_the_api_and_leaves_the_address() {
    let harness = harness(Memory::default());
    let response = harness.get(&format!("/sign-in?token={}", token())).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(header_of(&response, header::LOCATION), "/");
    assert_eq!(header_of(&response, header::CACHE_CONTROL), "no-store");
    let cookie = header_of(&response, header::SET_COOKIE);
    assert!(cookie.ends_with("; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"), "{cookie}");
    let pair = format!("theme=dark; {}", cookie.split(';').next().unwrap());
    let session = harness.send(Method::GET, "/api/v1/session", &[(header::COOKIE, &pair)]).await;
    assert_eq!(body(session).await, json!({"instructor": "Ana", "tenant": "escola", "courses": null}));
}

#[tokio::test]
async fn a_bad_link_leads_to_the_page_without_its_token() {
    let harness = harness(Memory::default());
    for path in ["/sign-in", "/sign-in?token=", "/sign-in?token=secret.junk", "/sign-in?token=a&token=b"] {
        let response = harness.get(path).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(header_of(&response, header::LOCATION), "/?sign-in=failed");
        assert!(header_of(&response, header::SET_COOKIE).starts_with("trilha_session=; Path=/; Max-Age=0"));
    }
}

#[tokio::test]
async fn a_secure_cookie_says_so() {
    let source = Arc::new(Memory::default());
    let clock = Arc::new(|| NOW_MILLIS);
    let router = router(Dashboard { source: Arc::clone(&source), key: key(), clock, secure_cookie: true, oidc: None });
    let response = Harness { source, router }.get(&format!("/sign-in?token={}", token())).await;
    assert!(header_of(&response, header::SET_COOKIE).ends_with("; Secure"));
}

#[tokio::test]
async fn signing_out_needs_a_post_and_removes_the_cookie() {
    let harness = harness(Memory::default());
    let response = harness.send(Method::POST, "/api/v1/sign-out", &[]).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert!(header_of(&response, header::SET_COOKIE).contains("Max-Age=0"));
    check_error(harness.get("/api/v1/sign-out").await, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed").await;
}

#[tokio::test]
async fn a_query_reaches_the_source_with_the_tenant_of_the_session() {
    let harness = harness(Memory::default());
    let path = format!("{}&video=https://lms/v?a%3D1&quiz=q%2B1&at=2026-11-23T09:00:00-03:00", views_path(TURMA));
    assert_eq!(harness.get_as(&token(), &path).await.status(), StatusCode::OK);
    let expected = ViewsQuery {
        tenant: "escola".into(),
        course: TURMA.into(),
        video: Some("https://lms/v?a=1".into()),
        quiz: Some("q+1".into()),
        at_millis: Some(NOW_MILLIS),
    };
    assert_eq!(*harness.source.asked.lock().unwrap(), vec![expected]);
}

#[tokio::test]
async fn no_query_chooses_its_tenant() {
    let harness = harness(Memory::default());
    for path in [views_path(TURMA), "/api/v1/courses".to_string(), "/api/v1/session".to_string()] {
        let separator = if path.contains('?') { '&' } else { '?' };
        harness.get_as(&token(), &format!("{path}{separator}tenant=outra")).await;
    }
    let asked = harness.source.asked.lock().unwrap();
    assert!(asked.iter().all(|query| query.tenant == "escola"), "{asked:?}");
}

#[tokio::test]
async fn another_instructors_course_is_forbidden_before_it_is_looked_up() {
    let harness = harness(Memory::default());
    let token = token_of(Some(&[TURMA]), NOW_MILLIS + 1);
    assert_eq!(harness.get_as(&token, &views_path(TURMA)).await.status(), StatusCode::OK);
    for course in ["other", "unheard-of"] {
        let response = harness.get_as(&token, &views_path(course)).await;
        check_error(response, StatusCode::FORBIDDEN, "course_forbidden").await;
    }
    assert_eq!(harness.source.asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_list_holds_only_courses_of_the_session() {
    let harness = harness(Memory::default());
    let ids = |list: Value| -> Vec<String> {
        let courses = list["courses"].as_array().unwrap().iter();
        courses.map(|course| course["course"].as_str().unwrap().to_owned()).collect()
    };
    let mine = token_of(Some(&[TURMA, "not yet"]), NOW_MILLIS + 1);
    assert_eq!(ids(body(harness.get_as(&mine, "/api/v1/courses").await).await), [TURMA]);
    assert_eq!(ids(body(harness.get_as(&token(), "/api/v1/courses").await).await), ["other", TURMA]);
}

#[tokio::test]
async fn an_unknown_course_and_a_bad_query_have_their_codes() {
    let harness = harness(Memory::default());
    let get = async |path: &str| harness.get_as(&token(), path).await;
    check_error(get("/api/v1/views?course=nope").await, StatusCode::NOT_FOUND, "course_unknown").await;
    check_error(get("/api/v1/views").await, StatusCode::BAD_REQUEST, "query_invalid").await;
    check_error(get("/api/v1/views?course=a&course=b").await, StatusCode::BAD_REQUEST, "query_invalid").await;
    check_error(get("/api/v1/views?course=a&at=noon").await, StatusCode::BAD_REQUEST, "query_invalid").await;
    check_error(get("/api/v1/courses?at=1").await, StatusCode::BAD_REQUEST, "query_invalid").await;
    check_error(get("/api/v1/nothing").await, StatusCode::NOT_FOUND, "not_found").await;
}

#[tokio::test]
async fn a_source_that_fails_keeps_its_details_inside() {
    let unavailable =
        harness(Memory { broken: Some(|| SourceError::Unavailable("table x".into())), ..Memory::default() });
    let response = unavailable.get_as(&token(), &views_path(TURMA)).await;
    assert_eq!(header_of(&response, header::RETRY_AFTER), "1");
    assert!(!body(response).await.to_string().contains("table x"));
    let corrupt = harness(Memory { broken: Some(|| SourceError::Corrupt("row y".into())), ..Memory::default() });
    let response = corrupt.get_as(&token(), "/api/v1/courses").await;
    check_error(response, StatusCode::INTERNAL_SERVER_ERROR, "internal").await;
}

#[tokio::test]
async fn an_unchanged_answer_is_not_sent_twice_though_time_has_passed() {
    let harness = harness(Memory::default());
    for path in [views_path(TURMA), "/api/v1/courses".to_owned()] {
        let first = harness.get_as(&token(), &path).await;
        assert_eq!(header_of(&first, header::CACHE_CONTROL), "private, no-cache");
        let tag = header_of(&first, header::ETAG);
        let bearer = format!("Bearer {}", token());
        let headers = [(header::AUTHORIZATION, bearer.as_str()), (header::IF_NONE_MATCH, tag.as_str())];
        let second = harness.send(Method::GET, &path, &headers).await;
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(header_of(&second, header::ETAG), tag);
        assert!(second.into_body().collect().await.unwrap().to_bytes().is_empty());

        *harness.source.learners.lock().unwrap() += 1;
        let third = harness.send(Method::GET, &path, &headers).await;
        assert_eq!(third.status(), StatusCode::OK);
        assert_ne!(header_of(&third, header::ETAG), tag);
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let harness = harness(Memory::default());
    for path in [
        "/",
        "/favicon.svg",
        "/api/v1/session",
        "/api/nothing",
        "/sign-in",
        "/config.json",
        "/assets/none.js",
        "/nowhere",
    ] {
        let response = harness.get(path).await;
        let policy = header_of(&response, header::CONTENT_SECURITY_POLICY);
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header_of(&response, header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        assert_eq!(header_of(&response, header::REFERRER_POLICY), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn anyone_may_ask_how_to_sign_in() {
    let link = harness(Memory::default()).get("/config.json").await;
    assert_eq!((link.status(), header_of(&link, header::CACHE_CONTROL).as_str()), (StatusCode::OK, "no-store"));
    assert_eq!(body(link).await, json!({"sign_in": {"kind": "link"}}));
    let at_issuer = harness_with(Memory::default(), Some(oidc())).get("/config.json").await;
    let sign_in = json!({
        "kind": "oidc", "issuer": "https://issuer.example/pool", "client_id": "page", "scope": "openid email profile",
    });
    assert_eq!(body(at_issuer).await, json!({ "sign_in": sign_in }));
}

#[tokio::test]
async fn the_page_may_connect_to_its_issuer_and_to_nothing_more() {
    let connect_src = async |harness: Harness, path: &str| {
        let policy = header_of(&harness.get(path).await, header::CONTENT_SECURITY_POLICY);
        let mut directives = policy.split("; ").map(str::to_owned);
        directives.find(|directive| directive.starts_with("connect-src")).unwrap()
    };
    assert_eq!(connect_src(harness(Memory::default()), "/").await, "connect-src 'self'");
    for path in ["/", "/config.json", "/api/v1/courses", "/assets/none.js"] {
        let connect = connect_src(harness_with(Memory::default(), Some(oidc())), path).await;
        assert_eq!(connect, "connect-src 'self' https://issuer.example https://escola.login.example", "{path}");
    }
}

#[tokio::test]
async fn the_page_is_served_to_anyone_and_asked_for_again_each_time() {
    let response = harness(Memory::default()).get("/").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header_of(&response, header::CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(header_of(&response, header::CACHE_CONTROL), "no-cache");
}

#[tokio::test]
async fn long_answers_are_sent_with_gzip_to_whoever_reads_it() {
    let harness = harness(Memory { courses: 40, ..Memory::default() });
    let page = harness.get("/").await.into_body().collect().await.unwrap().to_bytes();
    let page = String::from_utf8(page.to_vec()).unwrap();
    let assets = page.split('"').filter(|piece| piece.starts_with("/assets/"));
    let bearer = format!("Bearer {}", token());
    for path in assets.chain(["/api/v1/courses"]) {
        let plain = harness.send(Method::GET, path, &[(header::AUTHORIZATION, &bearer)]).await;
        let asked = [(header::AUTHORIZATION, bearer.as_str()), (header::ACCEPT_ENCODING, "br, gzip")];
        let zipped = harness.send(Method::GET, path, &asked).await;
        assert_eq!(header_of(&plain, header::CONTENT_ENCODING), "", "{path}");
        assert_eq!(header_of(&zipped, header::CONTENT_ENCODING), "gzip", "{path}");
        assert!(header_of(&zipped, header::VARY).ends_with("Accept-Encoding"), "{path}");
        assert_eq!(header_of(&zipped, header::CONTENT_TYPE), header_of(&plain, header::CONTENT_TYPE));
        let zipped = zipped.into_body().collect().await.unwrap().to_bytes();
        let mut text = String::new();
        GzDecoder::new(&zipped[..]).read_to_string(&mut text).unwrap();
        // Not the bytes themselves: an answer holds the time it was asked for.
        assert_eq!(text.len(), plain.into_body().collect().await.unwrap().to_bytes().len(), "{path}");
    }
}
