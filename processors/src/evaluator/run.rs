//! One run: tenants one after the other, courses of a tenant side by side, as long as there is time.

use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use thiserror::Error;
use trilha_collector::settings::{SettingsError, SettingsStore};
use trilha_live::port::{LiveError, LiveTable};
use trilha_schemas::packing::Damaged;

use super::cursor::{Cursor, Kept, Stretch};
use super::event::Teller;
use super::limits::Limits;
use super::read;
use super::sink::{EventSink, SinkError};
use super::status::{StatusError, StatusStore};

/// Why an evaluation ended early. What it told is noted; the next one does the rest.
#[derive(Debug, Error)]
pub enum EvaluatorError {
    /// The live table failed.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// The settings could not be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The status could not be read or noted.
    #[error(transparent)]
    Status(#[from] StatusError),
    /// Events could not be published.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// Something stored cannot be read.
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

/// What an evaluation came to; for logs and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evaluated {
    /// Courses in which something could have changed.
    pub courses: u64,
    /// Courses that there was no time for; the next run begins with them.
    pub courses_left: u64,
    /// Learners whose items were read.
    pub learners_read: u64,
    /// Events published.
    pub events: u64,
}

/// Evaluates tenants' courses. Two at once, and one that is cut off, are harmless.
pub struct Evaluator<T, S, P, E> {
    /// What is evaluated.
    pub table: Arc<T>,
    /// The courses' settings.
    pub settings: Arc<S>,
    /// What was told before.
    pub statuses: P,
    /// Where events go.
    pub sink: E,
}

/// What a run has come to so far.
#[derive(Default)]
struct Run {
    evaluated: Evaluated,
    /// The first course that there was no time for.
    next: Option<Cursor>,
    failed: Option<EvaluatorError>,
}

impl<T: LiveTable, S: SettingsStore, P: StatusStore, E: EventSink> Evaluator<T, S, P, E> {
    /// Evaluates all courses of these tenants at a time, from the first on that the last run had no time for.
    ///
    /// # Errors
    /// [`EvaluatorError`] of the first course that could not be evaluated, when the others are.
    pub async fn run(
        &self,
        tenants: &[&str],
        now_millis: i64,
        limits: &Limits<'_>,
    ) -> Result<Evaluated, EvaluatorError> {
        let kept = Kept::read(&self.statuses).await?;
        let mut run = Run::default();
        for stretch in Stretch::all(tenants, kept.cursor.as_ref()) {
            if let Err(error) = self.stretch(stretch, now_millis, limits, &mut run).await {
                tracing::error!(tenant = stretch.tenant, %error, "a tenant was not evaluated");
                run.fail(error);
            }
        }
        kept.replace(&self.statuses, run.next).await?;
        run.failed.map_or(Ok(run.evaluated), Err)
    }

    async fn stretch(
        &self,
        stretch: Stretch<'_>,
        now_millis: i64,
        limits: &Limits<'_>,
        run: &mut Run,
    ) -> Result<(), EvaluatorError> {
        let tenant = stretch.tenant;
        let mut courses = read::courses(&*self.table, tenant).await?;
        courses.retain(|course, _| stretch.holds(course));
        let mut waiting: VecDeque<(&String, &i64)> = courses.iter().collect();
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < limits.courses.max(1) && !waiting.is_empty() && (limits.has_time)() {
                let Some((course, learners)) = waiting.pop_front() else { break };
                let teller = Teller { tenant, course, now_millis };
                under_way.push(async move { (course, self.course(teller, *learners, limits).await) });
            }
            match under_way.next().await {
                Some((_, Ok(evaluated))) => run.evaluated.add(evaluated),
                Some((course, Err(error))) => {
                    tracing::error!(course, %error, "a course was not evaluated");
                    run.fail(error);
                }
                None => break,
            }
        }
        drop(under_way);
        waiting.into_iter().for_each(|(course, _)| run.leave(tenant, course));
        Ok(())
    }
}

impl Run {
    fn fail(&mut self, error: EvaluatorError) {
        self.failed.get_or_insert(error);
    }

    fn leave(&mut self, tenant: &str, course: &str) {
        self.evaluated.courses_left += 1;
        self.next.get_or_insert_with(|| Cursor { tenant: tenant.to_string(), course: course.to_string() });
    }
}

impl Evaluated {
    fn add(&mut self, other: Evaluated) {
        self.courses += other.courses;
        self.courses_left += other.courses_left;
        self.learners_read += other.learners_read;
        self.events += other.events;
    }
}
