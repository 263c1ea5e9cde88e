//! Queries over lakes that the lake itself wrote.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use trilha_lake::{Beyond, Lake, LakeRow};
use trilha_query::{Format, QueryError, query, write};
use trilha_schemas::event::{Body, Event, Protocol, Role, Source, VideoAction, VideoEvent};
use trilha_schemas::flags::Flags;
use trilha_schemas::ids::{EventId, Pseudonym};
use trilha_schemas::sequence::SequenceNumber;

/// 2026-11-23T00:00:00Z.
const MONDAY_MILLIS: i64 = 1_795_392_000_000;

/// A heartbeat of learner `act % 3` on video `v<act % 2>`.
fn row(act: u64) -> LakeRow {
    let learner = (act % 3) as u8;
    LakeRow {
        tenant: "acme".into(),
        shard: "a".into(),
        sequence_number: SequenceNumber::parse(&(act + 1).to_string()).unwrap(),
        record_index: 0,
        beyond_state: false,
        event: Event {
            id: EventId((u128::from(act) + 1).to_be_bytes()),
            learner: Pseudonym([learner * 16; 16]),
            course: "c1".to_string(),
            session: None,
            role: Role::Learner,
            title: Some(format!("Aula \"{}\", parte 1", act % 2)),
            time_millis: Some(MONDAY_MILLIS + act as i64 * 1500),
            arrival_millis: MONDAY_MILLIS + act as i64 * 1500 + 5,
            zone_offset_minutes: -180,
            settings_version: 1,
            flags: Flags::empty(),
            protocol: Protocol::Native,
            source: Source::None,
            body: Body::Video(VideoEvent {
                action: VideoAction::Watched,
                video: format!("v{}", act % 2),
                position_millis: Some(act as i64 * 1000),
                to_millis: Some(act as i64 * 1000 + 500),
                length_millis: None,
                rate: Some(1.5),
                threshold: None,
                segments: (act == 0).then(|| vec![(0, 500), (700, 900)]),
            }),
        },
    }
}

async fn land(lake: &Lake, rows: Vec<LakeRow>) {
    let last = rows.last().unwrap().sequence_number;
    lake.writer().append("a", rows, last).await.unwrap();
}

async fn lake_of(folder: &Path, rows: Vec<LakeRow>) -> Lake {
    let lake = Lake::open(&folder.join("lake"), 1).await.unwrap();
    land(&lake, rows).await;
    lake.compact(&Beyond::new()).await.unwrap();
    lake
}

async fn ask(folder: &Path, sql: &str, format: Format) -> String {
    let answer = query(folder, sql).await.unwrap();
    let mut text = Vec::new();
    write(&answer, format, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

async fn ask_json(folder: &Path, sql: &str) -> Value {
    serde_json::from_str(&ask(folder, sql, Format::Json).await).unwrap()
}

#[tokio::test]
async fn answers_are_what_the_events_say() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows: Vec<LakeRow> = (0..6).chain(2..4).map(row).collect();
    rows[5].event.time_millis = None;
    for (at, row) in rows.iter_mut().enumerate() {
        row.sequence_number = SequenceNumber::parse(&(at + 1).to_string()).unwrap();
    }
    lake_of(folder.path(), rows).await;
    let found = ask_json(
        folder.path(),
        "SELECT video, count(*) AS n, sum(to_millis - position_millis) / 1000.0 AS seconds, max(time) AS last \
         FROM events GROUP BY video ORDER BY video",
    );
    let expected = json!([
        {"video": "v0", "n": 3, "seconds": 1.5, "last": "2026-11-23T00:00:06Z"},
        {"video": "v1", "n": 3, "seconds": 1.5, "last": "2026-11-23T00:00:04.500Z"},
    ]);
    assert_eq!(found.await, expected);
    let days = ask_json(folder.path(), "SELECT tenant, day, count(*) AS n FROM events GROUP BY 1, 2 ORDER BY 2").await;
    let expected =
        json!([{"tenant": "acme", "day": "2026-11-23", "n": 5}, {"tenant": "acme", "day": "unknown", "n": 1}]);
    assert_eq!(days, expected);
    let one_day = ask_json(folder.path(), "SELECT count(*) AS n FROM events WHERE day = 'unknown'").await;
    assert_eq!(one_day, json!([{"n": 1}]));
}

#[tokio::test]
async fn windows_joins_expressions_and_lists_work() {
    let folder = tempfile::tempdir().unwrap();
    lake_of(folder.path(), (0..6).map(row).collect()).await;
    let sql = "WITH first AS (SELECT learner, video, row_number() OVER (PARTITION BY learner ORDER BY time) AS n FROM events) \
         SELECT substr(a.learner, 1, 2) AS who, a.video, b.video AS next, \
         upper(regexp_replace(a.video, '^v', 'aula ')) AS name, \
         date_trunc('hour', timestamp '2026-11-23T10:30:00') AS hour \
         FROM first a JOIN first b ON a.learner = b.learner AND b.n = a.n + 1 ORDER BY who";
    let found = ask_json(folder.path(), sql).await;
    assert_eq!(found.as_array().unwrap().len(), 3);
    let expected = json!({"who": "00", "video": "v0", "next": "v1", "name": "AULA 0", "hour": "2026-11-23T10:00:00Z"});
    assert_eq!(found[0], expected);
    let sql =
        "SELECT segments[2]['to_millis'] AS end, array_length(segments) AS n FROM events WHERE segments IS NOT NULL";
    assert_eq!(ask_json(folder.path(), sql).await, json!([{"end": 900, "n": 2}]));
}

#[tokio::test]
async fn an_odd_tenant_is_found_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut odd = row(0);
    odd.tenant = "são/paulo=1 %2F".into();
    lake_of(folder.path(), vec![odd, row(1)]).await;
    let found = ask_json(folder.path(), "SELECT tenant FROM events WHERE tenant LIKE 's%'").await;
    assert_eq!(found, json!([{"tenant": "são/paulo=1 %2F"}]));
}

