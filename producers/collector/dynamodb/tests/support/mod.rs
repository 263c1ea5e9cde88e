//! Tables of a test's own at the endpoint that `TRILHA_TEST_AWS` names, gone when the test is over.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

pub mod proxy;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::{Sealer, Secret};
use trilha_dynamodb::{Table, create_table, drop_table};
use trilha_stream::clock::Clock;

/// 2026-03-02T19:30:00Z, when the contracts' rows arrive.
pub const NOW: i64 = 1_772_479_800_000;

/// The endpoint; without one the test is skipped, and says so.
pub fn endpoint() -> Option<String> {
    match std::env::var("TRILHA_TEST_AWS") {
        Ok(endpoint) if !endpoint.is_empty() => Some(endpoint),
        _ => {
            let required = std::env::var("TRILHA_TEST_REQUIRE").is_ok_and(|required| required == "1");
            assert!(!required, "TRILHA_TEST_AWS names no endpoint");
            println!("skipped: TRILHA_TEST_AWS names no endpoint");
            None
        }
    }
}

/// A client that makes each call so many times by itself.
pub fn client(endpoint: &str, attempts: u32) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::standard().with_max_attempts(attempts))
        .endpoint_url(endpoint);
    Client::from_conf(config.build())
}

pub fn sealer(key: u8) -> Sealer {
    Sealer::new(&Secret::new([key; 32]), Arc::new(OsRandom))
}

/// A clock that stands still.
pub fn clock_at(millis: i64) -> Clock {
    Arc::new(move || millis)
}

/// New tables, which live as long as this.
pub struct Tables {
    endpoint: String,
    names: Vec<String>,
    next: AtomicU64,
}

impl Tables {
    pub async fn make(endpoint: &str, count: usize) -> Tables {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let client = client(endpoint, 3);
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let name = |number| format!("trilha-test-{}-{nanos}-{number}", std::process::id());
        let names: Vec<_> = (0..count).map(|_| name(MADE.fetch_add(1, Ordering::Relaxed))).collect();
        let tables = Tables { endpoint: endpoint.to_string(), names, next: AtomicU64::new(0) };
        for name in &tables.names {
            create_table(&client, name).await.unwrap();
        }
        tables
    }

    /// One that was not handed out yet.
    pub fn fresh(&self) -> Table {
        let at = self.next.fetch_add(1, Ordering::Relaxed) as usize;
        let name = self.names.get(at).expect("the suite has grown: make more tables");
        Table::new(client(&self.endpoint, 3), name)
    }

    /// The first, through another endpoint or with other attempts.
    pub fn first_through(&self, endpoint: &str, attempts: u32) -> Table {
        Table::new(client(endpoint, attempts), &self.names[0])
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        let (endpoint, names) = (self.endpoint.clone(), std::mem::take(&mut self.names));
        let drop_all = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let client = client(&endpoint, 3);
                for name in names {
                    drop_table(&client, &name).await.unwrap();
                }
            });
        };
        std::thread::spawn(drop_all).join().unwrap();
    }
}
