//! One course: what is new is read, decided, published and noted.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt, TryStreamExt, stream};
use trilha_collector::settings::{Settings, SettingsStore};
use trilha_core::roster::RosterEntry;
use trilha_live::port::LiveTable;
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::packing::Damaged;

use super::class::{self, Class};
use super::course::{self, QuestionName, Weeks};
use super::event::{DomainEvent, Teller};
use super::learner::{self, Measure};
use super::limits::Limits;
use super::read::{self, Length, Reading, Views};
use super::rules::{Now, Rules, is_settled};
use super::run::{Evaluated, Evaluator, EvaluatorError};
use super::sink::EventSink;
use super::status::{CourseStatus, LearnerStatus, StatusItem, StatusStore, name_hash};

/// So many learners are held at once, roughly.
const PAGE_LEARNERS: i64 = 1_000;
/// The name of a course's own status, and the prefix of its learners'.
const COURSE: &str = "course";
const LEARNER: &str = "learner|";
/// No course is silent for longer and still running.
const LONGEST_SILENCE_DAYS: i64 = 366;

/// A course under evaluation.
struct Course<'a> {
    teller: Teller<'a>,
    rules: Rules,
    now: Now,
    views: &'a Views,
    lengths: BTreeMap<&'a str, Length>,
    /// What pseudonyms of each page begin with.
    pages: Vec<String>,
    /// The last day on which the items of all learners were read of whom something late may have come.
    swept_day: Option<i64>,
    learners_at_once: usize,
    evaluated: Evaluated,
}

/// A learner's status and the revision of its item; 0 where there is none yet.
#[derive(Default)]
struct Known {
    status: LearnerStatus,
    revision: u64,
}

/// What is known of the learners of a page.
type Page = HashMap<Pseudonym, Known>;

