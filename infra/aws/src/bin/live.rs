//! The Lambda function `live`: see [`trilha_aws::functions::live`].

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    trilha_aws::logs::init("info");
    trilha_aws::functions::live::run().await
}
