//! The Lambda function `steps`: see [`trilha_aws::functions::steps`].

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    trilha_aws::logs::init("info");
    trilha_aws::functions::steps::run().await
}
