//! Runs the sample: a warm-up that is not counted, then a while for each window.

use std::collections::BTreeMap;

use trilha_lake::Beyond;
use trilha_processors::beyond;
use trilha_processors::evaluator::Limits;

use crate::asked::{Asked, COMPACTION_SECONDS, HOURLY_SECONDS, Plan};
use crate::counts::{Counted, Counts, EvaluatorCounted, LakeCounted, Rhythm};
use crate::day::Day;
use crate::error::CostError;
use crate::load::{Load, START_MILLIS};
use crate::plant::{Calls, Plant, TENANT};
use crate::{cpu, late};

/// How far a warm-up goes with one batch.
const WARM_UP_STEP_MILLIS: i64 = 600_000;
const COMPACTION_MILLIS: i64 = (COMPACTION_SECONDS * 1_000.0) as i64;
/// What is behind both processors for so long is forgotten.
const KEPT_MILLIS: i64 = 3_600_000;
const MINUTE_MILLIS: i64 = 60_000;
/// After a change of the window so long is not counted, nor two batches.
const SETTLING_MILLIS: i64 = 120_000;

/// Runs what is asked for.
pub(crate) async fn run(asked: &Asked, plan: &Plan) -> Result<Counts, CostError> {
    let mut run = Run {
        asked,
        plan,
        plant: Plant::new(asked, plan).await?,
        load: Load::new(asked, plan),
        until: START_MILLIS,
        events: 0,
    };
    run.warm_up().await?;
    let (mut windows, mut lake, mut evaluator) = (Vec::new(), LakeCounted::default(), None);
    for window in &asked.windows {
        if evaluator.is_none() {
            windows.push(run.with_lake(*window, &mut lake).await?);
            evaluator = Some(run.evaluate().await?);
        } else {
            windows.push(run.count(*window, run.rhythm(*window), None).await?);
        }
    }
    let sooner = run.count_sooner().await?;
    let mut deferred = None;
    if let Some(seconds) = asked.deferred {
        deferred = Some(run.count(seconds, Rhythm::unbounded(seconds), None).await?);
    }
    let (stored_bytes, stored_events) = (run.plant.table.stored_bytes(), run.events);
    Ok(Counts {
        windows,
        deferred,
        sooner,
        lake,
        evaluator: evaluator.unwrap_or_default(),
        stored_bytes,
        stored_events,
    })
}

struct Run<'a> {
    asked: &'a Asked,
    plan: &'a Plan,
    plant: Plant,
    load: Load,
    /// Up to here everything is collected.
    until: i64,
    events: u64,
}

/// What is due next, in the order in which it is done at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Apply,
    Land,
    Compact,
    Count,
    End,
}

