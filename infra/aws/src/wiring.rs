//! Which adapter stands for which port, from the environment.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::Router;
use trilha_collector::collector::{Collector, Ports, tokio_sleep};
use trilha_collector::credential::Credential;
use trilha_collector::random::OsRandom;
use trilha_collector::router::Front;
use trilha_collector::seal::Sealer;
use trilha_collector_dynamodb::{DynamoCheckpoints, DynamoIdentities, DynamoQuarantine, DynamoSettings};
use trilha_core::FOLD_VERSION;
use trilha_dashboard::read::LiveViews;
use trilha_dynamodb::Table;
use trilha_lake::{Compactor, LakeWriter};
use trilha_lake_s3::{DynamoManifest, S3Storage};
use trilha_live_dynamodb::DynamoTable;
use trilha_processors::evaluator::Evaluator;
use trilha_processors::evaluator::status::TableStatus;
use trilha_processors::strays::CollectorStrays;
use trilha_serve::clock::{self, Clock};
use trilha_serve::reading::CourseSettings;
use trilha_stream_kinesis::KinesisStream;

use crate::bus::EventBus;
use crate::catalogue::LakeCatalogue;
use crate::clients::Clients;
use crate::config::{Config, Text};
use crate::counted::Counted;
use crate::keys::{self, Keys};
use crate::report::{CountTotals, Totals};

/// The quarantine, with a count for the alarm.
pub type AwsQuarantine = Counted<DynamoQuarantine>;
/// The collector.
pub type AwsCollector = Collector<KinesisStream, DynamoIdentities, AwsQuarantine, DynamoSettings>;
/// What takes in records that are not folded, and drives quarantine rows again.
pub type AwsStrays = CollectorStrays<KinesisStream, DynamoIdentities, AwsQuarantine, DynamoSettings>;
/// The live tables as the read API takes them.
pub type AwsViews = LiveViews<DynamoTable, CourseSettings<DynamoSettings>>;
/// What raises domain events.
pub type AwsEvaluator = Evaluator<DynamoTable, DynamoSettings, TableStatus<DynamoTable>, EventBus>;
/// What the lake holds.
pub type AwsManifest = DynamoManifest;
/// Where its files lie.
pub type AwsStorage = S3Storage<LakeCatalogue>;

/// The environment, and clients for it.
pub struct Aws {
    /// What the environment says.
    pub config: Config,
    /// Speak to the services.
    pub clients: Clients,
    /// The machine's.
    pub clock: Clock,
    /// Every table that was made from here, for the count of units.
    tables: Mutex<Vec<Table>>,
}

/// What the collector writes to besides the stream.
pub struct Stores {
    /// Maps pseudonyms back.
    pub identities: Arc<DynamoIdentities>,
    /// Keeps what is refused.
    pub quarantine: Arc<AwsQuarantine>,
    /// Courses' settings.
    pub settings: Arc<DynamoSettings>,
}

impl Aws {
    /// From the process's environment.
    ///
    /// # Errors
    /// When a variable's value cannot be used.
    pub async fn from_environment() -> anyhow::Result<Aws> {
        let config = Config::from_environment()?;
        let clients = Clients::from_environment().await;
        Ok(Aws { config, clients, clock: clock::system(), tables: Mutex::default() })
    }

