//! One evaluation: course by course, what is new is read, decided, published and noted.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use thiserror::Error;
use trilha_collector::settings::{Settings, SettingsError, SettingsStore};
use trilha_core::roster::RosterEntry;
use trilha_live::port::{LiveError, LiveTable, Watermarks};
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::packing::Damaged;

use super::class::{self, Class};
use super::course::{self, QuestionName, Weeks};
use super::event::{DomainEvent, Teller};
use super::learner::{self, Measure};
use super::read::{self, Length, Views};
use super::rules::{Now, Rules};
use super::sink::{EventSink, SinkError};
use super::status::{CourseStatus, LearnerStatus, StatusError, StatusItem, StatusStore, name_hash};

/// So many learners are held at once, roughly.
const PAGE_LEARNERS: i64 = 1_000;
/// The name of a course's own status, and the prefix of its learners'.
const COURSE: &str = "course";
const LEARNER: &str = "learner|";
/// No course is silent for longer and still running.
const LONGEST_SILENCE_DAYS: i64 = 366;

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
    /// Learners whose items were read.
    pub learners_read: u64,
    /// Events published.
    pub events: u64,
}

/// Evaluates a tenant's courses. Two at once, and one that is cut off, are harmless.
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

/// A course under evaluation.
struct Course<'a> {
    teller: Teller<'a>,
    rules: Rules,
    now: Now,
    views: &'a Views,
    lengths: BTreeMap<&'a str, Length>,
    /// What pseudonyms of each page begin with.
    pages: Vec<String>,
    evaluated: Evaluated,
}

/// A learner's status and the revision of its item; 0 where there is none yet.
#[derive(Default)]
struct Known {
    status: LearnerStatus,
    revision: u64,
}

impl<T: LiveTable, S: SettingsStore, P: StatusStore, E: EventSink> Evaluator<T, S, P, E> {
    /// Evaluates all of a tenant's courses at a time.
    ///
    /// # Errors
    /// [`EvaluatorError`] of the first course that could not be evaluated, when the others are.
    pub async fn run(&self, tenant: &str, now_millis: i64) -> Result<Evaluated, EvaluatorError> {
        let progress = read::progress(&*self.table).await?;
        let (mut total, mut failed) = (Evaluated::default(), None);
        for (course, learners) in read::courses(&*self.table, tenant).await? {
            match self.course(Teller { tenant, course: &course, now_millis }, learners, &progress).await {
                Ok(evaluated) => total.add(evaluated),
                Err(error) => {
                    tracing::error!(course, %error, "a course was not evaluated");
                    failed = failed.or(Some(error));
                }
            }
        }
        failed.map_or(Ok(total), Err)
    }

    async fn course(
        &self,
        teller: Teller<'_>,
        learners: i64,
        progress: &Watermarks,
    ) -> Result<Evaluated, EvaluatorError> {
        let Some(settings) = self.settings.in_force(teller.tenant, teller.course).await? else {
            return Ok(Evaluated::default());
        };
        let now = Now::at(teller.now_millis, &settings.zone);
        let (mut status, revision) = self.course_status(teller).await?;
        let views = Views::read(&*self.table, teller.tenant, teller.course, progress).await?;
        let seen = seen(&views, &settings, &now);
        if status.seen == seen {
            return Ok(Evaluated::default());
        }
        let before = status.clone();
        let rules = Rules::of(&settings);
        let (lengths, pages) = (views.lengths(&settings), pages(learners));
        let evaluated = Evaluated { courses: 1, ..Evaluated::default() };
        let mut course = Course { teller, rules, now, views: &views, lengths, pages, evaluated };
        let class = self.read_learners(&mut course).await?;
        if course.is_running() {
            self.judge_learners(&mut course, &class).await?;
        }
        let mut events = course.questions(&mut status, &class);
        events.extend(course.activity(&mut status, revision > 0));
        self.publish(&mut course, events).await?;
        status.seen = if views.is_settled { seen } else { 0 };
        if status != before {
            let item = StatusItem { name: COURSE.into(), revision: revision + 1, value: status.encode() };
            self.statuses.put(teller.tenant, teller.course, vec![item]).await?;
        }
        Ok(course.evaluated)
    }

