//! `trilha up`: everything in one process.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use trilha_collector::embedded::EmbeddedSettings;
use trilha_collector::quarantine::Quarantine;
use trilha_collector::router::{AllowedOrigins, Front};
use trilha_dashboard::read::LiveViews;
use trilha_dashboard::server::Dashboard;
use trilha_dashboard::session::SessionKey;
use trilha_live::embedded::EmbeddedTable;
use trilha_processors::evaluator::status::TableStatus;
use trilha_processors::evaluator::{Evaluator, Limits};
use trilha_serve::announce::{Announcement, announce};
use trilha_serve::clock::{self, Clock};
use trilha_serve::delivery::Pace;
use trilha_serve::listen::{Stop, interrupted, serve, unless_asked_again, wait};
use trilha_serve::reading::CourseSettings;

use crate::alerts::Alerts;
use crate::cli::UpOptions;
use crate::data::{DataDir, TENANT};
use crate::demo;
use crate::pipeline::Pipeline;

/// The first compaction comes soon, so that an analyst need not wait; then each minute.
const FIRST_COMPACTION: Duration = Duration::from_secs(10);
const COMPACT_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked for what to tell of.
const EVALUATE_EVERY: Duration = Duration::from_secs(60);
const BAD_ORIGIN: &str =
    "--allow-origin takes origins by name, as in https://lms.example.org: no *, and no slash at the end";
/// So long may requests that are under way at the stop take to end.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

pub(crate) async fn run(options: UpOptions) -> anyhow::Result<()> {
    let clock = clock::system();
    let dir = DataDir::open_or_create(&options.data)?;
    let listener = TcpListener::bind(options.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", options.listen))?;
    let lake_window = options.lake_window.map_or(Pace::LIVE.lake_window, Duration::from_millis);
    let pace = Pace { lake_window, ..Pace::LIVE };
    let pipeline = Arc::new(Pipeline::start(&dir, &options.zone, Arc::clone(&clock), pace).await?);
    let router = router(&dir, &options, &pipeline, &clock)?;
    let interrupted = interrupted()?;
    if let Err(error) = say(&dir, &options, &listener, &clock) {
        tracing::warn!(%error, "where everything is could not be printed");
    }
    let compact_every = options.compact_every.map(Duration::from_millis);
    let evaluate_every = options.evaluate_every.map_or(EVALUATE_EVERY, Duration::from_millis);
    let evaluator = evaluator(&dir, &pipeline)?;
    let evaluation = tokio::spawn(evaluate(evaluator, Arc::clone(&clock), evaluate_every));
    let housekeeping = tokio::spawn(keep_house(Arc::clone(&pipeline), Arc::clone(&clock), compact_every));
    let class =
        options.demo.then(|| tokio::spawn(demo::run(Arc::clone(&pipeline.collector), dir.owner(), Arc::clone(&clock))));
    let stop = Stop { asked: interrupted, draining: async {}, last_requests: wait(LAST_REQUESTS) };
    serve(listener, router, stop).await?;
    for task in [Some(evaluation), Some(housekeeping), class].into_iter().flatten() {
        task.abort();
        let _ = task.await;
    }
    unless_asked_again(finish(pipeline)).await
}

/// Applies what was accepted, and shows it in the lake.
async fn finish(pipeline: Arc<Pipeline>) -> anyhow::Result<()> {
    pipeline.drained().await?;
    pipeline.compact().await?;
    if let Some(pipeline) = Arc::into_inner(pipeline) {
        pipeline.stop().await;
    }
    Ok(())
}

fn router(dir: &DataDir, options: &UpOptions, pipeline: &Pipeline, clock: &Clock) -> anyhow::Result<Router> {
    let front = Front {
        collector: Arc::clone(&pipeline.collector),
        keys: Arc::new(dir.keys.ring.clone()),
        clock: Arc::clone(clock),
        origins: AllowedOrigins::new(&options.allow_origins).context(BAD_ORIGIN)?,
    };
    let settings = CourseSettings { store: Arc::clone(&pipeline.settings), default_zone: options.zone.clone() };
    let dashboard = Dashboard {
        source: Arc::new(LiveViews::new(Arc::clone(&pipeline.table), settings, Arc::clone(clock))),
        key: session_key(dir),
        clock: Arc::clone(clock),
        secure_cookie: false,
        oidc: None,
    };
    Ok(trilha_collector::router::router(front).merge(trilha_dashboard::server::router(dashboard)))
}

fn session_key(dir: &DataDir) -> SessionKey {
    SessionKey::new(*dir.keys.session_key.bytes())
}

/// Says where everything is.
fn say(dir: &DataDir, options: &UpOptions, listener: &TcpListener, clock: &Clock) -> anyhow::Result<()> {
    let analysts = format!("trilha-query --data {} \"SELECT …\".", options.data.display());
    let said = Announcement {
        address: listener.local_addr()?,
        tenant: TENANT,
        session_key: &session_key(dir),
        write_key: &dir.keys.write_key,
        now_millis: clock(),
        analysts: &analysts,
    };
    Ok(announce(&mut std::io::stdout().lock(), &said)?)
}

type LocalEvaluator = Evaluator<EmbeddedTable, EmbeddedSettings, TableStatus<EmbeddedTable>, Alerts>;

fn evaluator(dir: &DataDir, pipeline: &Pipeline) -> anyhow::Result<LocalEvaluator> {
    let statuses = Arc::new(EmbeddedTable::open(&dir.status()).context("cannot open the evaluator's status")?);
    Ok(Evaluator {
        table: Arc::clone(&pipeline.table),
        settings: Arc::clone(&pipeline.settings),
        statuses: TableStatus(Arc::clone(&statuses)),
        sink: Alerts(statuses),
    })
}

/// Looks for what to tell of. One that is cut off at the stop is done again by the next `up`.
async fn evaluate(evaluator: LocalEvaluator, clock: Clock, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        match evaluator.run(&[TENANT], clock(), &Limits::ONE_BY_ONE).await {
            Ok(evaluated) => tracing::debug!(?evaluated, "evaluated"),
            Err(error) => tracing::error!(%error, "not all courses were evaluated"),
        }
    }
}

/// Compacts the lake, trims the stream, empties the quarantine of what is 30 days old, puts views of expired shards together.
async fn keep_house(pipeline: Arc<Pipeline>, clock: Clock, compact_every: Option<Duration>) {
    let mut wait = compact_every.unwrap_or(FIRST_COMPACTION);
    loop {
        tokio::time::sleep(wait).await;
        wait = compact_every.unwrap_or(COMPACT_EVERY);
        if let Err(error) = pipeline.compact().await {
            tracing::error!(%error, "the lake was not compacted");
        }
        if let Err(error) = pipeline.quarantine.expire(clock()).await {
            tracing::error!(%error, "old quarantine rows were not dropped");
        }
        if let Err(error) = pipeline.absorb_expired().await {
            tracing::error!(%error, "views of expired shards were not put together");
        }
        if let Err(error) = pipeline.trim(clock()).await {
            tracing::error!(%error, "the stream was not trimmed");
        }
    }
}
