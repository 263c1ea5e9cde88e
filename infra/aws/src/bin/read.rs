//! The Lambda function `read`: see [`trilha_aws::functions::read`].

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    trilha_aws::logs::init("info");
    trilha_aws::functions::read::run().await
}
