//! What is given up, and who hears of it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use trilha_stream::checkpoints::Checkpoints;
use trilha_stream::mapping::{Discarded, MappingConfig};

use crate::support::{World, config, done, failed, partial, texts};

fn retries(attempts: u32) -> MappingConfig {
    MappingConfig { retry_attempts: Some(attempts), ..config() }
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_attempts_are_used_up_is_told_of_and_the_shard_goes_on() {
    let mut world = World::new(1);
    let stored = world.put(&["1", "2"]).await;
    (0..3).for_each(|_| world.answer(|_| failed()));
    let mapping = world.start(retries(2));
    for _ in 0..3 {
        assert_eq!(world.next().await, ["1", "2"]);
    }
    mapping.drained().await.unwrap();
    let expected = Discarded {
        shard_id: stored[0].shard_id.clone(),
        first: stored[0].sequence_number,
        last: stored[1].sequence_number,
        records: 2,
        condition: "RetryAttemptsExhausted",
    };
    assert_eq!(*world.discarded.lock().unwrap(), [expected]);
    let checkpoint = world.checkpoints.get("live", &stored[0].shard_id).await.unwrap();
    assert_eq!(checkpoint, Some(stored[1].sequence_number));
    world.put(&["3"]).await;
    assert_eq!(world.next().await, ["3"]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_succeeds_with_its_last_attempt_is_not_given_up() {
    let mut world = World::new(1);
    world.put(&["1"]).await;
    (0..2).for_each(|_| world.answer(|_| failed()));
    let _mapping = world.start(retries(2));
    for _ in 0..3 {
        assert_eq!(world.next().await, ["1"]);
    }
    world.is_quiet().await;
    assert_eq!(*world.discarded.lock().unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn without_retries_the_first_failure_is_the_last() {
    let mut world = World::new(1);
    world.put(&["1", "2", "3"]).await;
    world.answer(partial(&[1]));
    let _mapping = world.start(retries(0));
    assert_eq!(world.next().await, ["1", "2", "3"]);
    world.is_quiet().await;
    assert_eq!(world.discarded.lock().unwrap()[0].records, 2);
}

#[tokio::test(start_paused = true)]
async fn bisecting_uses_up_no_attempts_and_gives_up_only_the_poison() {
    let mut world = World::new(1);
    let stored = world.put(&["1", "2", "3", "4", "5", "poison", "7", "8"]).await;
    world.always(|event| if texts(event).contains(&"poison".to_string()) { failed() } else { done() });
    let mapping = world.start(MappingConfig { bisect: true, ..retries(0) });
    mapping.drained().await.unwrap();
    let gone = world.discarded.lock().unwrap().clone();
    assert_eq!(
        gone.iter().map(|gone| (gone.first, gone.records)).collect::<Vec<_>>(),
        [(stored[5].sequence_number, 1)]
    );
    let mut succeeded = Vec::new();
    while succeeded.len() < 7 {
        let call = world.next().await;
        if !call.contains(&"poison".to_string()) {
            succeeded.extend(call);
        }
    }
    assert_eq!(succeeded, ["1", "2", "3", "4", "5", "7", "8"]);
}

#[tokio::test(start_paused = true)]
async fn records_that_are_too_old_are_given_up_undelivered() {
    let mut world = World::new(1);
    world.put(&["1", "2"]).await;
    world.now_millis.fetch_add(60_001, Ordering::SeqCst);
    world.put(&["3"]).await;
    let _mapping = world.start(MappingConfig { record_age: Some(Duration::from_secs(60)), ..config() });
    assert_eq!(world.next().await, ["3"]);
    world.is_quiet().await;
    let gone = world.discarded.lock().unwrap().clone();
    assert_eq!((gone.len(), gone[0].records, gone[0].condition), (1, 2, "MaximumRecordAgeExceeded"));
}

#[tokio::test(start_paused = true)]
async fn records_that_become_too_old_while_they_fail_are_given_up() {
    let mut world = World::new(1);
    world.put(&["1"]).await;
    let now_millis = world.now_millis.clone();
    world.answer(|_| failed());
    world.answer(move |_| {
        now_millis.fetch_add(60_001, Ordering::SeqCst);
        failed()
    });
    let _mapping = world.start(MappingConfig { record_age: Some(Duration::from_secs(60)), ..config() });
    assert_eq!(world.next().await, ["1"]);
    assert_eq!(world.next().await, ["1"]);
    world.is_quiet().await;
    assert_eq!(world.discarded.lock().unwrap().len(), 1);
}
