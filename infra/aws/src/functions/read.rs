//! The read API and the instructors' page, behind a JWT authorizer: who signed in is what the authorizer says.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use lambda_http::Error;
use lambda_http::request::RequestContext;
use trilha_collector::random::{OsRandom, Randomness};
use trilha_dashboard::claims::session_from_claims;
use trilha_dashboard::oidc::Oidc;
use trilha_dashboard::server::Dashboard;
use trilha_dashboard::session::SessionKey;
use trilha_dashboard::source::ViewSource;
use trilha_serve::clock::{self, Clock};

use super::Warm;
use super::http::{reported, run as serve};
use crate::report::Reporter;
use crate::wiring::Aws;

/// Takes requests from Lambda, for ever.
///
/// # Errors
/// When Lambda's runtime cannot be reached.
pub async fn run() -> Result<(), Error> {
    let reporter = Reporter::of_function("read", clock::system());
    let line = Arc::clone(&reporter);
    serve(Warm::new(move || open(Arc::clone(&line))), reporter).await
}

async fn open(reporter: Arc<Reporter>) -> anyhow::Result<Router> {
    let aws = Arc::new(Aws::from_environment().await?);
    let (tenants, oidc) = (aws.config.tenants()?.to_vec(), aws.config.oidc.clone());
    let router = router(Arc::new(aws.views()?), tenants, oidc, Arc::clone(&aws.clock));
    Ok(reported(router, reporter, Arc::new(move || aws.totals())))
}

/// The routes, for instructors of these tenants. There are no sign-in links: the key that would make them is drawn at
/// random and forgotten.
pub fn router<S: ViewSource>(source: Arc<S>, tenants: Vec<String>, oidc: Option<Oidc>, clock: Clock) -> Router {
    let mut key = [0; 32];
    OsRandom.fill(&mut key);
    let dashboard = Dashboard { source, key: SessionKey::new(key), clock, secure_cookie: true, oidc };
    let tenants: Arc<[String]> = tenants.into();
    trilha_dashboard::server::router(dashboard).layer(middleware::from_fn_with_state(tenants, signed_in))
}

/// Whoever the authorizer let through is signed in, as far as the claims go. The claims are in the event, where no
/// sender can put any.
async fn signed_in(State(tenants): State<Arc<[String]>>, mut request: Request, next: Next) -> Response {
    let context = request.extensions().get::<RequestContext>();
    let authorizer = context.and_then(RequestContext::authorizer);
    if let Some(jwt) = authorizer.and_then(|authorizer| authorizer.jwt.as_ref()) {
        match session_from_claims(&jwt.claims, &tenants) {
            Ok(session) => {
                request.extensions_mut().insert(session);
            }
            Err(error) => tracing::warn!(%error, "a token that was let through makes no session"),
        }
    }
    next.run(request).await
}
