//! A stand-in for AWS at the address in `TRILHA_TEST_AWS`. What a test makes there has a name of its own and goes with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_glue::types::{Column, DatabaseInput, SerDeInfo, StorageDescriptor, TableInput};
use futures_util::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use trilha_dynamodb::{Table, create_table, drop_table};
use trilha_lake_s3::{DynamoManifest, GlueCatalogue};

const VARIABLE: &str = "TRILHA_TEST_AWS";
const REGION: &str = "us-east-1";

/// The address; `None`, and a line that says so, if there is none. With `TRILHA_TEST_REQUIRE=1` that is a failure.
pub fn address() -> Option<String> {
    let address = std::env::var(VARIABLE).ok().filter(|address| !address.is_empty());
    if address.is_none() {
        assert!(std::env::var("TRILHA_TEST_REQUIRE").is_err(), "{VARIABLE} names no stand-in for AWS");
        println!("skipped: {VARIABLE} names no stand-in for AWS");
    }
    address
}

/// Whether calls that fail are made again by the libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retries {
    Library,
    None,
}

/// Clients of one address: the stand-in's, or a proxy's before it.
#[derive(Clone)]
pub struct Clients {
    pub address: String,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub glue: aws_sdk_glue::Client,
    retries: Retries,
}

impl Clients {
    pub async fn of(address: &str, retries: Retries) -> Clients {
        use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let retry = match retries {
            Retries::Library => aws_config::retry::RetryConfig::standard().with_max_attempts(5),
            Retries::None => aws_config::retry::RetryConfig::disabled(),
        };
        let credentials = aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "tests");
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .endpoint_url(address)
            .region(aws_config::Region::new(REGION))
            .credentials_provider(credentials)
            .retry_config(retry)
            .http_client(http)
            .load()
            .await;
        let (dynamodb, glue) = (aws_sdk_dynamodb::Client::new(&config), aws_sdk_glue::Client::new(&config));
        Clients { address: address.to_string(), dynamodb, glue, retries }
    }

    pub fn bucket(&self, name: &str) -> Arc<dyn ObjectStore> {
        let retry = match self.retries {
            Retries::Library => RetryConfig::default(),
            Retries::None => RetryConfig { max_retries: 0, ..RetryConfig::default() },
        };
        let bucket = AmazonS3Builder::new()
            .with_endpoint(&self.address)
            .with_client_options(ClientOptions::new().with_allow_http(true))
            .with_region(REGION)
            .with_bucket_name(name)
            .with_access_key_id("test")
            .with_secret_access_key("test")
            .with_retry(retry)
            .build();
        Arc::new(bucket.unwrap())
    }
}

/// A bucket, a DynamoDB table and a Glue database with a table, all of one new name; removed when this is dropped.
pub struct StandIn {
    pub clients: Clients,
    pub name: String,
}

impl StandIn {
    pub async fn new() -> Option<StandIn> {
        let clients = Clients::of(&address()?, Retries::Library).await;
        let name = unique_name();
        let made = reqwest::Client::new().put(format!("{}/{name}", clients.address)).send().await.unwrap();
        assert!(made.status().is_success(), "{made:?}");
        create_table(&clients.dynamodb, &name).await.unwrap();
        make_glue_table(&clients.glue, &name).await;
        Some(StandIn { clients, name })
    }

    /// Clients that reach the same through another address.
    pub async fn through(&self, address: &str, retries: Retries) -> StandInView {
        StandInView { clients: Clients::of(address, retries).await, name: self.name.clone() }
    }

    pub fn view(&self) -> StandInView {
        StandInView { clients: self.clients.clone(), name: self.name.clone() }
    }
}

/// The same bucket and tables, which somebody else removes.
#[derive(Clone)]
pub struct StandInView {
    pub clients: Clients,
    pub name: String,
}

impl StandInView {
    pub fn bucket(&self) -> Arc<dyn ObjectStore> {
        self.clients.bucket(&self.name)
    }

    pub fn manifest(&self) -> DynamoManifest {
        DynamoManifest::new(Table::new(self.clients.dynamodb.clone(), &self.name))
    }

    pub fn catalogue(&self) -> GlueCatalogue {
        GlueCatalogue::new(self.clients.glue.clone(), &self.name, "events", &self.events())
    }

    pub fn events(&self) -> String {
        format!("s3://{}/lake/events", self.name)
    }
}

impl Drop for StandIn {
    /// On a thread and a runtime of its own, for the test's cannot wait here.
    fn drop(&mut self) {
        let (address, name) = (self.clients.address.clone(), self.name.clone());
        let removal = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(remove(&address, &name));
        });
        let removed = removal.join();
        assert!(removed.is_ok() || std::thread::panicking(), "what the test made is not removed");
    }
}

async fn remove(address: &str, name: &str) {
    let clients = Clients::of(address, Retries::Library).await;
    let bucket = clients.bucket(name);
    let objects: Vec<_> = bucket.list(None).try_collect().await.unwrap();
    for object in objects {
        bucket.delete(&object.location).await.unwrap();
    }
    reqwest::Client::new().delete(format!("{address}/{name}")).send().await.unwrap();
    drop_table(&clients.dynamodb, name).await.unwrap();
    let _ = clients.glue.delete_table().database_name(name).name("events").send().await;
    clients.glue.delete_database().name(name).send().await.unwrap();
}

async fn make_glue_table(glue: &aws_sdk_glue::Client, name: &str) {
    let database = DatabaseInput::builder().name(name).build().unwrap();
    glue.create_database().database_input(database).send().await.unwrap();
    let column = |name: &str, kind: &str| Column::builder().name(name).r#type(kind).build().unwrap();
    let columns = ["event_id", "learner", "course", "type", "object"].map(|name| column(name, "string"));
    let serde = SerDeInfo::builder()
        .serialization_library("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")
        .build();
    let descriptor = StorageDescriptor::builder()
        .set_columns(Some(columns.to_vec()))
        .location(format!("s3://{name}/lake/events/"))
        .input_format("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat")
        .output_format("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat")
        .serde_info(serde)
        .build();
    let table = TableInput::builder()
        .name("events")
        .table_type("EXTERNAL_TABLE")
        .parameters("classification", "parquet")
        .partition_keys(column("tenant", "string"))
        .partition_keys(column("day", "string"))
        .storage_descriptor(descriptor)
        .build()
        .unwrap();
    glue.create_table().database_name(name).table_input(table).send().await.unwrap();
}

fn unique_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("trilha-{}-{nanos}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
