//! For the tests of who uses tables: stand-ins for DynamoDB, tables of their own in them, and a proxy that fails.
//!
//! It panics where something is wrong with a test's surroundings.

mod proxy;

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;

pub use proxy::{Call, Fault, Proxy};

use crate::{Table, create_table, drop_table};

/// The endpoint of a stand-in, from a variable of the environment. Where there is none the test passes, and says that it was
/// skipped; with `TRILHA_TEST_REQUIRE=1` it fails.
pub fn stand_in(variable: &str) -> Option<String> {
    let endpoint = std::env::var(variable).ok().filter(|endpoint| !endpoint.is_empty());
    if endpoint.is_none() {
        assert!(std::env::var("TRILHA_TEST_REQUIRE").as_deref() != Ok("1"), "{variable} is not set");
        println!("skipped: {variable} is not set");
    }
    endpoint
}

/// A client of an endpoint, which makes each call at most so many times.
pub async fn client(endpoint: &str, attempts: u32) -> Client {
    let retry = RetryConfig::standard().with_max_attempts(attempts).with_initial_backoff(Duration::from_millis(1));
    let config = aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(retry);
    Client::new(&config.load().await)
}

/// A new table, dropped with this.
#[derive(Debug)]
pub struct TestTable {
    /// The table.
    pub table: Table,
    endpoint: String,
}

impl TestTable {
    /// Makes a table at an endpoint.
    pub async fn create(endpoint: &str) -> TestTable {
        let name = format!("trilha-test-{}-{:016x}", std::process::id(), RandomState::new().hash_one(0));
        let client = client(endpoint, 3).await;
        create_table(&client, &name).await.expect("the stand-in makes a table");
        TestTable { table: Table::new(client, &name), endpoint: endpoint.to_string() }
    }

    /// The same table, by way of another endpoint, by a client that makes each call at most so many times.
    pub async fn through(&self, endpoint: &str, attempts: u32) -> Table {
        Table::new(client(endpoint, attempts).await, self.table.name())
    }
}

impl Drop for TestTable {
    /// The test's own runtime may be ending: this has one of its own.
    fn drop(&mut self) {
        let (endpoint, name) = (self.endpoint.clone(), self.table.name().to_string());
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(async { drop_table(&client(&endpoint, 3).await, &name).await }))
        });
        let dropped = dropped.join();
        if !std::thread::panicking() {
            assert!(matches!(dropped, Ok(Ok(Ok(())))), "{dropped:?}");
        }
    }
}
