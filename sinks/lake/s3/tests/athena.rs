//! An analyst's SQL engine reads the table that the compaction has registered.
//!
//! The stand-in's Athena reads every file below the table's location, whatever the partitions say. So superseded
//! generations are removed before it is asked; that a partition's location is the published generation's folder is
//! looked up in Glue.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::lake::{Lake, ids, storage, wall_clock};
use common::rows::row;
use common::stand_in::{StandIn, StandInView};
use serde_json::{Value, json};
use trilha_lake::LakeRow;

/// So often is asked whether a query has ended.
const LOOKS: usize = 600;

async fn athena(view: &StandInView, action: &str, body: Value) -> Value {
    let call = reqwest::Client::new()
        .post(&view.clients.address)
        .header("X-Amz-Target", format!("AmazonAthena.{action}"))
        .header("Content-Type", "application/x-amz-json-1.1")
        .header("Authorization", "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/athena/aws4_request")
        .body(body.to_string());
    let answer = call.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{action}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// The rows of an answer, without the names of the columns.
async fn query(view: &StandInView, sql: &str) -> Vec<Vec<String>> {
    let output = format!("s3://{}/athena/", view.name);
    let query = json!({
        "QueryString": sql,
        "QueryExecutionContext": {"Database": view.name},
        "ResultConfiguration": {"OutputLocation": output},
    });
    let started = athena(view, "StartQueryExecution", query).await;
    let execution = json!({"QueryExecutionId": started["QueryExecutionId"]});
    for _ in 0..LOOKS {
        let status = athena(view, "GetQueryExecution", execution.clone()).await["QueryExecution"]["Status"].take();
        match status["State"].as_str().unwrap() {
            "SUCCEEDED" => return rows(&athena(view, "GetQueryResults", execution).await),
            "FAILED" | "CANCELLED" => panic!("{sql}: {status}"),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    panic!("{sql} does not end");
}

fn rows(results: &Value) -> Vec<Vec<String>> {
    let rows = results["ResultSet"]["Rows"].as_array().unwrap();
    let text = |value: &Value| value["VarCharValue"].as_str().unwrap_or_default().to_string();
    rows.iter().skip(1).map(|row| row["Data"].as_array().unwrap().iter().map(text).collect()).collect()
}

#[tokio::test]
async fn an_sql_engine_counts_each_event_of_the_registered_table_once() {
    let Some(stand_in) = StandIn::new().await else { return };
    let view = stand_in.view();
    let catalogue = Arc::new(view.catalogue());
    let lake = Lake::over(view.manifest(), storage(view.bucket(), &catalogue, Duration::ZERO, wall_clock()));
    let events: Vec<LakeRow> = (0..120).map(|at| row(i64::from(at % 3), at % 90, u64::from(at) + 1)).collect();
    for batch in events.chunks(40) {
        lake.land(batch.to_vec()).await.unwrap();
        lake.workflow().await.unwrap();
    }
    lake.compactor().settle().await.unwrap();
    let expected = ids(&events);
    assert!(expected.len() < events.len(), "some come twice");
    let counted = query(&view, "SELECT count(*), count(DISTINCT event_id) FROM events").await;
    assert_eq!(counted, [vec![expected.len().to_string(), expected.len().to_string()]]);
    let mut days = BTreeMap::<String, usize>::new();
    for id in &expected {
        *days.entry(format!("2026-11-{}", 23 + id.0[15])).or_default() += 1;
    }
    let by_day = query(&view, "SELECT day, count(*) FROM events WHERE tenant = 'acme' GROUP BY day ORDER BY day").await;
    let days: Vec<Vec<String>> = days.into_iter().map(|(day, count)| vec![day, count.to_string()]).collect();
    assert_eq!(by_day, days);
}
