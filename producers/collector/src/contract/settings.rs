//! The contract of [`SettingsStore`].

use serde_json::json;
use trilha_schemas::event::Protocol;
use trilha_schemas::ids::Pseudonym;

use crate::settings::{Action, Change, Settings, SettingsError, SettingsStore};

const WORKS: &str = "the store works";
const NOW: i64 = 1_772_479_800_000;
const ZONE: &str = "America/Sao_Paulo";

/// The whole suite; `fresh` makes an empty store.
pub async fn suite<C: SettingsStore>(mut fresh: impl FnMut() -> C) {
    a_courses_first_event_fixes_its_zone(&fresh()).await;
    a_change_makes_a_version_and_a_line(&fresh()).await;
    a_change_out_of_range_changes_nothing(&fresh()).await;
    courses_and_tenants_are_apart(&fresh()).await;
    reading_a_learner_is_logged(&fresh()).await;
    many_courses_begin_at_once(&fresh()).await;
    changes_at_once_are_all_made(&fresh()).await;
    settings_of_any_size_come_back(&fresh()).await;
}

async fn first(store: &impl SettingsStore, courses: &[&str]) -> Vec<u32> {
    let made = store.in_force_or_first("escola", courses, ZONE).await.expect(WORKS);
    made.iter().map(|settings| settings.version).collect()
}

/// Version 1 is made once; another default zone later changes nothing.
pub async fn a_courses_first_event_fixes_its_zone(store: &impl SettingsStore) {
    assert!(store.in_force("escola", "turma-1").await.expect(WORKS).is_none());
    assert_eq!(first(store, &["turma-1", "turma-2"]).await, [1, 1]);
    let later = store.in_force_or_first("escola", &["turma-1", "turma-3"], "UTC").await.expect(WORKS);
    assert_eq!((later[0].zone.as_str(), later[1].zone.as_str()), (ZONE, "UTC"));
    let known = store.in_force("escola", "turma-1").await.expect(WORKS);
    assert_eq!(known.as_deref(), Some(&Settings::first(ZONE)));
}

/// Each change is a version of its own, old ones stay readable, and the log says who, when, old and new.
pub async fn a_change_makes_a_version_and_a_line(store: &impl SettingsStore) {
    first(store, &["turma-1"]).await;
    let change = |change, at| store.change("escola", "turma-1", "prof", change, at);
    assert_eq!(change(Change::Threshold(Some(0.8)), NOW).await.expect(WORKS).version, 2);
    let third = change(Change::CountedProtocol(Some(Protocol::Xapi)), NOW + 1).await.expect(WORKS);
    assert_eq!((third.version, third.threshold, third.counted_protocol), (3, Some(0.8), Some(Protocol::Xapi)));
    assert_eq!(first(store, &["turma-1"]).await, [3]);
    let threshold = async |version| {
        store.version("escola", "turma-1", version).await.expect(WORKS).map(|settings| settings.threshold)
    };
    assert_eq!((threshold(1).await, threshold(2).await, threshold(4).await), (Some(None), Some(Some(0.8)), None));
    let log = store.log("escola", "turma-1").await.expect(WORKS);
    assert_eq!(log.len(), 2);
    assert_eq!((log[0].actor.as_str(), log[0].at_millis, log[1].at_millis), ("prof", NOW, NOW + 1));
    let changed = Action::Changed { version: 2, setting: "threshold".to_string(), old: json!(null), new: json!(0.8) };
    assert_eq!(log[0].action, changed);
}

/// A refused change leaves neither a version nor a line.
pub async fn a_change_out_of_range_changes_nothing(store: &impl SettingsStore) {
    first(store, &["turma-1"]).await;
    let refused = store.change("escola", "turma-1", "prof", Change::Threshold(Some(1.5)), NOW).await;
    assert!(matches!(refused, Err(SettingsError::Invalid(_))), "{refused:?}");
    let nowhere = store.change("escola", "turma-9", "prof", Change::Threshold(Some(0.5)), NOW).await;
    assert!(matches!(nowhere, Err(SettingsError::NoSuchCourse)), "{nowhere:?}");
    assert_eq!(first(store, &["turma-1"]).await, [1]);
    assert!(store.log("escola", "turma-1").await.expect(WORKS).is_empty());
}