    async fn course_status(&self, teller: Teller<'_>) -> Result<(CourseStatus, u64), EvaluatorError> {
        let items = self.statuses.page(teller.tenant, teller.course, COURSE).await?;
        let Some(item) = items.first() else { return Ok(Default::default()) };
        Ok((CourseStatus::decode(&item.value)?, item.revision))
    }

    /// Reads the items of learners of whom something may be new, tells what they completed, and gathers the class.
    async fn read_learners(&self, course: &mut Course<'_>) -> Result<Class, EvaluatorError> {
        let mut class = Class::default();
        for page in course.pages.clone() {
            let mut known = self.known(course.teller, &page).await?;
            let (mut events, mut changed) = (Vec::new(), Vec::new());
            let Teller { tenant, course: name, .. } = course.teller;
            for (learner, entry) in read::roster(&*self.table, tenant, name, &page).await? {
                let Known { mut status, revision } = known.remove(&learner).unwrap_or_default();
                if revision == 0 || !status.is_settled || status.entry != entry {
                    let before = status.clone();
                    events.extend(self.read_learner(course, &learner, entry, revision, &mut status).await?);
                    if status != before || revision == 0 {
                        changed.push(item(&learner, revision, &status));
                    }
                }
                class.add(&status, &course.now);
            }
            self.publish(course, events).await?;
            self.statuses.put(tenant, name, changed).await?;
        }
        Ok(class)
    }

    async fn read_learner(
        &self,
        course: &mut Course<'_>,
        learner: &Pseudonym,
        entry: RosterEntry,
        revision: u64,
        status: &mut LearnerStatus,
    ) -> Result<Vec<DomainEvent>, EvaluatorError> {
        let Teller { tenant, course: name, .. } = course.teller;
        let reading = read::learner(&*self.table, tenant, name, learner, &course.lengths, &course.now).await?;
        course.evaluated.learners_read += 1;
        let last_day = entry.days.map(|(_, last)| last);
        let is_new = revision == 0 || status.entry != entry || status.summary != reading.summary;
        status.is_quiet |= is_new && !course.now.is_news(last_day);
        status.is_settled = course.now.is_settled(last_day);
        (status.entry, status.summary) = (entry, reading.summary);
        Ok(learner::complete(status, reading.completions, &course.teller))
    }

    /// Measures the class and tells who is at risk, and who no more.
    async fn judge_learners(&self, course: &mut Course<'_>, class: &Class) -> Result<(), EvaluatorError> {
        let seconds = course.lengths.iter().map(|(video, length)| (name_hash(&[video]), length.seconds)).collect();
        let due = class.due(&seconds);
        let mut coverages = Vec::new();
        for page in &course.pages {
            let known = self.known(course.teller, page).await?;
            let measures =
                known.values().map(|known| &known.status).filter(|status| class::is_measure(status, &course.now));
            coverages.extend(measures.filter_map(|status| class::coverage(&status.summary, &due)));
        }
        let coverage = class::percentile(coverages, course.rules.coverage_percentile);
        let measure = Measure { due, coverage };
        for page in course.pages.clone() {
            self.judge_page(course, &measure, &page).await?;
        }
        Ok(())
    }

    async fn judge_page(&self, course: &mut Course<'_>, measure: &Measure, page: &str) -> Result<(), EvaluatorError> {
        let (mut events, mut changed) = (Vec::new(), Vec::new());
        let mut known: Vec<_> = self.known(course.teller, page).await?.into_iter().collect();
        known.sort_unstable_by_key(|(learner, _)| *learner);
        for (learner, Known { mut status, revision }) in known {
            let (risk, is_quiet) = (status.risk, status.is_quiet);
            events.extend(learner::risk(&mut status, &learner, measure, &course.rules, &course.now, &course.teller));
            if (risk, is_quiet) != (status.risk, status.is_quiet) {
                changed.push(item(&learner, revision, &status));
            }
        }
        self.publish(course, events).await?;
        self.statuses.put(course.teller.tenant, course.teller.course, changed).await?;
        Ok(())
    }

