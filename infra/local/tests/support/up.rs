//! A running `trilha up`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

use super::{DEADLINE, command, text, wait};

/// Killed when dropped.
pub(crate) struct Up {
    child: Child,
    /// The first three lines it printed.
    pub(crate) lines: [String; 3],
    /// Kept, so that the process may go on printing.
    _stdout: BufReader<ChildStdout>,
}

impl Up {
    /// Starts it and waits until it says where it is.
    pub(crate) fn start(data: &Path, more: &[&str]) -> Up {
        let mut child = Up::spawn(data, more);
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut stdout = stdout;
            let lines = std::array::from_fn(|_| {
                let mut line = String::new();
                stdout.read_line(&mut line).map(|_| line.trim_end().to_string()).unwrap_or_default()
            });
            let _ = sender.send((lines, stdout));
        });
        let Ok((lines, stdout)) = receiver.recv_timeout(DEADLINE) else {
            let _ = child.kill();
            panic!("`up` did not say where it is");
        };
        Up { child, lines, _stdout: stdout }
    }

    /// Starts it without waiting for anything.
    pub(crate) fn spawn(data: &Path, more: &[&str]) -> Child {
        let mut command = command(&["up", "--data", text(data), "--listen", "127.0.0.1:0"]);
        command.args(more).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        let url = self.lines[0].strip_prefix("dashboard  http://").expect("the first line names the dashboard");
        url.trim_end_matches('/')
    }

    pub(crate) fn sign_in_path(&self) -> &str {
        let url = self.lines[1].strip_prefix("sign-in    http://").expect("the second line is the sign-in link");
        url.strip_prefix(self.address()).unwrap()
    }

    pub(crate) fn write_key(&self) -> &str {
        self.lines[2].strip_prefix("write key  ").expect("the third line is the write key")
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        kill(&mut self.child);
    }

    /// Asks it to end.
    pub(crate) fn ask_to_stop(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Asks it to end and waits for that.
    pub(crate) fn stop(mut self, signal: &str) -> ExitStatus {
        self.ask_to_stop(signal);
        wait(&mut self.child)
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

pub(crate) fn kill(child: &mut Child) {
    // It may have ended already.
    let _ = child.kill();
    let _ = child.wait();
}
