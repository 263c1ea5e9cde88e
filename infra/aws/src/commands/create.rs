//! `trilha-aws create`: the stream, the tables, the bucket, the catalogue and the secret, where an empty account or a
//! stand-in has none. What is there stays as it is. A deployment has a template for all of it, with what belongs to
//! operation; this is for a first try. So tables are on demand here: capacity by the hour wants auto scaling beside it.

mod glue;

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, bail};
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use aws_sdk_kinesis::types::{StreamMode, StreamModeDetails, StreamStatus};
use trilha_collector::random::OsRandom;
use trilha_collector::seal::Secret;
use trilha_dynamodb::create_table;

use crate::clients::Clients;
use crate::config::Text;
use crate::wiring::Aws;

const LOOK_EVERY: Duration = Duration::from_millis(500);
/// So often is looked whether a new stream takes records: a minute.
const LOOKS: u32 = 120;

pub(super) async fn run(aws: &Aws) -> anyhow::Result<()> {
    let config = &aws.config;
    let tables: [&Text; 7] = [
        &config.live_table,
        &config.identities_table,
        &config.quarantine_table,
        &config.settings_table,
        &config.manifest_table,
        &config.status_table,
        &config.checkpoints_table,
    ];
    let mut names: Vec<&str> = tables.into_iter().filter_map(|table| table.get().ok()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        create_table(&aws.clients.dynamodb(), name).await?;
        done("table", name)?;
    }
    for table in [&config.quarantine_table, &config.status_table].into_iter().filter(|table| table.is_set()) {
        let_items_expire(&aws.clients, table.get()?).await?;
    }
    if config.stream.is_set() {
        stream(&aws.clients, config.stream.get()?).await?;
    }
    if config.lake_bucket.is_set() {
        let name = config.lake_bucket.get()?;
        aws.clients.create_bucket(name).await?;
        done("bucket", name)?;
    }
    if config.glue_database.is_set() {
        let (database, table) = (config.glue_database.get()?, &config.glue_table);
        glue::create(&aws.clients.glue(), database, table, &config.lake_location()?).await?;
        done("glue", &format!("{database}.{table}"))?;
    }
    if config.keys_secret.is_set() {
        secret(&aws.clients, config.keys_secret.get()?).await?;
    }
    Ok(())
}

fn done(what: &str, name: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{what:<7}  {name}")?)
}

/// By the attribute `expires`, in seconds since 1970.
async fn let_items_expire(clients: &Clients, table: &str) -> anyhow::Result<()> {
    let expiry = TimeToLiveSpecification::builder().attribute_name("expires").enabled(true).build()?;
    match clients.dynamodb().update_time_to_live().table_name(table).time_to_live_specification(expiry).send().await {
        Ok(_) => Ok(()),
        // It was said before.
        Err(error) if error.code() == Some("ValidationException") => Ok(()),
        Err(error) => {
            Err(aws_sdk_dynamodb::Error::from(error)).with_context(|| format!("items of {table} cannot expire"))
        }
    }
}

/// Paid by use, and as many shards as AWS finds right.
async fn stream(clients: &Clients, name: &str) -> anyhow::Result<()> {
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build()?;
    let made = clients.kinesis().create_stream().stream_name(name).stream_mode_details(mode).send().await;
    if let Err(error) = made
        && !error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception())
    {
        return Err(aws_sdk_kinesis::Error::from(error)).with_context(|| format!("cannot make the stream {name}"));
    }
    for _ in 0..LOOKS {
        let described = clients.kinesis().describe_stream_summary().stream_name(name).send().await;
        let summary = described.map_err(aws_sdk_kinesis::Error::from)?.stream_description_summary;
        if summary.is_some_and(|summary| summary.stream_status == StreamStatus::Active) {
            return done("stream", name);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bail!("the stream {name} does not become active")
}

/// All keys are derived from it, so it is made once and never again.
async fn secret(clients: &Clients, name: &str) -> anyhow::Result<()> {
    let root = serde_json::json!({ "root": Secret::generate(&OsRandom).to_hex() }).to_string();
    let made = clients.secrets().create_secret().name(name).secret_string(root).send().await;
    if let Err(error) = made
        && !error.as_service_error().is_some_and(|error| error.is_resource_exists_exception())
    {
        let error = aws_sdk_secretsmanager::Error::from(error);
        return Err(error).with_context(|| format!("cannot make the secret {name}"));
    }
    done("secret", name)
}
