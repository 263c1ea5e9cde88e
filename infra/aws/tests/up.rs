//! `trilha-aws create` and `up` on a stand-in for AWS that we did not write: what is sent by HTTP is in the views and
//! in the lake as if the same events had gone through ports in memory.
//!
//! `TRILHA_TEST_AWS` is the stand-in's URL (ministack). Without it the test is skipped, unless `TRILHA_TEST_REQUIRE=1`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod support;

use serde_json::Value;
use support::aws::Account;
use support::reference::Reference;
use support::up::Up;
use trilha_simulator::{Class, ClassConfig};

const EVENTS: u64 = 2_000;
const DAY_MILLIS: i64 = 86_400_000;
/// What a request holds.
const REQUEST_EVENTS: usize = 250;

/// A class that ends now, as lines of native JSON.
fn class(now_millis: i64) -> Vec<String> {
    let config = ClassConfig { seed: 7, events: Some(EVENTS), ..ClassConfig::default() };
    let start_millis = now_millis - i64::from(config.days) * DAY_MILLIS;
    let (mut class, mut lines, mut line) =
        (Class::new(&ClassConfig { start_millis, ..config }), Vec::new(), Vec::new());
    while class.write_next(&mut line).is_some() {
        lines.push(String::from_utf8(std::mem::take(&mut line)).unwrap());
    }
    lines
}

/// Every course's views, without what tells when they were made.
async fn views(up: &Up, at: &str) -> Vec<Value> {
    let courses = up.get(&format!("/api/v1/courses?at={at}")).await;
    let mut all = Vec::new();
    for course in courses["courses"].as_array().unwrap() {
        let id = support::encoded(course["course"].as_str().unwrap());
        let mut views = up.get(&format!("/api/v1/views?course={id}&at={at}")).await;
        views.as_object_mut().unwrap().remove("processed_to").expect("views say how far they are");
        all.push(views);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_in_views_and_lake_as_in_memory() {
    let Some(account) = Account::of_environment() else { return };
    account.run(&["create"]);
    account.run(&["create"]);
    let now_millis = support::now_millis();
    let (events, at) = (class(now_millis), support::time(now_millis));
    let up = Up::start(&account);
    for request in events.chunks(REQUEST_EVENTS) {
        up.send(request).await;
    }
    assert!(up.stop().success(), "`up` ends well when it is asked to");

    let reference = Reference::of(&events, now_millis, account.keys().await).await;
    let again = Up::start(&account);
    let (found, expected) = (views(&again, &at).await, reference.views(now_millis).await);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert!(again.stop().success());
    assert_eq!(account.lake_rows().await, reference.lake_rows().await);
}
