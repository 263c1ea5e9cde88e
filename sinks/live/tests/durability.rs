//! What a file holds after a clean end, after a crash, and beside a running process.

#![allow(clippy::unwrap_used)] // All of it is test.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use trilha_live::embedded::EmbeddedTable;
use trilha_live::port::{Consistency, Item, Key, LiveError, LiveTable, Replaced, Replacement, Watermarks};

/// Set in the environment of a test that runs as its own second process: the table's file.
const WRITER_OF: &str = "TRILHA_LIVE_TEST_WRITER_OF";

fn item(sort: &str) -> Item {
    let key = Key { partition: "p".to_string(), sort: sort.to_string() };
    Item { key, watermarks: Watermarks::default(), value: sort.as_bytes().repeat(50) }
}

async fn put_new(table: &EmbeddedTable, sort: &str, durable: bool) {
    let replaced = table.replace(vec![Replacement { item: item(sort), expected: None }], durable).await.unwrap();
    assert_eq!(replaced, [Replaced::Written]);
}

async fn sorts(table: &EmbeddedTable) -> Vec<String> {
    table.query("p", "", Consistency::Strong).await.unwrap().into_iter().map(|item| item.key.sort).collect()
}

/// The same test in a second process, which takes commands from standard input.
struct Writer {
    child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Writer {
    fn start(test: &str, file: &Path) -> Writer {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]).env(WRITER_OF, file);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let commands = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut writer = Writer { child, commands, answers };
        writer.answer();
        writer
    }

    /// Puts an item with `durable` or `soon`; returns once the table has answered.
    fn put(&mut self, how: &str, sort: &str) {
        writeln!(self.commands, "{how} {sort}").unwrap();
        assert_eq!(self.answer(), sort);
    }

    /// The next answer; the test harness writes lines of its own.
    fn answer(&mut self) -> String {
        loop {
            let line = self.answers.next().expect("the second process ended").unwrap();
            if let Some((_, answer)) = line.split_once("answer: ") {
                return answer.to_string();
            }
        }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn end(mut self) {
        drop(self.commands);
        assert!(self.child.wait().unwrap().success());
    }
}

/// Plays the second process, where this is one.
async fn is_the_writer() -> bool {
    let Some(file) = std::env::var_os(WRITER_OF) else { return false };
    let table = EmbeddedTable::open(Path::new(&file)).unwrap();
    println!("answer: open");
    for command in std::io::stdin().lines() {
        let command = command.unwrap();
        let (how, sort) = command.split_once(' ').unwrap();
        put_new(&table, sort, how == "durable").await;
        println!("answer: {sort}");
    }
    true
}

#[tokio::test]
async fn a_table_that_was_closed_has_every_put() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.redb");
    let table = EmbeddedTable::open(&file).unwrap();
    put_new(&table, "a", true).await;
    put_new(&table, "b", false).await;
    drop(table);
    assert_eq!(sorts(&EmbeddedTable::open(&file).unwrap()).await, ["a", "b"]);
    let reader = EmbeddedTable::open_read_only(&file).unwrap();
    assert_eq!(reader.get(vec![item("b").key], Consistency::Strong).await.unwrap(), [Some(item("b"))]);
}

#[tokio::test]
async fn another_process_reads_what_is_durable_beside_the_writer() {
    if is_the_writer().await {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.redb");
    let mut writer = Writer::start("another_process_reads_what_is_durable_beside_the_writer", &file);
    writer.put("durable", "a");
    let reader = EmbeddedTable::open_read_only(&file).unwrap();
    assert_eq!(sorts(&reader).await, ["a"]);
    writer.put("soon", "b");
    assert_eq!(sorts(&reader).await, ["a"]);
    writer.put("durable", "c");
    assert_eq!(sorts(&reader).await, ["a", "b", "c"]);
    let second = EmbeddedTable::open_read_only(&file).unwrap();
    assert_eq!(sorts(&second).await, ["a", "b", "c"]);
    assert!(matches!(EmbeddedTable::open(&file), Err(LiveError::Unavailable(_))), "two writers");
    writer.put("soon", "d");
    writer.end();
    assert_eq!(sorts(&reader).await, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_reader_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.redb");
    drop(EmbeddedTable::open(&file).unwrap());
    let reader = EmbeddedTable::open_read_only(&file).unwrap();
    let replaced = reader.replace(vec![Replacement { item: item("a"), expected: None }], false).await;
    assert!(matches!(replaced, Err(LiveError::Unavailable(_))), "{replaced:?}");
    assert_eq!(sorts(&reader).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_killed_writer_leaves_what_was_durable_to_readers_and_writers() {
    if is_the_writer().await {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.redb");
    let mut writer = Writer::start("a_killed_writer_leaves_what_was_durable_to_readers_and_writers", &file);
    writer.put("soon", "a");
    writer.put("durable", "b");
    writer.put("soon", "c");
    writer.kill();
    let reader = EmbeddedTable::open_read_only(&file).unwrap();
    assert_eq!(sorts(&reader).await, ["a", "b"]);
    drop(reader);
    let table = EmbeddedTable::open(&file).unwrap();
    assert_eq!(sorts(&table).await, ["a", "b"]);
    put_new(&table, "c", true).await;
}

#[tokio::test]
async fn after_a_kill_under_load_no_put_is_there_without_every_earlier_one() {
    if is_the_writer().await {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.redb");
    let mut known = 0;
    for round in 1..=5 {
        let mut writer = Writer::start("after_a_kill_under_load_no_put_is_there_without_every_earlier_one", &file);
        // Commands are sent ahead of their answers, so that the kill falls between them.
        for at in known..known + 400 {
            let how = if at % 7 == 3 { "durable" } else { "soon" };
            writeln!(writer.commands, "{how} {at:06}").unwrap();
        }
        let answered: Vec<usize> = (0..50 * round).map(|_| writer.answer().parse().unwrap()).collect();
        writer.kill();
        let there = sorts(&EmbeddedTable::open(&file).unwrap()).await;
        let expected: Vec<String> = (0..there.len()).map(|at| format!("{at:06}")).collect();
        assert_eq!(there, expected);
        let durable = answered.iter().rev().find(|at| **at % 7 == 3).unwrap();
        assert!(there.len() > *durable, "{durable} was answered as durable; {} puts are there", there.len());
        known = there.len();
    }
}
