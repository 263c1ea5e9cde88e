//! The routes: the page, signing in and out, and the read API.
//!
//! Ids hold slashes, colons and plus signs, so they travel as query parameters.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query, State};
use axum::middleware::map_response_with_state;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde::Deserialize;

use crate::api::{CourseList, CourseViews, PageConfig, SessionInfo, SignInWay};
use crate::error::ApiError;
use crate::oidc::Oidc;
use crate::session::{Session, SessionError, SessionKey, verify};
use crate::source::{ViewSource, ViewsQuery};
use crate::units::Time;
use crate::{assets, etag, headers};

const COOKIE: &str = "trilha_session";

/// Tells the time, in milliseconds since 1970 UTC.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// What the server is made of.
pub struct Dashboard<S> {
    /// Where the numbers come from.
    pub source: Arc<S>,
    /// Signs and checks sessions.
    pub key: SessionKey,
    /// The time that sessions are held against.
    pub clock: Clock,
    /// The page is reached over HTTPS only, so the cookie may say so.
    pub secure_cookie: bool,
    /// Where instructors sign in, and the page gets the token that a front before the read API checks; `None` means by
    /// the links and the cookie of this server.
    pub oidc: Option<Oidc>,
}

impl<S> Clone for Dashboard<S> {
    fn clone(&self) -> Self {
        Self {
            source: Arc::clone(&self.source),
            key: self.key.clone(),
            clock: Arc::clone(&self.clock),
            secure_cookie: self.secure_cookie,
            oidc: self.oidc.clone(),
        }
    }
}

/// The router of the page and the read API. It has no fallback of its own, so that it can be merged with the collector's.
pub fn router<S: ViewSource>(dashboard: Dashboard<S>) -> Router {
    let policy = headers::content_security_policy(dashboard.oidc.as_ref().map_or(&[], Oidc::origins));
    Router::new()
        .route("/", get(page))
        .route("/favicon.svg", get(page))
        .route("/assets/{file}", get(page))
        .route("/config.json", get(config::<S>))
        .route("/sign-in", get(sign_in::<S>))
        .route("/api/v1/sign-out", post(sign_out::<S>))
        .route("/api/v1/session", get(session_info))
        .route("/api/v1/courses", get(courses::<S>))
        .route("/api/v1/views", get(views::<S>))
        .route("/api/{*rest}", get(async || ApiError::NotFound))
        .method_not_allowed_fallback(async || ApiError::Method)
        .layer(map_response_with_state(policy, headers::secure))
        .with_state(dashboard)
}

async fn page(uri: Uri, request: HeaderMap) -> Response {
    assets::serve(&request, uri.path()).unwrap_or_else(|| ApiError::NotFound.into_response())
}

/// Tells anyone how to sign in; there is no secret in it.
async fn config<S: ViewSource>(State(dashboard): State<Dashboard<S>>) -> Response {
    let sign_in = dashboard.oidc.map_or(SignInWay::Link, |oidc| SignInWay::Oidc {
        issuer: oidc.issuer().to_owned(),
        client_id: oidc.client_id().to_owned(),
        scope: oidc.scope().to_owned(),
    });
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Json(PageConfig { sign_in })).into_response()
}

type Parameters<T> = Result<Query<T>, QueryRejection>;

#[derive(Deserialize)]
struct SignIn {
    #[serde(default)]
    token: String,
}

/// Turns the token of a link into a cookie and leads to the page, whose address no longer has it.
async fn sign_in<S: ViewSource>(State(dashboard): State<Dashboard<S>>, query: Parameters<SignIn>) -> Response {
    let token = query.map(|Query(query)| query.token).unwrap_or_default();
    let now_millis = (dashboard.clock)();
    match verify(&dashboard.key, &token, now_millis) {
        Ok(session) => {
            let seconds = (session.expires_millis - now_millis) / 1000;
            redirect("/", &dashboard.cookie(&token, seconds))
        }
        Err(_) => redirect("/?sign-in=failed", &dashboard.cookie("", 0)),
    }
}