impl<T: LiveTable, S: SettingsStore, P: StatusStore, E: EventSink> Evaluator<T, S, P, E> {
    /// Evaluates one course.
    pub(super) async fn course(
        &self,
        teller: Teller<'_>,
        learners: i64,
        limits: &Limits<'_>,
    ) -> Result<Evaluated, EvaluatorError> {
        let Some(settings) = self.settings.in_force(teller.tenant, teller.course).await? else {
            return Ok(Evaluated::default());
        };
        let now = Now::at(teller.now_millis, &settings.zone);
        let (mut status, revision) = self.course_status(teller).await?;
        let progress = read::progress(&*self.table).await?;
        let views = Views::read(&*self.table, teller.tenant, teller.course, &progress).await?;
        let seen = seen(&views, &settings, &now);
        if status.seen == seen {
            return Ok(Evaluated::default());
        }
        let before = status.clone();
        let mut course = Course {
            teller,
            rules: Rules::of(&settings),
            now,
            views: &views,
            lengths: views.lengths(&settings),
            pages: pages(learners),
            swept_day: status.swept_day,
            learners_at_once: limits.learners.max(1),
            evaluated: Evaluated { courses: 1, ..Evaluated::default() },
        };
        let (class, page) = self.read_learners(&mut course).await?;
        if course.is_running() {
            self.judge_learners(&mut course, &class, page).await?;
        }
        let mut events = course.questions(&mut status, &class);
        events.extend(course.activity(&mut status, revision > 0));
        self.publish(&mut course, events).await?;
        status.note(seen, views.is_settled, now.today);
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

    /// Reads the items of learners of whom something may be new, tells what they completed, and gathers the class. What
    /// is known of its learners comes back where they are a single page.
    async fn read_learners(&self, course: &mut Course<'_>) -> Result<(Class, Option<Page>), EvaluatorError> {
        let (mut class, mut known) = (Class::default(), None);
        for page in course.pages.clone() {
            known = self.read_page(course, &page, &mut class).await?;
        }
        Ok((class, known.filter(|_| course.pages.len() == 1)))
    }

    /// Answers what is known of the learners of the page; nothing where somebody else noted something meanwhile.
    async fn read_page(
        &self,
        course: &mut Course<'_>,
        page: &str,
        class: &mut Class,
    ) -> Result<Option<Page>, EvaluatorError> {
        let Teller { tenant, course: name, .. } = course.teller;
        let mut known = self.known(course.teller, page).await?;
        let roster = read::roster(&*self.table, tenant, name, page).await?;
        let due = roster.iter().filter(|(learner, entry)| course.is_due(entry, known.get(learner)));
        let due: Vec<_> = due.map(|(learner, entry)| self.reading(course, *learner, *entry)).collect();
        let (learners_read, mut events, mut changed) = (due.len() as u64, Vec::new(), Vec::new());
        let mut readings = stream::iter(due).buffered(course.learners_at_once);
        while let Some((learner, entry, reading)) = readings.try_next().await? {
            let Known { status, revision } = known.entry(learner).or_default();
            let before = status.clone();
            events.extend(course.take_in(status, *revision, entry, reading));
            if *status != before || *revision == 0 {
                *revision += 1;
                changed.push(item(&learner, *revision, status));
            }
        }
        drop(readings);
        let there = roster.iter().filter_map(|(learner, _)| known.get(learner));
        there.for_each(|known| class.add(&known.status, &course.now));
        course.evaluated.learners_read += learners_read;
        self.publish(course, events).await?;
        let noted = self.statuses.put(tenant, name, changed).await?;
        Ok(noted.iter().all(|noted| *noted).then_some(known))
    }

    async fn reading(
        &self,
        course: &Course<'_>,
        learner: Pseudonym,
        entry: RosterEntry,
    ) -> Result<(Pseudonym, RosterEntry, Reading), EvaluatorError> {
        let Teller { tenant, course: name, .. } = course.teller;
        let reading = read::learner(&*self.table, tenant, name, &learner, &course.lengths, &course.now).await?;
        Ok((learner, entry, reading))
    }

    /// Measures the class and tells who is at risk, and who no more.
    async fn judge_learners(
        &self,
        course: &mut Course<'_>,
        class: &Class,
        mut page: Option<Page>,
    ) -> Result<(), EvaluatorError> {
        let seconds = course.lengths.iter().map(|(video, length)| (name_hash(&[video]), length.seconds)).collect();
        let due = class.due(&seconds);
        let (pages, mut coverages) = (course.pages.clone(), Vec::new());
        for digits in &pages {
            let known = self.known_or(page.take(), course.teller, digits).await?;
            let measures =
                known.values().map(|known| &known.status).filter(|status| class::is_measure(status, &course.now));
            coverages.extend(measures.filter_map(|status| class::coverage(&status.summary, &due)));
            page = (pages.len() == 1).then_some(known);
        }
        let coverage = class::percentile(coverages, course.rules.coverage_percentile);
        let measure = Measure { due, coverage };
        for digits in &pages {
            let known = self.known_or(page.take(), course.teller, digits).await?;
            self.judge_page(course, &measure, known).await?;
        }
        Ok(())
    }

    async fn judge_page(&self, course: &mut Course<'_>, measure: &Measure, page: Page) -> Result<(), EvaluatorError> {
        let (mut events, mut changed) = (Vec::new(), Vec::new());
        let mut known: Vec<_> = page.into_iter().collect();
        known.sort_unstable_by_key(|(learner, _)| *learner);
        for (learner, Known { mut status, revision }) in known {
            let (risk, is_quiet) = (status.risk, status.is_quiet);
            events.extend(learner::risk(&mut status, &learner, measure, &course.rules, &course.now, &course.teller));
            if (risk, is_quiet) != (status.risk, status.is_quiet) {
                changed.push(item(&learner, revision + 1, &status));
            }
        }
        self.publish(course, events).await?;
        self.statuses.put(course.teller.tenant, course.teller.course, changed).await?;
        Ok(())
    }

    /// What is known of the learners of a page that was not kept.
    async fn known_or(&self, kept: Option<Page>, teller: Teller<'_>, digits: &str) -> Result<Page, EvaluatorError> {
        match kept {
            Some(page) => Ok(page),
            None => self.known(teller, digits).await,
        }
    }

    async fn known(&self, teller: Teller<'_>, digits: &str) -> Result<Page, EvaluatorError> {
        let items = self.statuses.page(teller.tenant, teller.course, &format!("{LEARNER}{digits}")).await?;
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

impl CourseStatus {
    /// Notes what an evaluation has read. Of items that were still to be written it has not; the next reads them again.
    fn note(&mut self, seen: u64, is_settled: bool, today: i64) {
        self.seen = if is_settled { seen } else { 0 };
        if is_settled {
            self.swept_day = Some(today);
        }
    }
}

impl Course<'_> {
    /// Whether a learner's items are to be read: of who is new, or of whom the roster says something else; of who may
    /// be at work; and once a day of those of whom something late may have come.
    fn is_due(&self, entry: &RosterEntry, known: Option<&Known>) -> bool {
        let Some(Known { status, .. }) = known else { return true };
        let last_day = entry.days.map(|(_, last)| last);
        status.entry != *entry || self.now.is_fresh(last_day) || self.sweeps(last_day)
    }

    /// Whether learners of a last day are read today, for the first time on this day.
    fn sweeps(&self, last_day: Option<i64>) -> bool {
        self.swept_day.is_none_or(|day| day < self.now.today && !is_settled(last_day, day))
    }

    /// Takes in what was read of a learner; answers what is told of it.
    fn take_in(
        &self,
        status: &mut LearnerStatus,
        revision: u64,
        entry: RosterEntry,
        reading: Reading,
    ) -> Vec<DomainEvent> {
        let last_day = entry.days.map(|(_, last)| last);
        let is_new = revision == 0 || status.entry != entry || status.summary != reading.summary;
        status.is_quiet |= is_new && !self.now.is_news(last_day);
        (status.entry, status.summary) = (entry, reading.summary);
        learner::complete(status, reading.completions, &self.teller)
    }

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
    StatusItem { name: format!("{LEARNER}{learner}"), revision, value: status.encode() }
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
