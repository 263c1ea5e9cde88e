//! The read API's numbers, from the live tables: the partials of all shards, summed, then read as METRICS.md says.

mod answer;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use trilha_core::activity::month;
use trilha_core::keys::{self, Kind};
use trilha_core::views::{CourseView, HourView, MonthView, ObjectView, QuizView, Stored, VideoView, View, merge};
use trilha_live::port::{Consistency, Item, LiveError, LiveTable};
use trilha_schemas::packing::{Damaged, Input};

use crate::api::{CourseActivity, CourseList, CourseSummary, CourseViews, MinuteActivity};
use crate::server::Clock;
use crate::source::{SourceError, ViewSource, ViewsQuery};
use crate::units::Time;

const MINUTE_MILLIS: i64 = 60_000;
/// Minutes that a course shows, the last of them T's.
const MINUTES_SHOWN: i64 = 60;

/// What of a course's settings is applied when its views are read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadSettings {
    /// IANA name of the zone that the course's days are counted in.
    pub zone: String,
    /// The share of seconds that completes a video, when the course sets one.
    pub threshold: Option<f64>,
    /// Lengths of videos in milliseconds, by the video's id, where the course sets them.
    pub lengths_millis: BTreeMap<String, i64>,
}

/// Where settings are read from.
pub trait SettingsReader: Send + Sync + 'static {
    /// A course's settings in force.
    fn settings(&self, tenant: &str, course: &str) -> impl Future<Output = Result<ReadSettings, SourceError>> + Send;
}

/// [`ViewSource`] over a live table.
pub struct LiveViews<T, S> {
    table: Arc<T>,
    settings: S,
    clock: Clock,
}

/// A course's merged views, by object.
#[derive(Default)]
pub(crate) struct Merged {
    pub videos: BTreeMap<String, VideoView>,
    pub quizzes: BTreeMap<String, QuizView>,
    pub objects: BTreeMap<String, ObjectView>,
}

impl From<LiveError> for SourceError {
    fn from(error: LiveError) -> Self {
        SourceError::Unavailable(error.to_string())
    }
}

impl From<Damaged> for SourceError {
    fn from(error: Damaged) -> Self {
        SourceError::Corrupt(error.to_string())
    }
}

impl<T: LiveTable, S: SettingsReader> LiveViews<T, S> {
    /// Reads a table; `clock` says what "now" is.
    pub fn new(table: Arc<T>, settings: S, clock: Clock) -> Self {
        LiveViews { table, settings, clock }
    }

    async fn merged<V: View>(&self, partition: &str, prefix: &str) -> Result<BTreeMap<String, V>, SourceError> {
        let items = self.table.query(partition, prefix, Consistency::Eventual).await?;
        Ok(merge(items.iter().map(stored))?)
    }

    /// The views of one kind, or of one object of it.
    async fn by_object<V: View>(
        &self,
        partition: &str,
        kind: Kind,
        object: Option<&str>,
    ) -> Result<BTreeMap<String, V>, SourceError> {
        let prefix = match object {
            Some(object) => keys::view_sort(kind, object, ""),
            None => format!("{}|", kind.as_str()),
        };
        self.merged(partition, &prefix).await
    }

    async fn one<V: View>(&self, partition: &str, kind: Kind, number: i64) -> Result<V, SourceError> {
        let object = keys::number(number);
        Ok(self.by_object(partition, kind, Some(&object)).await?.remove(&object).unwrap_or_default())
    }

    async fn courses_of(&self, tenant: &str, prefix: &str) -> Result<BTreeMap<String, CourseView>, SourceError> {
        self.merged(&keys::courses_partition(tenant), prefix).await
    }

    /// When the stream had the newest record that is in the views.
    async fn processed_to(&self) -> Result<Option<Time>, SourceError> {
        let progress = self.table.query(keys::PROGRESS, "", Consistency::Eventual).await?;
        let arrival = |item: &Item| Input::new(item.value.strip_prefix(&[1])?).zigzag().ok();
        Ok(progress.iter().filter_map(arrival).max().map(Time::from_millis))
    }

    /// Whether something marked a shard, or a view of this course, for rebuild.
    async fn is_stale(&self, tenant: &str, course: &str) -> Result<bool, SourceError> {
        let views = self
            .table
            .query(&keys::stale_partition(tenant), &keys::stale_prefix(course), Consistency::Eventual)
            .await?;
        Ok(!views.is_empty() || !self.table.query(keys::STALE, "", Consistency::Eventual).await?.is_empty())
    }

