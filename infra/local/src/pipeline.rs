//! The pipeline on one machine: which implementation stands for which part, and how they are tied together.

use std::sync::Arc;

use anyhow::anyhow;
use trilha_collector::collector::{Collector, Ports, tokio_sleep};
use trilha_collector::embedded::{EmbeddedIdentities, EmbeddedQuarantine, EmbeddedSettings, EmbeddedStores};
use trilha_collector::random::{OsRandom, Randomness};
use trilha_core::FOLD_VERSION;
use trilha_lake::{Beyond, Lake};
use trilha_live::embedded::EmbeddedTable;
use trilha_processors::beyond;
use trilha_processors::lake::LakeProcessor;
use trilha_processors::live::LiveProcessor;
use trilha_processors::strays::CollectorStrays;
use trilha_serve::clock::Clock;
use trilha_serve::delivery::{self, LAKE, LIVE, Pace, Turns};
use trilha_serve::housekeeping;
use trilha_stream::embedded::EmbeddedStream;
use trilha_stream::mapping::Mapping;
use trilha_stream::port::Stream;

use crate::data::{DataDir, TENANT};

/// The collector over the embedded stores.
pub(crate) type LocalCollector = Collector<EmbeddedStream, EmbeddedIdentities, EmbeddedQuarantine, EmbeddedSettings>;

/// What takes in records that are not folded, and drives quarantine rows again.
pub(crate) type LocalStrays = CollectorStrays<EmbeddedStream, EmbeddedIdentities, EmbeddedQuarantine, EmbeddedSettings>;

/// Two a core of a small machine: a batch of one folds while the other's is written.
const SHARDS: u32 = 4;
/// What the warm items of one shard may take in memory.
const WARM_BYTES: usize = 32 * 1024 * 1024;

/// A running pipeline.
pub(crate) struct Pipeline {
    pub collector: Arc<LocalCollector>,
    pub quarantine: Arc<EmbeddedQuarantine>,
    pub settings: Arc<EmbeddedSettings>,
    pub table: Arc<EmbeddedTable>,
    pub lake: Arc<Lake>,
    pub stream: Arc<EmbeddedStream>,
    pub strays: Arc<LocalStrays>,
    mappings: [Mapping<EmbeddedStream>; 2],
}

impl Pipeline {
    /// Opens a data folder's stores and starts delivering from where it stopped.
    pub(crate) async fn start(dir: &DataDir, zone: &str, clock: Clock, pace: Pace) -> anyhow::Result<Pipeline> {
        let stores = EmbeddedStores::open(&dir.collector(), dir.sealer()).map_err(in_use)?;
        let stream = Arc::new(open_stream(dir, Arc::clone(&clock))?);
        let table = Arc::new(EmbeddedTable::open(&dir.live()).map_err(in_use)?);
        let lake = Arc::new(Lake::open(&dir.lake(), FOLD_VERSION).await.map_err(in_use)?);
        let (quarantine, settings) = (Arc::new(stores.quarantine), Arc::new(stores.settings));
        let ports = Ports {
            stream: Arc::clone(&stream),
            identities: Arc::new(stores.identities),
            quarantine: Arc::clone(&quarantine),
            settings: Arc::clone(&settings),
        };
        let collector = Arc::new(Collector::new(ports, &dir.keys.ring, zone, tokio_sleep())?);
        let strays = Arc::new(CollectorStrays {
            stream: Arc::clone(&stream),
            collector: Arc::clone(&collector),
            quarantine: Arc::clone(&quarantine),
            producer: dir.owner(),
        });
        let incarnation = stream.incarnation().to_string();
        let live = LiveProcessor::new(Arc::clone(&table), Arc::clone(&strays), incarnation.clone(), WARM_BYTES);
        let lake_processor = LakeProcessor::new(lake.writer(), Arc::clone(&strays), incarnation);
        let turns = Turns::of_this_machine();
        let (live, lake_processor) = (turns.of(live), turns.of(lake_processor));
        let mappings = [
            delivery::start(LIVE, pace.live_window, &stream, stream.checkpoints(), live, &clock),
            delivery::start(LAKE, pace.lake_window, &stream, stream.checkpoints(), lake_processor, &clock),
        ];
        Ok(Pipeline { collector, quarantine, settings, table, lake, stream, strays, mappings })
    }

    /// Completes when everything accepted before is in the live tables and in the lake's landing files.
    pub(crate) async fn drained(&self) -> anyhow::Result<()> {
        for mapping in &self.mappings {
            mapping.drained().await?;
        }
        Ok(())
    }

    /// The events that the live tables had no room for; a compaction flags their rows.
    pub(crate) async fn beyond_state(&self) -> anyhow::Result<Beyond> {
        Ok(beyond::read(&*self.table, TENANT).await?)
    }

    /// Publishes what has landed in the lake.
    pub(crate) async fn compact(&self) -> anyhow::Result<()> {
        self.lake.compact(&self.beyond_state().await?).await?;
        Ok(())
    }

    /// Puts the views of shards whose records have expired together. This stream closes none; one that is made anew leaves
    /// those of its former life.
    pub(crate) async fn absorb_expired(&self) -> anyhow::Result<()> {
        housekeeping::absorb_expired(&*self.table, &*self.stream, &[TENANT]).await.map(drop)
    }

    /// Drops stream records that are old and done.
    pub(crate) async fn trim(&self, now_millis: i64) -> anyhow::Result<()> {
        Ok(self.stream.trim(now_millis).await?)
    }

    /// Lets what is under way finish.
    pub(crate) async fn stop(self) {
        for mapping in self.mappings {
            mapping.stop().await;
        }
    }
}

fn open_stream(dir: &DataDir, clock: Clock) -> anyhow::Result<EmbeddedStream> {
    let mut incarnation = [0; 16];
    OsRandom.fill(&mut incarnation);
    EmbeddedStream::open(&dir.stream(), SHARDS, incarnation, clock).map_err(in_use)
}

fn in_use(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{error}").context("cannot open the data folder; is another trilha running on it?")
}
