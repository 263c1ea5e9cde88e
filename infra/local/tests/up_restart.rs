//! `up` from its first line to its stop, and again.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(unix)]

mod support;

use std::io::Write;
use std::net::TcpStream;

use serde_json::Value;
use support::events::{Meeting, id};
use support::http::{Target, get};
use support::up::Up;
use support::{lake, replay, share_keys, until, views};

#[test]
fn a_stop_and_a_new_start_lose_nothing_and_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let meeting = Meeting::an_hour_ago();
    let events: Vec<_> = (0..900).map(|number| meeting.event(number)).collect();
    let mut keys = Vec::new();
    for (part, signal) in events.chunks(300).zip(["-TERM", "-INT", "-TERM"]) {
        let up = Up::start(&data, &[]);
        Target::of(&up).send(part);
        keys.push(up.write_key().to_string());
        assert!(up.stop(signal).success());
    }
    assert!(keys.iter().all(|key| *key == keys[0]), "the write key stays");
    let counts = lake::counts_by_source_id(&data);
    assert_eq!(counts, (0..900).map(|number| (id(number), 1)).collect());

    let fresh = folder.path().join("fresh");
    share_keys(&data, &fresh);
    let file = folder.path().join("events.ndjson");
    std::fs::write(&file, events.join("\n")).unwrap();
    replay(&fresh, &[&file]);
    assert_eq!(views(&data, &meeting.end()), views(&fresh, &meeting.end()));
}

#[test]
fn the_stop_does_not_wait_for_clients_that_do_not_finish() {
    let folder = tempfile::tempdir().unwrap();
    let up = Up::start(folder.path(), &[]);
    let idle = TcpStream::connect(up.address()).unwrap();
    let head = format!("POST /v1/events HTTP/1.1\r\nhost: up\r\nauthorization: Bearer {}\r\n", up.write_key());
    let halfway = [format!("{head}content-length: 100\r\n\r\n{{"), head].map(|sent| {
        let mut connection = TcpStream::connect(up.address()).unwrap();
        connection.write_all(sent.as_bytes()).unwrap();
        connection
    });
    Target::of(&up).send(&[Meeting::an_hour_ago().event(1)]);
    assert!(up.stop("-TERM").success());
    assert_eq!(lake::rows(folder.path()).len(), 1);
    drop((idle, halfway));
}

#[test]
fn the_first_lines_are_all_it_takes_to_see_a_simulated_class() {
    let folder = tempfile::tempdir().unwrap();
    let up = Up::start(folder.path(), &["--demo"]);
    assert!(up.lines[2].strip_prefix("write key  ").is_some_and(|key| !key.is_empty()), "{:?}", up.lines);
    let page = get(up.address(), "/", &[]);
    assert_eq!(page.status, 200);
    assert_eq!(get(up.address(), "/api/v1/courses", &[]).status, 401);

    let signed_in = get(up.address(), up.sign_in_path(), &[]);
    let cookie = signed_in.header("set-cookie").expect("the link signs in");
    let cookie = [format!("cookie: {}", cookie.split(';').next().unwrap())];
    let read = |path: &str| {
        let answer = get(up.address(), path, &cookie);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    let watched = until(|| {
        let courses = read("/api/v1/courses");
        let courses = courses["courses"].as_array().unwrap().clone();
        courses.iter().find_map(|course| has_viewers(&read(&path_of(course["course"].as_str().unwrap()))))
    });
    watched.expect("a course of the demo has a video with viewers");
    assert!(up.stop("-TERM").success());
}

fn path_of(course: &str) -> String {
    format!("/api/v1/views?course={}", course.replace('+', "%2B").replace(':', "%3A"))
}

fn has_viewers(views: &Value) -> Option<()> {
    let videos = views["videos"].as_array().unwrap();
    videos.iter().any(|video| video["viewers"].as_i64() > Some(0)).then_some(())
}