    /// What is known of the learners of a page.
    async fn known(&self, teller: Teller<'_>, page: &str) -> Result<HashMap<Pseudonym, Known>, EvaluatorError> {
        let items = self.statuses.page(teller.tenant, teller.course, &format!("{LEARNER}{page}")).await?;
        let known = |item: StatusItem| {
            let learner = item.name.strip_prefix(LEARNER).and_then(Pseudonym::from_hex);
            let learner = learner.ok_or(Damaged("the name of a status"))?;
            Ok((learner, Known { status: LearnerStatus::decode(&item.value)?, revision: item.revision }))
        };
        items.into_iter().map(known).collect()
    }

    async fn publish(&self, course: &mut Course<'_>, events: Vec<DomainEvent>) -> Result<(), EvaluatorError> {
        course.evaluated.events += events.len() as u64;
        if !events.is_empty() {
            self.sink.publish(events).await?;
        }
        Ok(())
    }
}

impl Evaluated {
    fn add(&mut self, other: Evaluated) {
        self.courses += other.courses;
        self.learners_read += other.learners_read;
        self.events += other.events;
    }
}

impl Course<'_> {
    /// Whether anybody was there in the days that make a learner inactive. Where nobody was, the silence is the
    /// course's, and nothing follows from it for one learner.
    fn is_running(&self) -> bool {
        let days = self.rules.inactive_days.min(LONGEST_SILENCE_DAYS);
        (self.now.today - days + 1..=self.now.today).any(|day| self.views.active(day).0 > 0)
    }

    fn questions(&self, status: &mut CourseStatus, class: &Class) -> Vec<DomainEvent> {
        let mut events = Vec::new();
        for (quiz, view) in &self.views.quizzes {
            let quiz_hash = name_hash(&[quiz]);
            for (question, view) in view.questions() {
                let hash = name_hash(&[quiz, question]);
                let reasons = course::out_of_band(view, class.discrimination(quiz_hash, hash));
                let Some(reasons) = reasons else { continue };
                let known = status.questions.entry(hash).or_default();
                let name = QuestionName { quiz, question };
                let is_news = class.answered_lately(quiz_hash);
                let learners = view.first_scored;
                events.extend(course::question(known, name, learners, reasons, is_news, &self.now, &self.teller));
            }
        }
        events
    }

    fn activity(&self, status: &mut CourseStatus, is_known: bool) -> Option<DomainEvent> {
        let (last, before) = Weeks::ends(&self.now);
        let weeks = Weeks { last: self.views.active(last).1, before: self.views.active(before).1 };
        let is_news = is_known || (self.now.news_from..=self.now.today).any(|day| self.views.active(day).0 > 0);
        course::activity(&mut status.dropped, weeks, is_news, &self.now, &self.teller)
    }
}

fn item(learner: &Pseudonym, revision: u64, status: &LearnerStatus) -> StatusItem {
    StatusItem { name: format!("{LEARNER}{learner}"), revision: revision + 1, value: status.encode() }
}

/// Stands for everything that an evaluation follows from; never 0.
fn seen(views: &Views, settings: &Settings, now: &Now) -> u64 {
    let parts = [views.seen, settings.version.into(), now.today as u64].map(|part| part.to_string());
    name_hash(&[&parts[0], &parts[1], &parts[2]]).max(1)
}

/// Pages by the first digits of pseudonyms, which are evenly spread.
fn pages(learners: i64) -> Vec<String> {
    let mut pages = vec![String::new()];
    while pages.len() as i64 * PAGE_LEARNERS < learners {
        pages = pages.iter().flat_map(|page| (0..16).map(move |digit| format!("{page}{digit:x}"))).collect();
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roster_is_parted_into_pages_of_a_thousand_or_fewer() {
        assert_eq!(pages(0), [""]);
        assert_eq!(pages(1_000), [""]);
        assert_eq!(pages(1_001).len(), 16);
        assert_eq!(pages(16_001).len(), 256);
        assert_eq!(pages(16_001)[171], "ab");
    }
}
