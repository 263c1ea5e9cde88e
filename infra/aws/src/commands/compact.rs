//! `trilha-aws compact`: the workflow's steps, in one go, of whatever is pending: who calls it wants it done.

use std::io::{self, Write};

use crate::beyond;
use crate::wiring::Aws;

pub(super) async fn run(aws: &Aws) -> anyhow::Result<()> {
    let compactor = aws.lake()?.compactor();
    compactor.settle().await?;
    let beyond = beyond::of_all(&*aws.live_table()?, aws.config.tenants()?).await?;
    let done = compactor.run(&beyond).await?;
    let (partitions, landed, published) = (done.partitions, done.landed_rows, done.published_rows);
    Ok(writeln!(io::stdout(), "{partitions} partitions: {landed} landed rows taken, {published} rows published")?)
}
