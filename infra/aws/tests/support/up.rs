//! A running `trilha-aws up`.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Instant;

use serde_json::Value;

use super::DEADLINE;
use super::aws::Account;

/// Killed when dropped.
pub(crate) struct Up {
    process: Child,
    url: String,
    session: String,
    write_key: String,
    client: reqwest::Client,
    /// Kept, so that the process may go on printing.
    _stdout: BufReader<ChildStdout>,
}

impl Up {
    /// Starts it and waits until it says where it is.
    pub(crate) fn start(account: &Account) -> Up {
        let mut process = account.command(&["up", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = || {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            line.trim_end().to_string()
        };
        let [url, sign_in, write_key] = [line(), line(), line()];
        let after =
            |line: &str, before: &str| line.strip_prefix(before).unwrap_or_else(|| panic!("{line:?}")).to_string();
        let _ = rustls::crypto::ring::default_provider().install_default();
        Up {
            url: after(&url, "dashboard  ").trim_end_matches('/').to_string(),
            session: sign_in.split_once("?token=").unwrap().1.to_string(),
            write_key: after(&write_key, "write key  "),
            client: reqwest::Client::new(),
            process,
            _stdout: stdout,
        }
    }

    /// Posts events that must all be taken.
    pub(crate) async fn send(&self, events: &[String]) {
        let request = self.client.post(format!("{}/v1/events", self.url)).body(events.join("\n"));
        let request = request.header("authorization", format!("Bearer {}", self.write_key));
        let answer = request.send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 202, "{body}");
        let receipt: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(receipt["accepted"], events.len(), "{body}");
    }

    /// What an instructor is answered.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.url));
        let answer = request.header("authorization", format!("Bearer {}", self.session)).send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Asks it to end and waits for that.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let asked = Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let started = Instant::now();
        while started.elapsed() < DEADLINE {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("`up` did not end in {DEADLINE:?}");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
