//! `trilha-aws up`: everything in one process, on the endpoints that the environment names.

use std::sync::Arc;
use std::time::Duration;

use trilha_dashboard::session::SessionKey;
use trilha_lake::Compactor;
use trilha_live_dynamodb::DynamoTable;
use trilha_processors::lake::LakeProcessor;
use trilha_processors::live::LiveProcessor;
use trilha_serve::announce::{Announcement, announce};
use trilha_serve::delivery::{self, LAKE, LIVE, Pace, Turns};
use trilha_serve::housekeeping;
use trilha_serve::listen::{Stop, interrupted, serve, unless_asked_again, wait};
use trilha_stream::mapping::Mapping;
use trilha_stream::port::Stream;
use trilha_stream_kinesis::KinesisStream;

use super::cli::UpOptions;
use super::serve::{listen, router};
use crate::beyond;
use crate::functions::evaluator::evaluate;
use crate::functions::live::WARM_BYTES;
use crate::keys::Keys;
use crate::wiring::{Aws, AwsEvaluator, AwsManifest, AwsStorage, AwsStrays};

const COMPACT_EVERY: Duration = Duration::from_secs(60);
/// So long may requests that are under way at the stop take to end.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// What runs besides HTTP.
struct Background {
    aws: Aws,
    stream: Arc<KinesisStream>,
    table: Arc<DynamoTable>,
    compactor: Compactor<AwsManifest, AwsStorage>,
    /// Where the environment names a bus and a table for it.
    evaluator: Option<AwsEvaluator>,
    mappings: [Mapping<KinesisStream>; 2],
}

pub(super) async fn run(aws: Aws, options: &UpOptions) -> anyhow::Result<()> {
    let interrupted = interrupted()?;
    let (keys, stream) = tokio::try_join!(aws.keys(), aws.stream())?;
    let stores = aws.stores(&keys)?;
    let collector = aws.collector(&stream, &stores, &keys)?;
    let strays = Arc::new(aws.strays(&stream, &collector, &stores)?);
    let router = router(&aws, &collector, &keys, false)?;
    let listener = listen(options.listen).await?;
    let background = Arc::new(Background::start(aws, stream, strays).await?);
    if let Err(error) = background.say(&keys, listener.local_addr()?) {
        tracing::warn!(%error, "where everything is could not be printed");
    }
    let compact_every = options.compact_every.map_or(COMPACT_EVERY, Duration::from_millis);
    let housekeeping = tokio::spawn(keep_house(Arc::clone(&background), compact_every));
    let stop = Stop { asked: interrupted, draining: async {}, last_requests: wait(LAST_REQUESTS) };
    serve(listener, router, stop).await?;
    housekeeping.abort();
    let _ = housekeeping.await;
    unless_asked_again(finish(background)).await
}

/// Applies what was accepted, and shows it in the lake.
async fn finish(background: Arc<Background>) -> anyhow::Result<()> {
    background.drained().await?;
    background.compact().await?;
    if let Some(background) = Arc::into_inner(background) {
        background.stop().await;
    }
    Ok(())
}

impl Background {
    /// Starts delivering from where it stopped.
    async fn start(aws: Aws, stream: Arc<KinesisStream>, strays: Arc<AwsStrays>) -> anyhow::Result<Background> {
        let (table, lake) = (aws.live_table()?, aws.lake()?);
        let (writer, compactor) = (lake.writer().await?, lake.compactor());
        compactor.recover().await?;
        let incarnation = stream.incarnation().to_string();
        let live = LiveProcessor::new(Arc::clone(&table), Arc::clone(&strays), incarnation.clone(), WARM_BYTES);
        let lake = LakeProcessor::new(writer, strays, incarnation);
        let (turns, pace, clock) = (Turns::of_this_machine(), Pace::LIVE, &aws.clock);
        let mappings = [
            delivery::start(LIVE, pace.live_window, &stream, aws.checkpoints()?, turns.of(live), clock),
            delivery::start(LAKE, pace.lake_window, &stream, aws.checkpoints()?, turns.of(lake), clock),
        ];
        let has_bus = aws.config.event_bus.is_set() && aws.config.status_table.is_set();
        let evaluator = has_bus.then(|| aws.evaluator()).transpose()?;
        Ok(Background { aws, stream, table, compactor, evaluator, mappings })
    }

    /// Completes when everything accepted before is in the live tables and in the lake's landing files.
    async fn drained(&self) -> anyhow::Result<()> {
        for mapping in &self.mappings {
            mapping.drained().await?;
        }
        Ok(())
    }

    async fn compact(&self) -> anyhow::Result<()> {
        self.compactor.run(&beyond::of_all(&*self.table, self.aws.config.tenants()?).await?).await?;
        Ok(())
    }

    async fn evaluate(&self) -> anyhow::Result<()> {
        let Some(evaluator) = &self.evaluator else { return Ok(()) };
        let done = evaluate(evaluator, self.aws.config.tenants()?, (self.aws.clock)(), &|| true).await;
        done.map(drop).map_err(anyhow::Error::msg)
    }

    async fn absorb_expired(&self) -> anyhow::Result<()> {
        let tenants: Vec<&str> = self.aws.config.tenants()?.iter().map(String::as_str).collect();
        housekeeping::absorb_expired(&*self.table, &*self.stream, &tenants).await.map(drop)
    }

    /// Says where everything is, for the first tenant.
    fn say(&self, keys: &Keys, address: std::net::SocketAddr) -> anyhow::Result<()> {
        let [(tenant, write_key), ..] = &keys.write_keys[..] else { return Ok(()) };
        let said = Announcement {
            address,
            tenant,
            session_key: &SessionKey::new(*keys.session_key.bytes()),
            write_key,
            now_millis: (self.aws.clock)(),
            analysts: "SQL in Athena.",
        };
        Ok(announce(&mut std::io::stdout().lock(), &said)?)
    }

    /// Lets what is under way finish.
    async fn stop(self) {
        for mapping in self.mappings {
            mapping.stop().await;
        }
    }
}

/// Compacts the lake, raises domain events, and puts views of expired shards together. Rows of the quarantine go by
/// themselves, and so do records of the stream.
async fn keep_house(background: Arc<Background>, compact_every: Duration) {
    loop {
        tokio::time::sleep(compact_every).await;
        if let Err(error) = background.compact().await {
            tracing::error!(%error, "the lake was not compacted");
        }
        if let Err(error) = background.evaluate().await {
            tracing::error!(%error, "not all courses were evaluated");
        }
        if let Err(error) = background.absorb_expired().await {
            tracing::error!(%error, "views of expired shards were not put together");
        }
    }
}
