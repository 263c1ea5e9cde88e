//! Everything from the collector's core to the read API's, on memory ports.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use trilha_benches::{Bench, FrontDoor, TENANT, into_live_table};
use trilha_collector::credential::Credential;
use trilha_dashboard::read::{LiveViews, ReadSettings, SettingsReader};
use trilha_dashboard::source::{SourceError, ViewSource, ViewsQuery};
use trilha_live::memory::MemoryTable;
use trilha_schemas::record;
use trilha_stream::mapping::Mapping;
use trilha_stream::memory::MemoryStream;

use crate::probes::COURSE;

/// As `trilha up` has it.
const WINDOW: Duration = Duration::from_millis(150);

pub(crate) struct Stack {
    door: FrontDoor,
    mapping: Mapping<MemoryStream>,
    views: LiveViews<MemoryTable, Defaults>,
    accepted: AtomicUsize,
}

/// Every course's settings.
struct Defaults;

impl SettingsReader for Defaults {
    async fn settings(&self, _: &str, _: &str) -> Result<ReadSettings, SourceError> {
        Ok(ReadSettings { zone: "America/Sao_Paulo".into(), ..ReadSettings::default() })
    }
}

impl Stack {
    pub(crate) fn start() -> Bench<Stack> {
        let (door, table) = (FrontDoor::new()?, Arc::new(MemoryTable::new()));
        let mapping = into_live_table(&door.stream, Arc::clone(&table), WINDOW);
        let views = LiveViews::new(table, Defaults, Arc::new(|| 0));
        Ok(Stack { door, mapping, views, accepted: AtomicUsize::new(0) })
    }

    /// Answers with the receipt, in which every event is accepted.
    pub(crate) async fn take(&self, body: &str, now_millis: i64, events: usize) -> Bench {
        let credential = Credential::WriteKey { tenant: TENANT.into(), name: "first".into() };
        let receipt = self.door.collector.collect_body(&credential, now_millis, body.as_bytes()).await?;
        self.accepted.fetch_add(receipt.accepted, Ordering::Relaxed);
        if receipt.accepted == events { Ok(()) } else { Err(format!("{:?}", receipt.rejected).into()) }
    }

    pub(crate) async fn applied(&self) -> Bench {
        Ok(self.mapping.drained().await?)
    }

    /// Learners who watched a video of the probes' course, as the read API has it.
    pub(crate) async fn viewers(&self, video: &str) -> Bench<i64> {
        let (tenant, course) = (TENANT.to_string(), COURSE.to_string());
        let query = ViewsQuery { tenant, course, video: Some(video.to_string()), ..ViewsQuery::default() };
        let views = self.views.views(query).await?;
        Ok(views.and_then(|views| views.videos.first().map(|video| video.viewers)).unwrap_or(0))
    }

    /// All that was sent is on the stream, and each probe in its course, once.
    pub(crate) async fn check(&self, events: usize, probes: usize) -> Bench {
        assert_eq!(self.accepted.load(Ordering::Relaxed), events + probes);
        let mut on_the_stream = 0;
        for stored in self.door.records().await?.iter().flat_map(|(_, records)| records) {
            on_the_stream += record::decode(&stored.data)?.events.len();
        }
        assert_eq!(on_the_stream, events + probes);
        let courses = self.views.courses(TENANT, Some(0)).await?.courses;
        let learners = courses.iter().find(|course| course.course == COURSE).map(|course| course.learners);
        assert_eq!(learners, Some(probes as i64));
        Ok(())
    }
}
