//! Who is signed in behind a JWT authorizer.

use std::sync::Arc;

use serde_json::{Value, json};
use trilha_dashboard::api::{CourseList, CourseViews};
use trilha_dashboard::source::{SourceError, ViewSource, ViewsQuery};
use trilha_dashboard::units::Time;

use super::support::*;
use crate::functions::read::router;

/// A school without courses.
struct Empty;

impl ViewSource for Empty {
    async fn courses(&self, _tenant: &str, _at_millis: Option<i64>) -> Result<CourseList, SourceError> {
        Ok(CourseList { as_of: Time::from_millis(NOW), processed_to: None, courses: Vec::new() })
    }

    async fn views(&self, _query: ViewsQuery) -> Result<Option<CourseViews>, SourceError> {
        Ok(None)
    }
}

async fn call(event: &Value) -> Value {
    function(router(Arc::new(Empty), vec!["ufpa".into()], None, Arc::new(|| NOW))).call(event).await
}

fn with_claims(path: &str, claims: Value) -> Value {
    let mut event = api_gateway("GET", path, json!({ "authorization": "Bearer e30.e30.c2ln" }));
    event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": null } });
    event
}

fn claims() -> Value {
    let expires = (NOW / 1000 + 3_600).to_string();
    json!({ "sub": "6c1b", "email": "ana@ufpa.example", "custom:tenant": "ufpa", "custom:courses": "bio,qui", "exp": expires })
}

#[tokio::test]
async fn the_authorizers_claims_sign_in() {
    let answer = call(&with_claims("/api/v1/session", claims())).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let session = body(&answer);
    assert_eq!((&session["tenant"], &session["instructor"]), (&"ufpa".into(), &"ana@ufpa.example".into()));
    assert_eq!(session["courses"], json!(["bio", "qui"]));
    assert_eq!(call(&with_claims("/api/v1/courses", claims())).await["statusCode"], 200);
}

#[tokio::test]
async fn a_course_that_is_not_theirs_stays_closed() {
    let mut event = with_claims("/api/v1/views", claims());
    for (course, status) in [("his", 403), ("bio", 404)] {
        event["rawQueryString"] = format!("course={course}").into();
        assert_eq!(call(&event).await["statusCode"], status, "{course}");
    }
}

#[tokio::test]
async fn without_claims_of_a_tenant_of_ours_nobody_is_signed_in() {
    let mut foreign = claims();
    foreign["custom:tenant"] = "usp".into();
    let mut nobodys = claims();
    nobodys.as_object_mut().unwrap().remove("custom:tenant");
    let bare = api_gateway("GET", "/api/v1/courses", json!({ "authorization": "Bearer e30.e30.c2ln" }));
    for event in [bare, with_claims("/api/v1/courses", foreign), with_claims("/api/v1/courses", nobodys)] {
        assert_eq!(call(&event).await["statusCode"], 401, "{event}");
    }
    let balanced = load_balancer("GET", "/api/v1/courses", json!({}));
    assert_eq!(call(&balanced).await["statusCode"], 401);
}

#[tokio::test]
async fn a_sender_cannot_write_claims() {
    let context = json!({ "authorizer": { "jwt": { "claims": claims() } } }).to_string();
    let headers = json!({ "x-amzn-request-context": context, "cookie": "trilha_session=e30.e30" });
    assert_eq!(call(&api_gateway("GET", "/api/v1/courses", headers)).await["statusCode"], 401);
}

#[tokio::test]
async fn the_page_needs_nobody() {
    let answer = call(&api_gateway("GET", "/", json!({}))).await;
    assert_eq!(answer["statusCode"], 200);
    assert!(answer["headers"]["content-type"].as_str().unwrap().starts_with("text/html"));
}
