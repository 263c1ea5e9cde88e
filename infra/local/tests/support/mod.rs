//! What the tests of the command share: running it, talking to a running `up`, reading the lake, making events.

#![allow(dead_code, reason = "each test file uses a part of this")]

pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod lake;
pub(crate) mod up;

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Nothing here takes so long unless it hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(10);

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trilha"));
    command.args(arguments).env_remove("TRILHA_LOG").env_remove("TRILHA_WRITE_KEY");
    command
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    run_with_input(arguments, b"")
}

pub(crate) fn run_with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdin, stdout, stderr) = (child.stdin.take().unwrap(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        let stdout = scope.spawn(|| read_all(stdout.unwrap()));
        let stderr = scope.spawn(|| read_all(stderr.unwrap()));
        // A command that reads nothing may end before it is given all.
        let _ = stdin.write_all(input);
        drop(stdin);
        let status = wait(&mut child);
        Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
    })
}

fn read_all(mut from: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Runs a command that must succeed; answers what it printed.
pub(crate) fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", errors(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command that must fail with exit code 1; answers its complaint.
pub(crate) fn complaint(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", errors(&output));
    errors(&output)
}

pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The end of a process that is about to end; one that does not end is killed and fails the test.
pub(crate) fn wait(child: &mut Child) -> std::process::ExitStatus {
    let ended = until(|| child.try_wait().unwrap());
    ended.unwrap_or_else(|| {
        let _ = child.kill();
        panic!("process {} did not end in {DEADLINE:?}", child.id())
    })
}

/// Asks again and again for something; `None` when the deadline has passed.
pub(crate) fn until<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    while started.elapsed() < DEADLINE {
        if let Some(found) = ask() {
            return Some(found);
        }
        thread::sleep(LOOK_EVERY);
    }
    None
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Gives a folder the keys of another, so that both know a learner by the same pseudonym.
pub(crate) fn share_keys(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::copy(from.join("keys.json"), to.join("keys.json")).unwrap();
}

/// Replays files of native events; answers the report.
pub(crate) fn replay(data: &Path, files: &[&Path]) -> Value {
    let mut arguments = vec!["replay", "--data", text(data), "--format", "native", "--json"];
    arguments.extend(files.iter().map(|file| text(file)));
    serde_json::from_str(&printed(&arguments)).unwrap()
}

/// Every course's views at a time, without what tells when they were made.
pub(crate) fn views(data: &Path, at: &str) -> Vec<Value> {
    let courses: Value =
        serde_json::from_str(&printed(&["views", "--data", text(data), "--at", at, "--json"])).unwrap();
    let ids = courses["courses"].as_array().unwrap().iter().map(|course| course["course"].as_str().unwrap());
    ids.map(|id| course_views(data, id, at)).collect()
}

pub(crate) fn course_views(data: &Path, course: &str, at: &str) -> Value {
    let shown = printed(&["views", "--data", text(data), "--course", course, "--at", at, "--json"]);
    let mut views: Value = serde_json::from_str(&shown).unwrap();
    views.as_object_mut().unwrap().remove("processed_to").expect("views say how far they are");
    views
}
