//! The collector: events and tokens by HTTP.

use std::sync::Arc;

use lambda_http::Error;
use trilha_serve::clock;

use super::http::{Served, run as serve};
use super::Warm;
use crate::report::Reporter;
use crate::wiring::Aws;

/// Takes requests from Lambda, for ever.
///
/// # Errors
/// When Lambda's runtime cannot be reached.
pub async fn run() -> Result<(), Error> {
    let reporter = Reporter::of_function("collector", clock::system());
    serve(Warm::new(open), reporter).await
}

async fn open() -> anyhow::Result<Served> {
    let aws = Arc::new(Aws::from_environment().await?);
    let (keys, stream) = tokio::try_join!(aws.keys(), aws.stream())?;
    let stores = aws.stores(&keys)?;
    let router = aws.collector_router(&aws.collector(&stream, &stores, &keys)?, &keys);
    Ok(Served { router, totals: aws.totals_of(&stores.quarantine) })
}
