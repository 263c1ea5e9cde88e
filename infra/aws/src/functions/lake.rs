//! The lake's writer: records into landing files.

use std::sync::Arc;

use lambda_runtime::Error;
use trilha_processors::lake::LakeProcessor;
use trilha_processors::strays::DamagedOnly;
use trilha_serve::clock;
use trilha_stream::port::Stream;

use super::Warm;
use super::batches::{Batches, run as take_batches};
use crate::report::Reporter;
use crate::wiring::{Aws, AwsManifest, AwsQuarantine, AwsStorage};

/// Takes batches from Lambda, for ever.
///
/// # Errors
/// When Lambda's runtime cannot be reached.
pub async fn run() -> Result<(), Error> {
    let reporter = Reporter::of_function("lake", clock::system());
    take_batches(Warm::new(open), reporter).await
}

type Processor = LakeProcessor<AwsManifest, AwsStorage, DamagedOnly<AwsQuarantine>>;

async fn open() -> anyhow::Result<Batches<Processor>> {
    let aws = Arc::new(Aws::from_environment().await?);
    let lake = aws.lake()?;
    let (keys, stream, writer) = tokio::try_join!(aws.keys(), aws.stream(), lake.writer())?;
    let quarantine = aws.quarantine(&keys)?;
    let totals = aws.totals_of(&quarantine);
    let processor = LakeProcessor::new(writer, DamagedOnly { quarantine }, stream.incarnation().to_string());
    Ok(Batches { processor, totals })
}
