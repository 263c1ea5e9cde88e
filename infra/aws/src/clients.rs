//! Clients of the services, from the standard chain: region, credentials and endpoints by the variables and files that
//! every tool of AWS reads (`AWS_REGION`, `AWS_PROFILE`, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_KINESIS`, …).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_kinesis::config::{Credentials, ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use http::Method;
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential};
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{BackoffConfig, ClientOptions, CredentialProvider, ObjectStore, RetryConfig as StoreRetryConfig};
use tokio::sync::Mutex;
use trilha_dynamodb::Table;

/// A new connection within a region takes a few milliseconds; what takes longer is tried again.
const CONNECT: Duration = Duration::from_secs(2);
/// DynamoDB answers in milliseconds. The largest calls (500 records of 10 MiB, 100 items) take less than a second.
const ATTEMPT: Duration = Duration::from_secs(5);
/// With all attempts: well below the 29 seconds for which API Gateway waits.
const OPERATION: Duration = Duration::from_secs(15);
/// A call that is made again may have happened. All of ours may: puts into tables are conditional on what was read, and
/// a record that is put twice holds the same events, whose ids make them count once.
const ATTEMPTS: u32 = 4;
/// Not the SDK's second: a learner's page waits.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(2);
/// A generation's part is put in one call, tens of megabytes at the most.
const OBJECT: Duration = Duration::from_secs(60);
/// For how long a signed call that makes a bucket counts.
const CREATE: Duration = Duration::from_secs(60);

/// Makes clients that share one pool of connections.
#[derive(Debug, Clone)]
pub struct Clients {
    sdk: SdkConfig,
}

impl Clients {
    /// From the process's environment.
    pub async fn from_environment() -> Clients {
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION);
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_initial_backoff(FIRST_BACKOFF)
            .with_max_backoff(LONGEST_BACKOFF);
        let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
        Clients { sdk: loader.timeout_config(timeouts.build()).retry_config(retries).load().await }
    }

    /// A DynamoDB table.
    pub fn table(&self, name: &str) -> Table {
        Table::new(self.dynamodb(), name)
    }

    /// DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.sdk)
    }

    /// Kinesis.
    pub fn kinesis(&self) -> aws_sdk_kinesis::Client {
        aws_sdk_kinesis::Client::new(&self.sdk)
    }

    /// Glue.
    pub fn glue(&self) -> aws_sdk_glue::Client {
        aws_sdk_glue::Client::new(&self.sdk)
    }

    /// EventBridge.
    pub fn events(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.sdk)
    }

    /// Secrets Manager.
    pub fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.sdk)
    }

    /// The text of a secret.
    ///
    /// # Errors
    /// When there is none, it is no text, or Secrets Manager does not answer. The text is in no error.
    pub async fn secret(&self, name: &str) -> anyhow::Result<String> {
        let answer = self.secrets().get_secret_value().secret_id(name).send().await;
        let answer = answer.map_err(aws_sdk_secretsmanager::Error::from);
        let answer = answer.with_context(|| format!("cannot read the secret {name}"))?;
        answer.secret_string.with_context(|| format!("the secret {name} is no text"))
    }

    /// A bucket.
    ///
    /// # Errors
    /// When the environment names no region or no credentials.
    pub fn bucket(&self, name: &str) -> anyhow::Result<Arc<dyn ObjectStore>> {
        Ok(Arc::new(self.s3(name)?))
    }

    fn s3(&self, name: &str) -> anyhow::Result<AmazonS3> {
        let Some(region) = self.sdk.region() else { bail!("no region is set; AWS_REGION names one") };
        let Some(credentials) = self.sdk.credentials_provider() else { bail!("there are no credentials for AWS") };
        // One provider of TLS for the whole process; whoever comes second finds it there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let endpoint = endpoint();
        let is_plain = endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let options = ClientOptions::new().with_connect_timeout(CONNECT).with_timeout(OBJECT).with_allow_http(is_plain);
        let backoff =
            BackoffConfig { init_backoff: FIRST_BACKOFF, max_backoff: LONGEST_BACKOFF, ..BackoffConfig::default() };
        let retries = StoreRetryConfig { backoff, max_retries: ATTEMPTS as usize, retry_timeout: OBJECT };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(name)
            .with_region(region.as_ref())
            .with_credentials(Arc::new(SdkCredentials::new(credentials)))
            .with_retry(retries)
            .with_client_options(options);
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        Ok(builder.build()?)
    }

    /// Makes a bucket; fine if it is there and this account's.
    ///
    /// # Errors
    /// When S3 refuses.
    pub async fn create_bucket(&self, name: &str) -> anyhow::Result<()> {
        let url = self.s3(name)?.signed_url(Method::PUT, &Path::default(), CREATE).await?;
        let answer = reqwest::Client::builder().build()?.put(url).body(self.location()).send().await?;
        let (status, body) = (answer.status(), answer.text().await?);
        let is_ours = status.is_success() || body.contains("BucketAlreadyOwnedByYou");
        is_ours.then_some(()).with_context(|| format!("cannot make the bucket {name}: {status} {body}"))
    }

    /// Where a bucket is made; S3's first region may not be named.
    fn location(&self) -> String {
        match self.sdk.region().map(AsRef::as_ref) {
            None | Some("us-east-1") => String::new(),
            Some(region) => format!(
                "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
                 <LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
            ),
        }
    }
}

/// The SDK's own endpoint for S3, which its configuration tells nobody.
fn endpoint() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
    set("AWS_ENDPOINT_URL_S3").or_else(|| set("AWS_ENDPOINT_URL"))
}

/// Credentials are renewed so long before they expire.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// The standard chain's credentials for the object store, kept until shortly before they expire.
#[derive(Debug)]
struct SdkCredentials {
    provider: SharedCredentialsProvider,
    last: Mutex<Option<Credentials>>,
}

impl SdkCredentials {
    fn new(provider: SharedCredentialsProvider) -> SdkCredentials {
        SdkCredentials { provider, last: Mutex::default() }
    }

    async fn get(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut last = self.last.lock().await;
        let credentials = match last.take().filter(|credentials| is_fresh(credentials, SystemTime::now())) {
            Some(credentials) => credentials,
            None => self.provider.provide_credentials().await.map_err(no_credentials)?,
        };
        let credentials = last.insert(credentials);
        Ok(Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_string(),
            secret_key: credentials.secret_access_key().to_string(),
            token: credentials.session_token().map(str::to_string),
        }))
    }
}

/// Credentials without an end are those of a person or of a Lambda function's life.
fn is_fresh(credentials: &Credentials, now: SystemTime) -> bool {
    credentials.expiry().is_none_or(|expiry| expiry > now + RENEW_BEFORE)
}

type Answer<'a> = Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'a>>;

impl CredentialProvider for SdkCredentials {
    type Credential = AwsCredential;

    // An async function of a trait that is used as `dyn`, written out.
    fn get_credential<'own, 'answer>(&'own self) -> Answer<'answer>
    where
        'own: 'answer,
        Self: 'answer,
    {
        Box::pin(self.get())
    }
}

fn no_credentials(error: impl std::error::Error + Send + Sync + 'static) -> object_store::Error {
    object_store::Error::Generic { store: "S3", source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_renewed_before_they_expire() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let until = |expiry| Credentials::new("id", "secret", None, expiry, "test");
        assert!(is_fresh(&until(None), now));
        assert!(is_fresh(&until(Some(now + Duration::from_secs(301))), now));
        assert!(!is_fresh(&until(Some(now + Duration::from_secs(300))), now));
    }
}