    fn table(&self, name: &Text) -> anyhow::Result<Table> {
        let table = self.clients.table(name.get()?);
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).push(table.clone());
        Ok(table)
    }

    /// Write units that all tables were charged so far.
    pub fn totals(&self) -> Totals {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        Totals { write_units: tables.iter().map(|table| table.units().write).sum(), quarantined: 0 }
    }

    /// [`Aws::totals`], and how many rows a quarantine took.
    pub fn totals_of(self: &Arc<Aws>, quarantine: &Arc<AwsQuarantine>) -> CountTotals {
        let (aws, quarantine) = (Arc::clone(self), Arc::clone(quarantine));
        Arc::new(move || Totals { quarantined: quarantine.kept(), ..aws.totals() })
    }

    /// All keys, derived from the secret.
    ///
    /// # Errors
    /// When the secret cannot be read, or is none of ours.
    pub async fn keys(&self) -> anyhow::Result<Keys> {
        let name = self.config.keys_secret.get()?;
        let tenants = self.config.tenants()?;
        let secret = self.clients.secret(name).await?;
        keys::from_secret(&secret, tenants).with_context(|| format!("the secret {name} cannot be used"))
    }

    /// The stream.
    ///
    /// # Errors
    /// When there is none, or it does not answer.
    pub async fn stream(&self) -> anyhow::Result<Arc<KinesisStream>> {
        let name = self.config.stream.get()?;
        let stream = KinesisStream::open(self.clients.kinesis(), name).await;
        Ok(Arc::new(stream.with_context(|| format!("cannot open the stream {name}"))?))
    }

    /// The live tables.
    ///
    /// # Errors
    /// When the environment does not name them.
    pub fn live_table(&self) -> anyhow::Result<Arc<DynamoTable>> {
        Ok(Arc::new(DynamoTable::new(self.table(&self.config.live_table)?)))
    }

    /// The quarantine.
    ///
    /// # Errors
    /// When the environment does not name it.
    pub fn quarantine(&self, keys: &Keys) -> anyhow::Result<Arc<AwsQuarantine>> {
        let table = self.table(&self.config.quarantine_table)?;
        Ok(Arc::new(Counted::new(DynamoQuarantine::new(table, sealer(keys)))))
    }

    /// Courses' settings.
    ///
    /// # Errors
    /// When the environment does not name them.
    pub fn settings(&self) -> anyhow::Result<Arc<DynamoSettings>> {
        Ok(Arc::new(DynamoSettings::new(self.table(&self.config.settings_table)?)))
    }

    /// How far each mapping has come, where this process is the mapping.
    ///
    /// # Errors
    /// When the environment does not name them.
    pub fn checkpoints(&self) -> anyhow::Result<DynamoCheckpoints> {
        Ok(DynamoCheckpoints::new(self.table(&self.config.checkpoints_table)?))
    }

    /// What the collector writes to besides the stream.
    ///
    /// # Errors
    /// When the environment does not name it.
    pub fn stores(&self, keys: &Keys) -> anyhow::Result<Stores> {
        let identities = DynamoIdentities::new(self.table(&self.config.identities_table)?, sealer(keys));
        Ok(Stores { identities: Arc::new(identities), quarantine: self.quarantine(keys)?, settings: self.settings()? })
    }

    /// The collector's core.
    ///
    /// # Errors
    /// When the zone of new courses is in no database.
    pub fn collector(
        &self,
        stream: &Arc<KinesisStream>,
        stores: &Stores,
        keys: &Keys,
    ) -> anyhow::Result<Arc<AwsCollector>> {
        let ports = Ports {
            stream: Arc::clone(stream),
            identities: Arc::clone(&stores.identities),
            quarantine: Arc::clone(&stores.quarantine),
            settings: Arc::clone(&stores.settings),
        };
        Ok(Arc::new(Collector::new(ports, &keys.ring, &self.config.zone, tokio_sleep())?))
    }

    /// The collector's routes.
    pub fn collector_router(&self, collector: &Arc<AwsCollector>, keys: &Keys) -> Router {
        trilha_collector::router::router(Front {
            collector: Arc::clone(collector),
            keys: Arc::new(keys.ring.clone()),
            clock: Arc::clone(&self.clock),
            origins: self.config.origins.clone(),
        })
    }

    /// What takes in records that are not folded. Other producers on the stream count as the first tenant's.
    ///
    /// # Errors
    /// When the environment names no tenant.
    pub fn strays(
        &self,
        stream: &Arc<KinesisStream>,
        collector: &Arc<AwsCollector>,
        stores: &Stores,
    ) -> anyhow::Result<AwsStrays> {
        let tenant = self.config.tenants()?[0].clone();
        Ok(CollectorStrays {
            stream: Arc::clone(stream),
            collector: Arc::clone(collector),
            quarantine: Arc::clone(&stores.quarantine),
            producer: Credential::WriteKey { tenant, name: "producers on the stream".into() },
        })
    }

    /// What the read API reads.
    ///
    /// # Errors
    /// When the environment does not name the tables.
    pub fn views(&self) -> anyhow::Result<AwsViews> {
        let settings = CourseSettings { store: self.settings()?, default_zone: self.config.zone.clone() };
        Ok(LiveViews::new(self.live_table()?, settings, Arc::clone(&self.clock)))
    }

    /// What raises domain events.
    ///
    /// # Errors
    /// When the environment does not name what it reads, notes and tells.
    pub fn evaluator(&self) -> anyhow::Result<AwsEvaluator> {
        let statuses = DynamoTable::new(self.table(&self.config.status_table)?);
        Ok(Evaluator {
            table: self.live_table()?,
            settings: self.settings()?,
            statuses: TableStatus(Arc::new(statuses)),
            sink: EventBus::new(self.clients.events(), self.config.event_bus.get()?),
        })
    }

    /// The lake.
    ///
    /// # Errors
    /// When the environment does not name it.
    pub fn lake(&self) -> anyhow::Result<AwsLake> {
        let store = self.clients.bucket(self.config.lake_bucket.get()?)?;
        let catalogue = Arc::new(LakeCatalogue::of(&self.config, &self.clients)?);
        let (prefix, grace) = (&self.config.lake_prefix, self.config.compaction_grace);
        Ok(AwsLake {
            manifest: Arc::new(DynamoManifest::new(self.table(&self.config.manifest_table)?)),
            storage: Arc::new(S3Storage::new(store, prefix, catalogue, grace, Arc::clone(&self.clock))),
        })
    }
}

/// The lake: its manifest and where its files lie.
pub struct AwsLake {
    manifest: Arc<AwsManifest>,
    storage: Arc<AwsStorage>,
}

impl AwsLake {
    /// Where batches land.
    ///
    /// # Errors
    /// When the manifest does not answer.
    pub async fn writer(&self) -> anyhow::Result<Arc<LakeWriter<AwsManifest, AwsStorage>>> {
        let writer = LakeWriter::open(Arc::clone(&self.manifest), Arc::clone(&self.storage), FOLD_VERSION).await;
        Ok(Arc::new(writer.context("cannot open the lake")?))
    }

    /// Publishes what landed.
    pub fn compactor(&self) -> Compactor<AwsManifest, AwsStorage> {
        Compactor::new(Arc::clone(&self.manifest), Arc::clone(&self.storage))
    }
}

fn sealer(keys: &Keys) -> Sealer {
    Sealer::new(&keys.ring.data_key, Arc::new(OsRandom))
}
