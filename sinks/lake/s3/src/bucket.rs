//! The client of a bucket.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use aws_sdk_dynamodb::config::{ProvideCredentials, SharedCredentialsProvider};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential};
use object_store::{CredentialProvider, ObjectStore};
use trilha_lake::LakeError;

/// A bucket in a region, reached as the standard variables say (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`), with the
/// credentials that the SDK's clients use.
///
/// # Errors
/// [`LakeError::Unavailable`] when the settings make no client.
pub fn open_bucket(
    bucket: &str,
    region: &str,
    credentials: SharedCredentialsProvider,
) -> Result<Arc<dyn ObjectStore>, LakeError> {
    // Whoever came first has installed one, and any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        .with_region(region)
        .with_credentials(Arc::new(Credentials(credentials)));
    let endpoints = [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint];
    let is_plain =
        |key: &AmazonS3ConfigKey| builder.get_config_value(key).is_some_and(|endpoint| endpoint.starts_with("http://"));
    if endpoints.iter().any(is_plain) {
        builder = builder.with_allow_http(true);
    }
    let bucket = builder.build().map_err(|error| LakeError::Unavailable(error.to_string()))?;
    Ok(Arc::new(bucket))
}

/// The SDK's credentials, as the bucket's client asks for them. The provider renews and keeps them.
struct Credentials(SharedCredentialsProvider);

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    async fn get(&self) -> object_store::Result<Arc<AwsCredential>> {
        let credentials = self.0.provide_credentials().await;
        let credentials =
            credentials.map_err(|error| object_store::Error::Generic { store: "S3", source: Box::new(error) })?;
        Ok(Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_string(),
            secret_key: credentials.secret_access_key().to_string(),
            token: credentials.session_token().map(str::to_string),
        }))
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'a>>;

impl CredentialProvider for Credentials {
    type Credential = AwsCredential;

    fn get_credential<'own, 'answer>(&'own self) -> Answer<'answer>
    where
        'own: 'answer,
        Self: 'answer,
    {
        Box::pin(self.get())
    }
}