/// A change reaches one course of one tenant.
pub async fn courses_and_tenants_are_apart(store: &impl SettingsStore) {
    first(store, &["a", "ab"]).await;
    store.change("escola", "a", "prof", Change::InactiveDays(Some(3)), NOW).await.expect(WORKS);
    assert_eq!(first(store, &["a", "ab"]).await, [2, 1]);
    assert!(store.in_force("outra", "a").await.expect(WORKS).is_none());
    assert!(store.log("escola", "ab").await.expect(WORKS).is_empty());
}

/// Who looked at whom, and when, is in the same log.
pub async fn reading_a_learner_is_logged(store: &impl SettingsStore) {
    first(store, &["turma-1"]).await;
    let learner = Pseudonym([0xab; 16]);
    store.note_learner_read("escola", "turma-1", "prof", learner, NOW).await.expect(WORKS);
    store.change("escola", "turma-1", "prof", Change::InactiveDays(Some(3)), NOW + 1).await.expect(WORKS);
    let log = store.log("escola", "turma-1").await.expect(WORKS);
    assert_eq!(log.len(), 2);
    assert_eq!(log[0].action, Action::LearnerRead { learner: learner.to_string() });
}

/// A request may hold events of more courses than a store reads in one call of its own; who begins a course at once with
/// another gets the same version.
pub async fn many_courses_begin_at_once(store: &impl SettingsStore) {
    let names: Vec<_> = (0..150).map(|number| format!("turma-{number}")).collect();
    let courses: Vec<_> = names.iter().map(String::as_str).chain(["turma-3"]).collect();
    let begin = |zone| store.in_force_or_first("escola", &courses, zone);
    let (one, two) = tokio::join!(begin(ZONE), begin("UTC"));
    let (one, two) = (one.expect(WORKS), two.expect(WORKS));
    assert_eq!((one.len(), one[3].version), (151, 1));
    assert_eq!(one, two);
    for (course, settings) in courses.iter().zip(one) {
        assert_eq!(store.in_force("escola", course).await.expect(WORKS), Some(settings));
    }
}

/// No change is lost to another: each is a version and a line, made from the one before.
pub async fn changes_at_once_are_all_made(store: &impl SettingsStore) {
    first(store, &["turma-1"]).await;
    let change = |change| store.change("escola", "turma-1", "prof", change, NOW);
    let (threshold, days, floor) = tokio::join!(
        change(Change::Threshold(Some(0.8))),
        change(Change::InactiveDays(Some(3))),
        change(Change::FacilityFloor(Some(0.3))),
    );
    let mut versions = [threshold, days, floor].map(|made| made.expect(WORKS).version);
    versions.sort_unstable();
    assert_eq!(versions, [2, 3, 4]);
    let last = store.in_force("escola", "turma-1").await.expect(WORKS).expect("it has settings");
    assert_eq!((last.threshold, last.inactive_days, last.facility_floor), (Some(0.8), Some(3), Some(0.3)));
    assert_eq!(store.log("escola", "turma-1").await.expect(WORKS).len(), 3);
}

/// A course may set the lengths of many videos with long ids; every version is still read whole.
pub async fn settings_of_any_size_come_back(store: &impl SettingsStore) {
    first(store, &["turma-1"]).await;
    let video = |number: u32| format!("{number:0>490}");
    for number in 0..100 {
        let change = Change::Length { video: video(number), length_millis: Some(1_000 + i64::from(number)) };
        store.change("escola", "turma-1", "prof", change, NOW).await.expect(WORKS);
    }
    let last = store.in_force("escola", "turma-1").await.expect(WORKS).expect("it has settings");
    assert_eq!((last.version, last.lengths_millis.len()), (101, 100));
    assert!(last.lengths_millis.iter().all(|(video, length)| video.ends_with(&(length - 1_000).to_string())));
    for version in [2, 60, 90] {
        let before = store.version("escola", "turma-1", version).await.expect(WORKS).expect("an old version");
        assert_eq!((before.version, before.lengths_millis.len()), (version, version as usize - 1));
    }
    assert_eq!(first(store, &["turma-1"]).await, [101]);
}
