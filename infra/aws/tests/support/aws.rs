//! What belongs to one test on the stand-in.

use std::process::{Command, Stdio};

use aws_config::BehaviorVersion;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{Credentials, Region};
use trilha_aws::keys::Keys;
use trilha_dynamodb::Table;
use trilha_lake_s3::DynamoManifest;

const TENANT: &str = "ufpa";
const REGION: &str = "us-east-1";

/// Names of its own on a stand-in.
pub(crate) struct Account {
    url: String,
    name: String,
}

impl Account {
    /// On the stand-in that the environment names.
    pub(crate) fn of_environment() -> Option<Account> {
        let Ok(url) = std::env::var("TRILHA_TEST_AWS") else {
            assert!(std::env::var("TRILHA_TEST_REQUIRE").is_err(), "TRILHA_TEST_AWS is not set");
            println!("skipped: TRILHA_TEST_AWS names no stand-in for AWS");
            return None;
        };
        let name = format!("up-{}-{}", std::process::id(), super::now_millis());
        Some(Account { url, name })
    }

    /// The command, with everything that it needs in its environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let named = |what: &str| format!("{}-{what}", self.name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_trilha-aws"));
        command.args(arguments).env_clear().stdin(Stdio::null()).envs([
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_REGION", REGION.into()),
            ("AWS_ACCESS_KEY_ID", "test".into()),
            ("AWS_SECRET_ACCESS_KEY", "test".into()),
            ("TRILHA_TENANTS", TENANT.into()),
            ("TRILHA_ZONE", "UTC".into()),
            ("TRILHA_STREAM", named("events")),
            ("TRILHA_LAKE_BUCKET", named("lake")),
            ("TRILHA_KEYS_SECRET", named("keys")),
            ("TRILHA_LIVE_TABLE", named("live")),
            ("TRILHA_IDENTITIES_TABLE", named("identities")),
            ("TRILHA_QUARANTINE_TABLE", named("quarantine")),
            ("TRILHA_SETTINGS_TABLE", named("settings")),
            ("TRILHA_MANIFEST_TABLE", named("manifest")),
            ("TRILHA_CHECKPOINTS_TABLE", named("checkpoints")),
            ("TRILHA_STATUS_TABLE", named("status")),
        ]);
        command
    }

    /// Runs a command that must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    async fn sdk(&self) -> SdkConfig {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let loader = aws_config::defaults(BehaviorVersion::latest()).endpoint_url(&self.url).http_client(http);
        let credentials = Credentials::new("test", "test", None, None, "test");
        loader.region(Region::new(REGION)).credentials_provider(credentials).load().await
    }

    /// The keys that are derived from the account's secret.
    pub(crate) async fn keys(&self) -> Keys {
        let secrets = aws_sdk_secretsmanager::Client::new(&self.sdk().await);
        let secret = secrets.get_secret_value().secret_id(format!("{}-keys", self.name)).send().await.unwrap();
        trilha_aws::keys::from_secret(&secret.secret_string.unwrap(), &[TENANT.to_string()]).unwrap()
    }

    /// Rows of all generations that the lake's manifest names.
    pub(crate) async fn lake_rows(&self) -> u64 {
        let client = aws_sdk_dynamodb::Client::new(&self.sdk().await);
        super::reference::rows(&DynamoManifest::new(Table::new(client, &format!("{}-manifest", self.name)))).await
    }
}
