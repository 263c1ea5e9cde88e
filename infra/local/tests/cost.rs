//! `trilha cost` on a small load: it prints every leg of the bill, the curve and what people would use instead.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use support::{printed, run};

const SMALL: [&str; 9] =
    ["cost", "--events-per-day", "100000", "--events-per-request", "20", "--warm-up", "10", "--counted", "10"];

fn cost(more: &[&str]) -> String {
    printed(&[&SMALL[..], more].concat())
}

#[test]
fn every_leg_has_its_line_and_the_total_is_their_sum() {
    let text = cost(&["--age", "10", "60", "--explain"]);
    let dollars = |leg: &str| -> f64 {
        let row =
            text.lines().find(|line| line.starts_with(&format!("| **{leg}** |"))).unwrap_or_else(|| panic!("{leg}"));
        row.split('|').nth(5).unwrap().trim().parse().unwrap()
    };
    let legs = [
        "front door",
        "stream",
        "live processor",
        "views",
        "learner state",
        "tables, the rest",
        "lake writer",
        "compaction",
        "evaluator",
        "logs",
        "kept a month",
        "at rest",
    ];
    let sum: f64 = legs.iter().map(|leg| dollars(leg)).sum();
    assert!((sum - dollars("total")).abs() < 0.1, "{sum} of {}", dollars("total"));
    for part in
        ["views are at most 10 s old", "Each line's arithmetic", "Cost against the age", "managed Flink", "Assumed:"]
    {
        assert!(text.to_lowercase().contains(&part.to_lowercase()), "{part}:\n{text}");
    }
}

#[test]
fn a_window_is_taken_as_it_is_and_browsers_may_gather() {
    let text = cost(&["--window", "5", "--senders", "browsers", "--stream", "on-demand"]);
    assert!(text.contains("a window of 5 s") && text.contains("each browser gathers"), "{text}");
    assert!(text.contains("on-demand GB in") && !text.contains("Each line's arithmetic"), "{text}");
}

#[test]
fn the_live_table_is_paid_for_as_asked() {
    let (by_size, provisioned) = (cost(&[]), cost(&["--capacity", "provisioned", "--explain"]));
    assert!(by_size.contains("The live table is on demand"), "{by_size}");
    assert!(provisioned.contains("The live table is provisioned"), "{provisioned}");
    for part in
        ["| the same load at every hour |", "| a day with a peak of 4 times the mean |", "auto scaling's alarms"]
    {
        assert!(provisioned.contains(part), "{part}:\n{provisioned}");
    }
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    for wrong in
        [&["--events-per-request", "0"][..], &["--window", "301"], &["--age", "0"], &["--window", "5", "--age", "9"]]
    {
        let mut arguments = vec!["cost", "--events-per-day", "1000"];
        if wrong[0] != "--events-per-request" {
            arguments.extend(["--events-per-request", "20"]);
        }
        arguments.extend(wrong);
        assert!(!run(&arguments).status.success(), "{arguments:?}");
    }
}
