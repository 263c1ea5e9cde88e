//! The Lambda function `collector`: see [`trilha_aws::functions::collector`].

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    trilha_aws::logs::init("info");
    trilha_aws::functions::collector::run().await
}
