//! The same events through the same parts over ports in memory.

use std::sync::Arc;

use serde_json::Value;
use trilha_aws::keys::Keys;
use trilha_collector::collector::{Arrival, Collector, Ports, Sent, tokio_sleep};
use trilha_collector::credential::Credential;
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::Sealer;
use trilha_dashboard::read::LiveViews;
use trilha_dashboard::source::{ViewSource, ViewsQuery};
use trilha_lake::manifest::{Manifest, MemoryManifest};
use trilha_lake::storage::MemoryStorage;
use trilha_lake::{Beyond, Compactor, LakeWriter};
use trilha_live::memory::MemoryTable;
use trilha_processors::lake::LakeProcessor;
use trilha_processors::live::LiveProcessor;
use trilha_processors::strays::CollectorStrays;
use trilha_schemas::event::Protocol;
use trilha_serve::reading::CourseSettings;
use trilha_stream::mapping::batch_event;
use trilha_stream::memory::MemoryStream;
use trilha_stream::port::Stream;

const INCARNATION: &str = "one";

/// What came of them.
pub(crate) struct Reference {
    tenant: String,
    table: Arc<MemoryTable>,
    settings: Arc<MemorySettings>,
    manifest: Arc<MemoryManifest>,
}

impl Reference {
    /// Native events that arrive now.
    pub(crate) async fn of(events: &[String], now_millis: i64, keys: Keys) -> Reference {
        let stream = Arc::new(MemoryStream::new(1, INCARNATION, Arc::new(move || now_millis)));
        let sealer = Sealer::new(&keys.ring.data_key, Arc::new(OsRandom));
        let (quarantine, settings) = (Arc::new(MemoryQuarantine::new(sealer)), Arc::new(MemorySettings::default()));
        let ports = Ports {
            stream: Arc::clone(&stream),
            identities: Arc::new(MemoryIdentities::default()),
            quarantine: Arc::clone(&quarantine),
            settings: Arc::clone(&settings),
        };
        let collector = Arc::new(Collector::new(ports, &keys.ring, "UTC", tokio_sleep()).unwrap());
        let tenant = keys.ring.tenants[0].tenant.clone();
        let owner = Credential::WriteKey { tenant: tenant.clone(), name: "test".into() };
        for request in events.chunks(500) {
            let sent = request.iter().enumerate().map(|(index, text)| Sent::native(index, text)).collect();
            let arrival = Arrival::Live { now_millis };
            collector.collect(&owner, Protocol::Native, arrival, sent).await.unwrap();
        }
        let producer = owner;
        let strays = Arc::new(CollectorStrays { stream: Arc::clone(&stream), collector, quarantine, producer });
        let (table, manifest) = (Arc::new(MemoryTable::new()), Arc::new(MemoryManifest::default()));
        let storage = Arc::new(MemoryStorage::default());
        let writer = Arc::new(LakeWriter::open(Arc::clone(&manifest), Arc::clone(&storage), 1).await.unwrap());
        let live = LiveProcessor::new(Arc::clone(&table), Arc::clone(&strays), INCARNATION.into(), 1 << 25);
        let lake = LakeProcessor::new(writer, strays, INCARNATION.into());
        let shard_id = stream.shards().await.unwrap().remove(0).shard_id;
        let records = stream.records(&shard_id, None, usize::MAX, usize::MAX).await.unwrap().records;
        for batch in records.chunks(300) {
            assert!(live.handle(batch_event(&shard_id, batch)).await.unwrap().batch_item_failures.is_empty());
            assert!(lake.handle(batch_event(&shard_id, batch)).await.unwrap().batch_item_failures.is_empty());
        }
        Compactor::new(Arc::clone(&manifest), storage).run(&Beyond::new()).await.unwrap();
        Reference { tenant, table, settings, manifest }
    }

    /// Every course's views, without what tells when they were made.
    pub(crate) async fn views(&self, at_millis: i64) -> Vec<Value> {
        let settings = CourseSettings { store: Arc::clone(&self.settings), default_zone: "UTC".into() };
        let views = LiveViews::new(Arc::clone(&self.table), settings, Arc::new(move || at_millis));
        let mut all = Vec::new();
        for course in views.courses(&self.tenant, Some(at_millis)).await.unwrap().courses {
            let query = ViewsQuery {
                tenant: self.tenant.clone(),
                course: course.course,
                at_millis: Some(at_millis),
                ..ViewsQuery::default()
            };
            let found = views.views(query).await.unwrap().unwrap();
            let mut found = serde_json::to_value(found).unwrap();
            found.as_object_mut().unwrap().remove("processed_to");
            all.push(found);
        }
        all
    }

    pub(crate) async fn lake_rows(&self) -> u64 {
        rows(&*self.manifest).await
    }
}

/// Rows of all generations that a manifest names.
pub(crate) async fn rows(manifest: &impl Manifest) -> u64 {
    assert!(manifest.dirty().await.unwrap().is_empty(), "something has landed and is not published");
    let mut rows = 0;
    for (partition, _) in manifest.generations().await.unwrap() {
        rows += manifest.generation(&partition).await.unwrap().files.iter().map(|file| file.rows).sum::<u64>();
    }
    rows
}
