//! Reading what is evaluated, from the live tables.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use trilha_collector::settings::Settings;
use trilha_core::activity::month;
use trilha_core::keys::{self, Kind};
use trilha_core::metrics::{self, VideoSettings};
use trilha_core::quiz::QuizItem;
use trilha_core::roster::RosterEntry;
use trilha_core::video::VideoItem;
use trilha_core::views::{CourseView, MonthView, QuizView, VideoView, View, merge};
use trilha_live::port::{Consistency, Item, LiveError, LiveTable, Watermarks};
use trilha_schemas::ids::Pseudonym;
use trilha_schemas::packing::Damaged;

use super::event::VideoCompleted;
use super::learner::Completion;
use super::rules::Now;
use super::run::EvaluatorError;
use super::status::{QuizSummary, Summary, name_hash};
use crate::absorb::stored;

/// A course's views.
pub(super) struct Views {
    pub videos: BTreeMap<String, VideoView>,
    pub quizzes: BTreeMap<String, QuizView>,
    months: BTreeMap<String, MonthView>,
    /// Stands for all that the views hold.
    pub seen: u64,
    /// The items of every learner behind them are written: a shard's progress says so.
    pub is_settled: bool,
}

/// A video as completion needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Length {
    pub seconds: i64,
    pub threshold: f64,
}

/// A learner's items in a course, read.
pub(super) struct Reading {
    pub summary: Summary,
    pub completions: Vec<Completion>,
}

/// Every course of a tenant with the number of its learners.
pub(super) async fn courses<T: LiveTable>(table: &T, tenant: &str) -> Result<BTreeMap<String, i64>, EvaluatorError> {
    let items = table.query(&keys::courses_partition(tenant), "", Consistency::Strong).await?;
    let views: BTreeMap<String, CourseView> = merge(items.iter().map(stored))?;
    Ok(views.into_iter().map(|(course, view)| (course, view.learners)).collect())
}

/// What every shard has come to. It is read before what it vouches for.
pub(super) async fn progress<T: LiveTable>(table: &T) -> Result<Watermarks, LiveError> {
    let items = table.query(keys::PROGRESS, "", Consistency::Strong).await?;
    let all = items.iter().flat_map(|item| item.watermarks.iter());
    Ok(all.map(|(shard, number)| (shard.to_string(), number)).collect())
}

impl Views {
    pub(super) async fn read<T: LiveTable>(
        table: &T,
        tenant: &str,
        course: &str,
        progress: &Watermarks,
    ) -> Result<Views, EvaluatorError> {
        let partition = keys::course_partition(tenant, course);
        let mut items = Vec::new();
        for kind in [Kind::Video, Kind::Quiz, Kind::Month] {
            let prefix = format!("{}|", kind.as_str());
            items.push(table.query(&partition, &prefix, Consistency::Strong).await?);
        }
        let all = || items.iter().flatten();
        let is_done = |item: &Item| item.watermarks.iter().all(|(shard, number)| progress.of(shard) >= Some(number));
        // The base's shards are long done.
        let is_settled = all().filter(|item| !item.key.sort.ends_with(keys::BASE)).all(is_done);
        Ok(Views {
            videos: merged(&items[0])?,
            quizzes: merged(&items[1])?,
            months: merged(&items[2])?,
            seen: fingerprint(all()),
            is_settled,
        })
    }

    /// Distinct learners on a day, and in the seven that end with it.
    pub(super) fn active(&self, day: i64) -> (i64, i64) {
        let view = self.months.get(&keys::number(month(day)));
        view.map_or((0, 0), |view| (view.at(day).active, view.at(day).window))
    }

    /// The videos whose length is known.
    pub(super) fn lengths<'v>(&'v self, settings: &Settings) -> BTreeMap<&'v str, Length> {
        let length = |(video, view): (&'v String, &VideoView)| {
            let length_millis = settings.lengths_millis.get(video).copied();
            let metrics = metrics::video(view, VideoSettings { length_millis, threshold: settings.threshold });
            let seconds = metrics::seconds_of(metrics.length_millis?);
            Some((video.as_str(), Length { seconds, threshold: metrics.threshold }))
        };
        self.videos.iter().filter_map(length).collect()
    }
}

fn merged<V: View>(items: &[Item]) -> Result<BTreeMap<String, V>, Damaged> {
    merge(items.iter().map(stored))
}

/// An item is written with another watermark each time.
fn fingerprint<'i>(items: impl Iterator<Item = &'i Item>) -> u64 {
    let mut hash = Sha256::new();
    for item in items {
        hash.update((item.key.sort.len() as u64).to_be_bytes());
        hash.update(item.key.sort.as_bytes());
        for (shard, number) in item.watermarks.iter() {
            hash.update(shard.as_bytes());
            hash.update(number.to_string());
        }
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(first)
}

/// A page of a course's roster: the learners whose pseudonyms start with some digits.
pub(super) async fn roster<T: LiveTable>(
    table: &T,
    tenant: &str,
    course: &str,
    digits: &str,
) -> Result<Vec<(Pseudonym, RosterEntry)>, EvaluatorError> {
    let items = table.query(&keys::roster_partition(tenant, course), digits, Consistency::Strong).await?;
    let entry = |item: &Item| {
        let learner = Pseudonym::from_hex(&item.key.sort).ok_or(Damaged("a pseudonym on a roster"))?;
        Ok((learner, RosterEntry::decode(&item.value)?))
    };
    items.iter().map(entry).collect()
}

/// Reads a learner's items in a course.
pub(super) async fn learner<T: LiveTable>(
    table: &T,
    tenant: &str,
    course: &str,
    learner: &Pseudonym,
    lengths: &BTreeMap<&str, Length>,
    now: &Now,
) -> Result<Reading, EvaluatorError> {
    let partition = keys::learner_partition(tenant, learner);
    let items = table.query(&partition, &keys::learner_prefix(course), Consistency::Strong).await?;
    let mut reading = Reading { summary: Summary::default(), completions: Vec::new() };
    for item in &items {
        let parts = keys::parts(&item.key.sort);
        match parts.as_slice() {
            [_, kind, video] if kind == "video" => {
                let length = lengths.get(video.as_str()).copied();
                reading.add_video(video, &VideoItem::decode(&item.value)?, length, learner, now);
            }
            [_, kind, quiz] if kind == "quiz" => reading.add_quiz(quiz, &QuizItem::decode(&item.value)?),
            _ => {}
        }
    }
    Ok(reading)
}

impl Reading {
    fn add_video(&mut self, video: &str, item: &VideoItem, length: Option<Length>, learner: &Pseudonym, now: &Now) {
        let (watched, video_hash) = (item.seconds(), name_hash(&[video]));
        if watched > 0 {
            self.summary.videos.insert(video_hash, watched);
        }
        let Some(Length { seconds, threshold }) = length else { return };
        let completes = |watched: i64| watched as f64 / seconds as f64 >= threshold;
        if !completes(watched) {
            return;
        }
        let told = VideoCompleted {
            learner: learner.to_string(),
            video: video.to_string(),
            seconds_watched: watched,
            seconds,
            threshold,
        };
        let is_news = !completes(item.seconds_before(now.news_from_millis()));
        self.completions.push(Completion { video_hash, told, is_news });
    }

    fn add_quiz(&mut self, quiz: &str, item: &QuizItem) {
        let Some(last_millis) = item.last_millis() else { return };
        let scores = item.first_scores().map(|(question, score)| (name_hash(&[quiz, question]), score)).collect();
        self.summary.quizzes.insert(name_hash(&[quiz]), QuizSummary { last_millis, scores });
    }
}