impl Run<'_> {
    async fn warm_up(&mut self) -> Result<(), CostError> {
        let end = START_MILLIS + i64::from(self.asked.warm_up_minutes.max(1)) * MINUTE_MILLIS;
        while self.until < end {
            self.collect((self.until + WARM_UP_STEP_MILLIS).min(end)).await?;
            self.plant.apply().await?;
        }
        Ok(())
    }

    /// The first window, with the lake; between two evaluations.
    async fn with_lake(&mut self, window: u32, lake: &mut LakeCounted) -> Result<Counted, CostError> {
        self.plant.skip_lake();
        self.wait(lake);
        self.evaluate().await?;
        self.count(window, self.rhythm(window), Some(lake)).await
    }

    /// What waits of days before is counted apart, for it takes days; here the manifest stands for one that holds its files.
    fn wait(&self, lake: &mut LakeCounted) {
        let rhythm = self.rhythm(self.plan.deployment.lake_window);
        let late = |every_seconds: f64| {
            let new_files = f64::from(self.plan.shards) * every_seconds / rhythm.seconds;
            late::late(self.asked, self.plan, every_seconds, new_files)
        };
        (lake.late, lake.late_hourly) = (late(COMPACTION_SECONDS), late(HOURLY_SECONDS));
        self.plant.manifest.hold(lake.late.held.round() as u64);
    }

    async fn collect(&mut self, until: i64) -> Result<(), CostError> {
        for request in self.load.until(until) {
            self.events += request.events;
            self.plant.collect(request).await?;
        }
        self.until = until;
        self.plant.set_now(until);
        Ok(())
    }

    /// Counts for a while, in the rhythm that the whole load would have.
    async fn count(
        &mut self,
        window: u32,
        rhythm: Rhythm,
        mut lake: Option<&mut LakeCounted>,
    ) -> Result<Counted, CostError> {
        let step = millis(rhythm.seconds);
        let lake_step = millis(self.rhythm(self.plan.deployment.lake_window).seconds);
        let begin = self.until + (SETTLING_MILLIS.max(2 * step) + step - 1) / step * step;
        let minutes = i64::from(self.asked.counted_minutes.max(1)) * MINUTE_MILLIS;
        let end = begin + minutes.max(4 * step) / step * step;
        let never = i64::MAX;
        let mut due = BTreeMap::from([(Due::Apply, self.until + step), (Due::Count, begin), (Due::End, end)]);
        due.insert(Due::Land, if lake.is_some() { self.until + lake_step } else { never });
        due.insert(Due::Compact, if lake.is_some() { begin + COMPACTION_MILLIS } else { never });
        loop {
            let next = due.iter().min_by_key(|(what, at)| (**at, **what)).map(|(what, at)| (*what, *at));
            let Some((what, at)) = next else { break };
            self.collect(at).await?;
            match what {
                Due::Apply => self.plant.apply().await?,
                Due::Land => self.plant.land().await?,
                Due::Compact => self.compact(lake.as_deref_mut()).await?,
                Due::Count => self.forget_counts(),
                Due::End => break,
            }
            let again = match what {
                Due::Apply => at + step,
                Due::Land => at + lake_step,
                Due::Compact => at + COMPACTION_MILLIS,
                Due::Count | Due::End => never,
            };
            due.insert(what, again);
            self.plant.trim(self.until - KEPT_MILLIS);
        }
        self.note_landed(lake);
        Ok(self.counted(window, rhythm, (end - begin) as f64 / 1_000.0))
    }

    /// At the peak of each day's shape a batch may be full before its window ends; then it is counted in that rhythm. More
    /// learners are at work then, each as busy, so that an event meets as many others of its learner.
    async fn count_sooner(&mut self) -> Result<Vec<Counted>, CostError> {
        let longest = self.asked.windows.iter().copied().max().unwrap_or_default();
        let rhythm = self.rhythm(longest);
        let mut sooner: Vec<Counted> = Vec::new();
        for day in Day::ALL {
            let seconds = rhythm.seconds_at(day.peak());
            if seconds < rhythm.seconds {
                sooner.push(self.count(longest, Rhythm { seconds, ..rhythm }, None).await?);
            }
        }
        Ok(sooner)
    }

    /// As the load so far lets expect.
    fn rhythm(&self, window: u32) -> Rhythm {
        let Calls { records, events, bytes, .. } = self.plant.applied;
        let per_second = self.asked.events_per_day as f64 / 86_400.0 / f64::from(self.plan.shards);
        let (records, events) = (records.max(1) as f64, events.max(1) as f64);
        Rhythm::of(window, per_second * records / events, bytes as f64 / records)
    }

    fn forget_counts(&mut self) {
        let plant = &mut self.plant;
        (plant.collected, plant.applied, plant.landed) = Default::default();
        plant.stream.take();
        plant.table.take();
        plant.identities.take();
        plant.settings.take();
        plant.storage.take();
        plant.manifest.take();
    }

    fn counted(&mut self, window_seconds: u32, rhythm: Rhythm, seconds: f64) -> Counted {
        let plant = &self.plant;
        Counted {
            window_seconds,
            rhythm,
            seconds,
            collected: plant.collected,
            applied: plant.applied,
            stream: plant.stream.take(),
            table: plant.table.take(),
            identities: plant.identities.take(),
            settings: plant.settings.take(),
        }
    }

    fn note_landed(&mut self, lake: Option<&mut LakeCounted>) {
        if let Some(lake) = lake {
            lake.landed = self.plant.landed;
            lake.landing.add(self.plant.storage.take());
            lake.commits.add(self.plant.manifest.take());
        }
    }

    /// The steps that the workflow makes.
    async fn compact(&mut self, lake: Option<&mut LakeCounted>) -> Result<(), CostError> {
        let Some(lake) = lake else { return Ok(()) };
        lake.landing.add(self.plant.storage.take());
        lake.commits.add(self.plant.manifest.take());
        let (compactor, before) = (&self.plant.compactor, cpu::spent());
        compactor.settle().await.map_err(CostError::failed)?;
        let (nothing, take) = (Beyond::new(), late::take(self.plant.now_millis()));
        let planned = compactor.plan(&nothing, take).await.map_err(CostError::failed)?;
        lake.of_runs.add(self.plant.manifest.take());
        for partition in planned {
            let done = compactor.compact_partition(&partition, &nothing).await.map_err(CostError::failed)?;
            compactor.show_partition(&partition).await.map_err(CostError::failed)?;
            lake.rows += done.published_rows;
            lake.compactions += 1;
        }
        lake.manifest.add(self.plant.manifest.take());
        compactor.finish().await.map_err(CostError::failed)?;
        lake.of_runs.add(self.plant.manifest.take());
        lake.runs += 1;
        lake.cpu += cpu::spent().saturating_sub(before);
        lake.storage.add(self.plant.storage.take());
        Ok(())
    }

    async fn evaluate(&mut self) -> Result<EvaluatorCounted, CostError> {
        let plant = &self.plant;
        plant.table.take();
        plant.status.take();
        plant.settings.take();
        plant.evaluator.sink.take();
        let before = cpu::spent();
        let done =
            plant.evaluator.run(&[TENANT], plant.now_millis(), &Limits::ONE_BY_ONE).await.map_err(CostError::failed)?;
        let cpu = cpu::spent().saturating_sub(before);
        beyond::read(&*plant.table, TENANT).await.map_err(CostError::failed)?;
        let (table, status, settings) = (plant.table.take(), plant.status.take(), plant.settings.take());
        let told = plant.evaluator.sink.take().len() as u64;
        Ok(EvaluatorCounted { learners_read: done.learners_read, told, table, status, settings, cpu })
    }
}

fn millis(seconds: f64) -> i64 {
    (seconds * 1_000.0).round().max(1.0) as i64
}
