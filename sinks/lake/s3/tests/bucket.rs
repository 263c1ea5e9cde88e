//! The client of a bucket finds its address in the environment, as the SDK's clients do.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::process::Command;

use common::stand_in::{StandIn, address};
use object_store::ObjectStoreExt;
use object_store::path::Path;

const NAME: &str = "a_bucket_is_opened_at_the_address_of_the_standard_variable";
const BUCKET: &str = "TRILHA_TEST_BUCKET";

/// The variable belongs to the whole process: the test runs itself in another one.
#[tokio::test]
async fn a_bucket_is_opened_at_the_address_of_the_standard_variable() {
    if let Ok(bucket) = std::env::var(BUCKET) {
        return put_and_get(&bucket).await;
    }
    let Some(stand_in) = StandIn::new().await else { return };
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", NAME]).env(BUCKET, &stand_in.name).env(variable, address().unwrap());
        let child = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
        assert!(child.status.success(), "{variable}: {}", String::from_utf8_lossy(&child.stdout));
    }
}

async fn put_and_get(bucket: &str) {
    let credentials = aws_sdk_dynamodb::config::Credentials::new("test", "test", None, None, "tests");
    let credentials = aws_sdk_dynamodb::config::SharedCredentialsProvider::new(credentials);
    let bucket = trilha_lake_s3::open_bucket(bucket, "us-east-1", credentials).unwrap();
    let at = Path::from("object");
    bucket.put(&at, "content".into()).await.unwrap();
    assert_eq!(bucket.get(&at).await.unwrap().bytes().await.unwrap(), "content");
}
