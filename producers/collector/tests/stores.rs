//! Every implementation of the ports keeps its contract; the embedded ones also keep what they have across a restart, and
//! keep it sealed.

#![allow(clippy::unwrap_used, reason = "a test's helpers stand outside its test functions")]

mod support;

use std::path::Path;
use std::sync::Arc;

use support::*;
use tempfile::TempDir;
use trilha_collector::collector::{Collector, Ports};
use trilha_collector::contract;
use trilha_collector::credential::KeyRing;
use trilha_collector::embedded::EmbeddedStores;
use trilha_collector::identities::{Identities, IdentityError};
use trilha_collector::memory::{MemoryIdentities, MemoryQuarantine, MemorySettings};
use trilha_collector::quarantine::Quarantine;
use trilha_collector::random::OsRandom;
use trilha_collector::seal::{Sealer, Secret};
use trilha_collector::settings::{Change, SettingsStore};
use trilha_schemas::event::Protocol;

fn sealer(key: u8) -> Sealer {
    Sealer::new(&Secret::new([key; 32]), Arc::new(OsRandom))
}

/// Stores in a folder of their own each, which live as long as the list.
fn fresh(folders: &mut Vec<TempDir>) -> EmbeddedStores {
    folders.push(tempfile::tempdir().unwrap());
    let path = folders[folders.len() - 1].path().join("collector.redb");
    EmbeddedStores::open(&path, sealer(1)).unwrap()
}

#[tokio::test]
async fn memory_keeps_the_contracts() {
    contract::identities::suite(MemoryIdentities::default).await;
    contract::quarantine::suite(|| MemoryQuarantine::new(sealer(1))).await;
    contract::settings::suite(MemorySettings::default).await;
}

#[tokio::test]
async fn embedded_keeps_the_contracts() {
    let mut folders = Vec::new();
    contract::identities::suite(|| fresh(&mut folders).identities).await;
    contract::quarantine::suite(|| fresh(&mut folders).quarantine).await;
    contract::settings::suite(|| fresh(&mut folders).settings).await;
}

async fn collect_into(path: &Path, keys: &KeyRing, texts: &[String]) -> Arc<ScriptedStream> {
    let stores = EmbeddedStores::open(path, Sealer::new(&keys.data_key, Arc::new(OsRandom))).unwrap();
    let stream = Arc::new(ScriptedStream::default());
    let ports = Ports {
        stream: stream.clone(),
        identities: Arc::new(stores.identities),
        quarantine: Arc::new(stores.quarantine),
        settings: Arc::new(stores.settings),
    };
    let collector = Collector::new(ports, keys, "America/Sao_Paulo", no_sleep()).unwrap();
    collector.collect(&key(), Protocol::Native, LIVE, native_events(texts)).await.unwrap();
    stream
}

#[tokio::test]
async fn what_is_written_survives_a_restart_and_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collector.redb");
    let (keys, _) = KeyRing::generate(TENANT, &OsRandom);
    let bad = r#"{"id":"e1","type":"video.watched","learner":"bia-refused","course":"turma-1","from":"segredo"}"#;
    let stream = collect_into(&path, &keys, &[viewed("ana-accepted", "e0"), bad.to_string()]).await;
    let bytes = std::fs::read(&path).unwrap();
    for secret in ["ana-accepted", "bia-refused", "segredo"] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} is readable");
    }
    assert!(bytes.windows(7).any(|window| window == b"turma-1"), "the settings' key is not sealed: the search works");
    let stores = EmbeddedStores::open(&path, Sealer::new(&keys.data_key, Arc::new(OsRandom))).unwrap();
    let learner = stream.events()[0].learner;
    let row = stores.identities.rows(TENANT, &[learner]).await.unwrap().remove(0).unwrap();
    assert_eq!(row.learner.as_deref(), Some("ana-accepted"));
    let kept = stores.quarantine.list(None, 9).await.unwrap();
    assert_eq!(stores.quarantine.open(kept[0].key).await.unwrap().unwrap().raw, bad.as_bytes());
    assert_eq!(stores.settings.in_force(TENANT, "turma-1").await.unwrap().unwrap().version, 1);
    drop(stores);
    let again = collect_into(&path, &keys, &[viewed("ana-accepted", "e2")]).await;
    assert_eq!(again.events()[0].learner, learner);
}

#[tokio::test]
async fn another_data_key_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collector.redb");
    let (keys, _) = KeyRing::generate(TENANT, &OsRandom);
    let stream = collect_into(&path, &keys, &[viewed("ana", "e0"), "nonsense".to_string()]).await;
    let stores = EmbeddedStores::open(&path, sealer(9)).unwrap();
    let row = stores.identities.rows(TENANT, &[stream.events()[0].learner]).await;
    assert!(matches!(row, Err(IdentityError::Sealed)));
    let kept = stores.quarantine.list(None, 9).await.unwrap();
    assert!(stores.quarantine.open(kept[0].key).await.is_err());
}

#[tokio::test]
async fn one_writes_while_another_reads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("collector.redb");
    let writer = EmbeddedStores::open(&path, sealer(1)).unwrap();
    assert!(EmbeddedStores::open(&path, sealer(1)).is_err(), "two writers");
    let reader = EmbeddedStores::open_read_only(&path, sealer(1)).unwrap();
    writer.settings.in_force_or_first(TENANT, &["turma-1"], "UTC").await.unwrap();
    for version in 2..4 {
        writer.settings.change(TENANT, "turma-1", "prof", Change::InactiveDays(Some(version)), NOW).await.unwrap();
        assert_eq!(reader.settings.in_force(TENANT, "turma-1").await.unwrap().unwrap().version, version);
    }
    assert!(reader.settings.in_force_or_first(TENANT, &["turma-2"], "UTC").await.is_err());
}

#[tokio::test]
async fn writes_at_the_same_time_are_all_kept() {
    let mut folders = Vec::new();
    let stores = Arc::new(fresh(&mut folders));
    let writes: Vec<_> = (0..50)
        .map(|number| {
            let stores = stores.clone();
            let change = Change::Length { video: format!("v{number}"), length_millis: Some(1_000) };
            tokio::spawn(async move {
                stores.settings.in_force_or_first(TENANT, &["turma-1"], "UTC").await.unwrap();
                stores.settings.change(TENANT, "turma-1", "prof", change, number).await.unwrap();
            })
        })
        .collect();
    for write in writes {
        write.await.unwrap();
    }
    let settings = stores.settings.in_force(TENANT, "turma-1").await.unwrap().unwrap();
    assert_eq!((settings.version, settings.lengths_millis.len()), (51, 50));
    assert_eq!(stores.settings.log(TENANT, "turma-1").await.unwrap().len(), 50);
}
