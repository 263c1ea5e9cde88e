//! `trilha replay`: files through the same pipeline, to the end.

mod files;
mod report;

use std::sync::Arc;
use std::time::{Duration, Instant};

use trilha_collector::collector::{Arrival, CollectError, Receipt, Sent};
use trilha_collector::credential::Credential;
use trilha_processors::strays::TRY_AGAIN;
use trilha_schemas::documents::Document;
use trilha_schemas::event::Protocol;
use trilha_schemas::reader::Read;
use trilha_serve::clock::{self, Clock};
use trilha_serve::delivery::Pace;

use crate::cli::ReplayOptions;
use crate::data::DataDir;
use crate::pipeline::{LocalCollector, Pipeline};
use files::{Batch, Parsed};
use report::Report;

/// Documents that are collected together: many events a record, some 50 MB in memory.
const BATCH: Batch = Batch { documents: 24_000, bytes: 32 << 20 };
const RETRY_AFTER: Duration = Duration::from_millis(200);

pub(crate) async fn run(options: ReplayOptions) -> anyhow::Result<()> {
    let dir = DataDir::open_or_create(&options.data)?;
    let clock = clock::system();
    let pipeline = Pipeline::start(&dir, &options.zone, Arc::clone(&clock), Pace::REPLAY).await?;
    let started = Instant::now();
    let replay = Replay {
        collector: Arc::clone(&pipeline.collector),
        protocol: options.format.into(),
        owner: dir.owner(),
        clock,
    };
    let outcome = replay.files(&options).await;
    // What was accepted is applied even when a file could not be read to its end.
    pipeline.drained().await?;
    let (lake, beyond) = (Arc::clone(&pipeline.lake), pipeline.beyond_state().await?);
    pipeline.stop().await;
    lake.compact(&beyond).await?;
    let report = outcome?;
    report.print(options.json, started.elapsed())
}

struct Replay {
    collector: Arc<LocalCollector>,
    protocol: Protocol,
    owner: Credential,
    clock: Clock,
}

impl Replay {
    async fn files(&self, options: &ReplayOptions) -> anyhow::Result<Report> {
        let mut batches = files::read(options.files.clone(), self.protocol, BATCH)?;
        let mut report = Report::default();
        while let Some(batch) = batches.recv().await {
            self.collect(batch?, &mut report).await?;
        }
        Ok(report)
    }

    async fn collect(&self, batch: Parsed, report: &mut Report) -> anyhow::Result<()> {
        report.read += batch.len() as u64;
        let (documents, mut reads): (Vec<Document>, Vec<Read>) = batch.into_iter().unzip();
        let mut chosen: Vec<usize> = (0..documents.len()).collect();
        loop {
            let sent = chosen.iter().zip(reads).flat_map(|(index, read)| {
                let raw = &documents[*index].bytes;
                read.into_iter().map(|read| Sent { index: *index, raw, read, about: None })
            });
            let arrival = Arrival::Replay { now_millis: (self.clock)() };
            match self.collector.collect(&self.owner, self.protocol, arrival, sent.collect()).await {
                Ok(receipt) => {
                    report.accepted += receipt.accepted as u64;
                    receipt.rejected.iter().filter(|one| one.code != TRY_AGAIN).for_each(|one| report.reject(one.code));
                    chosen = again(&receipt);
                }
                Err(CollectError::Throttled | CollectError::Unavailable(_)) => {}
                Err(error) => return Err(error.into()),
            }
            if chosen.is_empty() {
                return Ok(());
            }
            // Those that are in already are known by their ids.
            tokio::time::sleep(RETRY_AFTER).await;
            reads = chosen.iter().map(|index| documents[*index].read(self.protocol)).collect();
        }
    }
}

/// The documents with an event that the stream did not take.
fn again(receipt: &Receipt) -> Vec<usize> {
    let mut again: Vec<usize> =
        receipt.rejected.iter().filter(|one| one.code == TRY_AGAIN).map(|one| one.index).collect();
    again.dedup();
    again
}