    async fn activity(
        &self,
        tenant: &str,
        course: &str,
        zone: &str,
        at: i64,
    ) -> Result<(Vec<MinuteActivity>, Windows), SourceError> {
        let partition = keys::course_partition(tenant, course);
        let minute = at.div_euclid(MINUTE_MILLIS);
        let first = minute + 1 - MINUTES_SHOWN;
        let mut hours: BTreeMap<i64, HourView> = BTreeMap::new();
        for hour in first.div_euclid(60)..=minute.div_euclid(60) {
            hours.insert(hour, self.one(&partition, Kind::Hour, hour).await?);
        }
        let at_minute = |minute: i64| hours.get(&minute.div_euclid(60)).map(|view| view.at(minute)).unwrap_or_default();
        let minutes = (first..=minute)
            .map(|minute| MinuteActivity {
                minute: Time::from_millis(minute * MINUTE_MILLIS),
                active: at_minute(minute).active,
            })
            .collect();
        let day = answer::local_day(at, zone);
        let days: MonthView = self.one(&partition, Kind::Month, month(day)).await?;
        let (last_5_minutes, today) = (at_minute(minute).window, days.at(day));
        Ok((minutes, Windows { active_5m: last_5_minutes, active_today: today.active, active_7d: today.window }))
    }

    async fn summary(
        &self,
        tenant: &str,
        course: &str,
        view: &CourseView,
        at: i64,
    ) -> Result<CourseSummary, SourceError> {
        let settings = self.settings.settings(tenant, course).await?;
        let (_, windows) = self.activity(tenant, course, &settings.zone, at).await?;
        let partition = keys::course_partition(tenant, course);
        let described = self.by_object::<ObjectView>(&partition, Kind::Object, Some(course)).await?;
        Ok(CourseSummary {
            course: course.to_string(),
            title: described.get(course).and_then(|object| object.title.clone()),
            learners: view.learners,
            active_5m: windows.active_5m,
            active_today: windows.active_today,
        })
    }

    /// A kind that is not asked for is left out, unless nothing in particular is asked for.
    async fn merged_views(&self, query: &ViewsQuery) -> Result<Merged, SourceError> {
        let partition = keys::course_partition(&query.tenant, &query.course);
        let all = query.video.is_none() && query.quiz.is_none();
        let mut merged = Merged::default();
        if all || query.video.is_some() {
            merged.videos = self.by_object(&partition, Kind::Video, query.video.as_deref()).await?;
        }
        if all || query.quiz.is_some() {
            merged.quizzes = self.by_object(&partition, Kind::Quiz, query.quiz.as_deref()).await?;
        }
        merged.objects = self.by_object(&partition, Kind::Object, None).await?;
        Ok(merged)
    }
}

/// Distinct learners in the windows that end at T.
#[derive(Debug, Clone, Copy)]
struct Windows {
    active_5m: i64,
    active_today: i64,
    active_7d: i64,
}

impl<T: LiveTable, S: SettingsReader> ViewSource for LiveViews<T, S> {
    async fn courses(&self, tenant: &str, at_millis: Option<i64>) -> Result<CourseList, SourceError> {
        let at = at_millis.unwrap_or_else(|| (self.clock)());
        let mut courses = Vec::new();
        for (course, view) in self.courses_of(tenant, "").await? {
            courses.push(self.summary(tenant, &course, &view, at).await?);
        }
        Ok(CourseList { as_of: Time::from_millis(at), processed_to: self.processed_to().await?, courses })
    }

    async fn views(&self, query: ViewsQuery) -> Result<Option<CourseViews>, SourceError> {
        let at = query.at_millis.unwrap_or_else(|| (self.clock)());
        let processed_to = self.processed_to().await?;
        let mut courses = self.courses_of(&query.tenant, &keys::course_sort(&query.course, "")).await?;
        let merged = self.merged_views(&query).await?;
        let Some(totals) =
            courses.remove(&query.course).or_else(|| (!merged.objects.is_empty()).then(CourseView::default))
        else {
            return Ok(None);
        };
        let settings = self.settings.settings(&query.tenant, &query.course).await?;
        let (minutes, windows) = self.activity(&query.tenant, &query.course, &settings.zone, at).await?;
        let course = CourseActivity {
            course: query.course.clone(),
            title: merged.objects.get(&query.course).and_then(|object| object.title.clone()),
            zone: settings.zone.clone(),
            learners: totals.learners,
            active_5m: windows.active_5m,
            active_today: windows.active_today,
            active_7d: windows.active_7d,
            minutes,
        };
        Ok(Some(CourseViews {
            as_of: Time::from_millis(at),
            processed_to,
            stale: self.is_stale(&query.tenant, &query.course).await?,
            course,
            videos: answer::videos(&merged, &settings),
            questions: answer::questions(&merged),
        }))
    }
}

fn stored(item: &Item) -> Stored<'_> {
    let shards = item.watermarks.iter().map(|(shard, _)| shard).collect();
    Stored { sort: &item.key.sort, value: &item.value, shards }
}