#[tokio::test]
async fn each_format_has_names_and_values() {
    let folder = tempfile::tempdir().unwrap();
    lake_of(folder.path(), vec![row(0)]).await;
    let sql = "SELECT video, title, time, rate, length_millis, segments FROM events";
    let csv = ask(folder.path(), sql, Format::Csv).await;
    let expected = "video,title,time,rate,length_millis,segments\n\
        v0,\"Aula \"\"0\"\", parte 1\",2026-11-23T00:00:00Z,1.5,,\
        \"[{from_millis: 0, to_millis: 500}, {from_millis: 700, to_millis: 900}]\"\n";
    assert_eq!(csv, expected);
    let table = ask(folder.path(), "SELECT video, rate FROM events", Format::Table).await;
    let expected = "\
        +-------+------+\n\
        | video | rate |\n\
        +-------+------+\n\
        | v0    | 1.5  |\n\
        +-------+------+\n\
        1 row\n";
    assert_eq!(table, expected);
    let nothing = ask_json(folder.path(), "SELECT length_millis FROM events").await;
    assert_eq!(nothing, json!([{"length_millis": null}]));
}

#[tokio::test]
async fn an_empty_lake_is_an_empty_table_with_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("lake")).unwrap();
    assert_eq!(ask_json(folder.path(), "SELECT * FROM events").await, json!([]));
    assert_eq!(ask_json(folder.path(), "SELECT count(*) AS n FROM events").await, json!([{"n": 0}]));
    let csv = ask(folder.path(), "SELECT * FROM events", Format::Csv).await;
    assert!(csv.starts_with("event_id,type,time,") && csv.ends_with("record_index,tie_break,tenant,day\n"), "{csv}");
    let columns = ask_json(folder.path(), "DESCRIBE events").await;
    assert_eq!(columns.as_array().unwrap().len(), 43);
}

#[tokio::test]
async fn what_cannot_be_answered_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let absent = query(&folder.path().join("nowhere"), "SELECT 1").await.unwrap_err();
    assert!(matches!(absent, QueryError::NoFolder(_)), "{absent}");
    let no_lake = query(folder.path(), "SELECT 1").await.unwrap_err();
    assert!(matches!(no_lake, QueryError::NoLake(_)), "{no_lake}");
    std::fs::create_dir(folder.path().join("lake")).unwrap();
    for (sql, says) in [
        ("SELECT lerner FROM events", "lerner"),
        ("SELECT * FROM event", "event"),
        ("SELEKT 1", "SELEKT"),
        ("", "SQL"),
        ("SELECT 1; SELECT 2", "one"),
    ] {
        let error = query(folder.path(), sql).await.unwrap_err();
        assert!(matches!(&error, QueryError::Sql(text) if text.contains(says)), "{sql}: {error}");
    }
}

#[tokio::test]
async fn whatever_would_change_something_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("lake")).unwrap();
    let out = folder.path().join("out.parquet");
    for sql in [
        format!("COPY (SELECT 1) TO '{}'", out.display()),
        "INSERT INTO events SELECT * FROM events".to_string(),
        "DELETE FROM events".to_string(),
        "CREATE TABLE t AS SELECT 1".to_string(),
        format!("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '{}'", folder.path().display()),
        "DROP TABLE events".to_string(),
        "SET datafusion.execution.target_partitions = 1".to_string(),
        format!("EXPLAIN ANALYZE COPY (SELECT 1) TO '{}'", out.display()),
    ] {
        let error = query(folder.path(), &sql).await.unwrap_err();
        assert!(matches!(error, QueryError::ReadOnly), "{sql}: {error}");
    }
    assert!(!out.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_beside_compactions_sees_each_event_once_and_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let lake = Arc::new(lake_of(folder.path(), (0..50).map(row).collect()).await);
    let done = Arc::new(AtomicBool::new(false));
    let (compacted, stop) = (lake.clone(), done.clone());
    let compactions = tokio::spawn(async move {
        let mut next = 50;
        while !stop.load(Ordering::SeqCst) {
            land(&compacted, vec![row(next)]).await;
            compacted.compact(&Beyond::new()).await.unwrap();
            next += 1;
        }
        next
    });
    let mut seen = 50;
    for _ in 0..20 {
        let sql = "SELECT count(*) AS n, count(DISTINCT event_id) AS ids, count(title) AS titles FROM events";
        let found = ask_json(folder.path(), sql).await;
        let count = |name: &str| found[0][name].as_u64().unwrap();
        assert_eq!((count("n"), count("n")), (count("ids"), count("titles")));
        assert!(count("n") >= seen, "{} rows after {seen}", count("n"));
        seen = count("n");
    }
    done.store(true, Ordering::SeqCst);
    let landed = compactions.await.unwrap();
    assert_eq!(ask_json(folder.path(), "SELECT count(*) AS n FROM events").await, json!([{"n": landed}]));
}