async fn sign_out<S: ViewSource>(State(dashboard): State<Dashboard<S>>) -> Response {
    (StatusCode::NO_CONTENT, no_store_with(&dashboard.cookie("", 0))).into_response()
}

fn redirect(to: &str, cookie: &str) -> Response {
    (no_store_with(cookie), Redirect::to(to)).into_response()
}

fn no_store_with(cookie: &str) -> HeaderMap {
    let cookie = HeaderValue::from_str(cookie).expect("a verified token is base64 and a dot");
    HeaderMap::from_iter([(header::CACHE_CONTROL, HeaderValue::from_static("no-store")), (header::SET_COOKIE, cookie)])
}

async fn session_info(Signed(session): Signed) -> Response {
    let Session { tenant, instructor, courses, .. } = session;
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (no_store, Json(SessionInfo { instructor, tenant, courses })).into_response()
}

#[derive(Deserialize)]
struct CoursesParameters {
    at: Option<String>,
}

async fn courses<S: ViewSource>(
    State(dashboard): State<Dashboard<S>>,
    Signed(session): Signed,
    request: HeaderMap,
    query: Parameters<CoursesParameters>,
) -> Result<Response, ApiError> {
    let Query(parameters) = query.map_err(|rejection| ApiError::Query(rejection.body_text()))?;
    let at_millis = parse_at(parameters.at.as_deref())?;
    let mut body = dashboard.source.courses(&session.tenant, at_millis).await?;
    body.courses.retain(|course| session.may_see(&course.course));
    let compared = CourseList { as_of: Time::from_millis(0), ..body.clone() };
    Ok(etag::answer(&request, &body, &compared))
}

#[derive(Deserialize)]
struct ViewsParameters {
    course: Option<String>,
    video: Option<String>,
    quiz: Option<String>,
    at: Option<String>,
}

async fn views<S: ViewSource>(
    State(dashboard): State<Dashboard<S>>,
    Signed(session): Signed,
    request: HeaderMap,
    query: Parameters<ViewsParameters>,
) -> Result<Response, ApiError> {
    let Query(parameters) = query.map_err(|rejection| ApiError::Query(rejection.body_text()))?;
    let ViewsParameters { course, video, quiz, at } = parameters;
    let course = course.ok_or_else(|| ApiError::Query("the parameter `course` is missing".to_owned()))?;
    let at_millis = parse_at(at.as_deref())?;
    if !session.may_see(&course) {
        return Err(ApiError::CourseForbidden);
    }
    let query = ViewsQuery { tenant: session.tenant, course, video, quiz, at_millis };
    let body = dashboard.source.views(query).await?.ok_or(ApiError::CourseUnknown)?;
    let compared = CourseViews { as_of: Time::from_millis(0), ..body.clone() };
    Ok(etag::answer(&request, &body, &compared))
}

fn parse_at(text: Option<&str>) -> Result<Option<i64>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let time = Time::parse(text);
    let time = time.ok_or_else(|| ApiError::Query("the parameter `at` is not a time in RFC 3339".to_owned()))?;
    Ok(Some(time.millis))
}

impl<S> Dashboard<S> {
    fn cookie(&self, value: &str, max_age_seconds: i64) -> String {
        let secure = if self.secure_cookie { "; Secure" } else { "" };
        format!("{COOKIE}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}")
    }
}

/// The session of a request: one that a front has verified and put into its extensions, a bearer token, else the cookie.
/// Only code in this process can put an extension.
struct Signed(Session);

impl<S: ViewSource> FromRequestParts<Dashboard<S>> for Signed {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, dashboard: &Dashboard<S>) -> Result<Self, ApiError> {
        let now_millis = (dashboard.clock)();
        if let Some(session) = parts.extensions.get::<Session>() {
            let lasts = session.expires_millis > now_millis;
            return if lasts { Ok(Self(session.clone())) } else { Err(SessionError::Expired.into()) };
        }
        let token = bearer(&parts.headers).or_else(|| cookie(&parts.headers)).ok_or(ApiError::NotSignedIn)?;
        Ok(Self(verify(&dashboard.key, token, now_millis)?))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, value)| *name == COOKIE && !value.is_empty()).map(|(_, value)| value)
}
