//! A running `trilha up`.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

use super::{DEADLINE, command, text, wait};

/// A process that is killed when dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Process {
        Process(command.spawn().unwrap())
    }

    /// Ends it as a power cut would. Whether it was still running.
    pub(crate) fn kill(&mut self) -> bool {
        // It may have ended already.
        let _ = self.0.kill();
        self.0.wait().unwrap().code().is_none()
    }

    /// The end of a process that is about to end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        wait(&mut self.0)
    }

    /// Asks it to end.
    fn ask_to_stop(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.0.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Killed when dropped.
pub(crate) struct Up {
    process: Process,
    /// The first three lines it printed.
    pub(crate) lines: [String; 3],
    /// Kept, so that the process may go on printing.
    _stdout: BufReader<ChildStdout>,
}

impl Up {
    /// Starts it and waits until it says where it is.
    pub(crate) fn start(data: &Path, more: &[&str]) -> Up {
        Up::start_command(&mut Up::command(data, more))
    }

    /// What starts it, its standard error still the caller's.
    pub(crate) fn command(data: &Path, more: &[&str]) -> Command {
        let mut command = command(&["up", "--data", text(data), "--listen", "127.0.0.1:0"]);
        command.args(more).stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    /// Starts a command of [`Up::command`]'s.
    pub(crate) fn start_command(command: &mut Command) -> Up {
        let mut process = Process::spawn(command);
        let stdout = BufReader::new(process.0.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut stdout = stdout;
            let lines = std::array::from_fn(|_| {
                let mut line = String::new();
                stdout.read_line(&mut line).map(|_| line.trim_end().to_string()).unwrap_or_default()
            });
            let _ = sender.send((lines, stdout));
        });
        let (lines, stdout) = receiver.recv_timeout(DEADLINE).expect("`up` says where it is");
        Up { process, lines, _stdout: stdout }
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

    /// Ends it as a power cut would. Whether it was still running.
    pub(crate) fn kill(mut self) -> bool {
        self.process.kill()
    }

    /// Asks it to end.
    pub(crate) fn ask_to_stop(&self, signal: &str) {
        self.process.ask_to_stop(signal);
    }

    /// Asks it to end and waits for that.
    pub(crate) fn stop(mut self, signal: &str) -> ExitStatus {
        self.ask_to_stop(signal);
        self.process.wait()
    }
}
