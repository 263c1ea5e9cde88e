//! The Lambda function `evaluator`: see [`trilha_aws::functions::evaluator`].

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    trilha_aws::logs::init("info");
    trilha_aws::functions::evaluator::run().await
}
