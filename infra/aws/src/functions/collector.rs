//! The collector: events and tokens by HTTP.

use std::sync::Arc;

use axum::Router;
use lambda_http::Error;
use trilha_serve::clock;

use super::Warm;
use super::http::{reported, run as serve};
use crate::report::Reporter;
use crate::wiring::Aws;

/// Takes requests from Lambda, for ever.
///
/// # Errors
/// When Lambda's runtime cannot be reached.
pub async fn run() -> Result<(), Error> {
    let reporter = Reporter::of_function("collector", clock::system());
    let line = Arc::clone(&reporter);
    serve(Warm::new(move || open(Arc::clone(&line))), reporter).await
}

async fn open(reporter: Arc<Reporter>) -> anyhow::Result<Router> {
    let aws = Arc::new(Aws::from_environment().await?);
    let (keys, stream) = tokio::try_join!(aws.keys(), aws.stream())?;
    let stores = aws.stores(&keys)?;
    let router = aws.collector_router(&aws.collector(&stream, &stores, &keys)?, &keys);
    Ok(reported(router, reporter, aws.totals_of(&stores.quarantine)))
}
