//! The Lambda function `lake`: see [`trilha_aws::functions::lake`].

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    trilha_aws::logs::init("info");
    trilha_aws::functions::lake::run().await
}
