//! `trilha compact`: the steps of the lake's compaction, one after the other, while no `up` makes them.

use std::io::{self, Write};

use anyhow::anyhow;
use trilha_core::FOLD_VERSION;
use trilha_lake::Lake;
use trilha_live::embedded::EmbeddedTable;
use trilha_processors::beyond;

use crate::cli::CompactOptions;
use crate::data::{DataDir, TENANT};

pub(crate) async fn run(options: CompactOptions) -> anyhow::Result<()> {
    let dir = DataDir::open(&options.data)?;
    let table = EmbeddedTable::open(&dir.live()).map_err(in_use)?;
    // Opening ends what a crash cut short: it shows what is published, and deletes what nothing lists.
    let lake = Lake::open(&dir.lake(), FOLD_VERSION).await.map_err(in_use)?;
    let done = lake.compact(&beyond::read(&table, TENANT).await?).await?;
    let (days, landed, published) = (done.partitions, done.landed_rows, done.published_rows);
    let day_or_days = if days == 1 { "day" } else { "days" };
    Ok(writeln!(io::stdout(), "{days} {day_or_days}: {landed} landed rows taken, {published} rows published")?)
}

fn in_use(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{error}").context("cannot open the data folder; a running `up` compacts by itself, each minute")
}
