//! `trilha-aws serve`: the collector and the read API as a plain server, for a container behind a load balancer. People
//! sign in by our own links: a load balancer checks no tokens.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use trilha_dashboard::server::Dashboard;
use trilha_dashboard::session::SessionKey;
use trilha_serve::listen::{Stop, interrupted, serve, wait};

use super::cli::ServeOptions;
use crate::functions::http::reported;
use crate::keys::Keys;
use crate::report::Reporter;
use crate::wiring::{Aws, AwsCollector};

/// So long may requests that are under way at the stop take to end. With the draining that is below the 30 seconds
/// after which ECS kills a task.
const LAST_REQUESTS: Duration = Duration::from_secs(15);

pub(super) async fn run(aws: Aws, options: &ServeOptions) -> anyhow::Result<()> {
    let interrupted = interrupted()?;
    let (keys, stream) = tokio::try_join!(aws.keys(), aws.stream())?;
    let aws = Arc::new(aws);
    let stores = aws.stores(&keys)?;
    let collector = aws.collector(&stream, &stores, &keys)?;
    let router = router(&aws, &collector, &keys, !options.plain_http)?;
    let reporter = Reporter::of_function("serve", Arc::clone(&aws.clock));
    let router = reported(router, reporter, aws.totals_of(&stores.quarantine));
    let listener = listen(options.listen).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    let draining = wait(Duration::from_secs(options.drain_seconds));
    serve(listener, router, Stop { asked: interrupted, draining, last_requests: wait(LAST_REQUESTS) }).await
}

pub(super) async fn listen(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// All routes.
pub(super) fn router(
    aws: &Aws,
    collector: &Arc<AwsCollector>,
    keys: &Keys,
    secure_cookie: bool,
) -> anyhow::Result<Router> {
    let dashboard = Dashboard {
        source: Arc::new(aws.views()?),
        key: SessionKey::new(*keys.session_key.bytes()),
        clock: Arc::clone(&aws.clock),
        secure_cookie,
        oidc: None,
    };
    Ok(aws.collector_router(collector, keys).merge(trilha_dashboard::server::router(dashboard)))
}
