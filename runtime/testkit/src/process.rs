//! A child process that ends with its owner.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::wait::holds_within;

/// A running program: killed on drop, its output kept for assertions and panic messages.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    /// Files instead of pipes: a child that writes much never blocks on a test that does not read.
    output: TempDir,
}

impl Process {
    /// Starts `command` without standard input. `name` is what panic messages call it.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn spawn(name: &str, command: &mut Command) -> Self {
        let output = TempDir::new().expect("a temporary directory for the output of a child");
        let file = |stream: &str| {
            Stdio::from(File::create(output.path().join(stream)).expect("a file for the output of a child"))
        };
        let spawned = command
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn();
        let child = spawned.unwrap_or_else(|error| panic!("cannot start {name} ({command:?}): {error}"));
        Self {
            name: name.to_owned(),
            child,
            output,
        }
    }

    /// Starts the program at `path` with `args`.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start<S: AsRef<OsStr>>(name: &str, path: &Path, args: impl IntoIterator<Item = S>) -> Self {
        Self::spawn(name, Command::new(path).args(args))
    }

    /// What panic messages call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to stdout so far.
    pub fn stdout(&self) -> String {
        self.written("stdout")
    }

    /// What it has written to stderr so far.
    pub fn stderr(&self) -> String {
        self.written("stderr")
    }

    /// Both, under headings, for panic messages.
    pub fn output(&self) -> String {
        let Self { name, .. } = self;
        format!(
            "--- stdout of {name}\n{}--- stderr of {name}\n{}",
            self.stdout(),
            self.stderr()
        )
    }

    /// How it ended, or `None` while it runs.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child
            .try_wait()
            .expect("a child of this process can be waited for")
    }

    /// Blocks until it ends.
    ///
    /// # Panics
    /// If it still runs after `deadline`; the message holds its output.
    #[track_caller]
    pub fn wait_exit(&mut self, deadline: Duration) -> ExitStatus {
        let mut status = None;
        holds_within(deadline, || {
            status = self.exit_status();
            status.is_some()
        });
        status.unwrap_or_else(|| panic!("{} still runs after {deadline:?}\n{}", self.name, self.output()))
    }

    /// Sends SIGTERM; does nothing if it has ended.
    pub fn terminate(&mut self) {
        self.signal("TERM");
    }

    /// Sends SIGINT, as Ctrl-C does; does nothing if it has ended.
    pub fn interrupt(&mut self) {
        self.signal("INT");
    }

    /// Sends SIGSTOP: it keeps its sockets and answers nothing until [`resume`](Self::resume).
    pub fn suspend(&mut self) {
        self.signal("STOP");
    }

    /// Sends SIGCONT.
    pub fn resume(&mut self) {
        self.signal("CONT");
    }

    /// Sends SIGKILL and waits for the end; does nothing if it has ended.
    pub fn sigkill(&mut self) {
        // Fails only for a child that has ended, which is what we want anyway.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The standard library sends only SIGKILL, and the workspace forbids `unsafe`: let the shell's own `kill` do it.
    fn signal(&mut self, signal: &str) {
        // Once the child was waited for, its id may belong to someone else.
        if self.exit_status().is_some() {
            return;
        }
        let status = Command::new("sh")
            .args(["-c", r#"kill -s "$0" "$1""#, signal, &self.pid().to_string()])
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "cannot send SIG{signal} to {}",
            self.name
        );
    }

    fn written(&self, stream: &str) -> String {
        let read: io::Result<Vec<u8>> = fs::read(self.output.path().join(stream));
        String::from_utf8_lossy(&read.unwrap_or_default()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.sigkill();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Process {
        Process::start("a shell", Path::new("sh"), ["-c", script])
    }

    #[test]
    fn keeps_output_and_exit_status() {
        let mut process = shell("echo out; echo err >&2; exit 3");
        assert_eq!(process.wait_exit(DEADLINE).code(), Some(3));
        assert_eq!(
            (process.stdout().as_str(), process.stderr().as_str()),
            ("out\n", "err\n")
        );
        process.terminate();
    }

    #[test]
    fn terminate_is_sigterm() {
        let mut process = shell("exec sleep 600");
        process.terminate();
        assert_eq!(process.wait_exit(DEADLINE).signal(), Some(15));
    }

    #[test]
    fn drop_kills() {
        let process = shell("exec sleep 600");
        let proc = format!("/proc/{}", process.pid());
        assert!(Path::new(&proc).exists());
        drop(process);
        assert!(!Path::new(&proc).exists());
    }

    #[test]
    #[should_panic(expected = "a shell still runs after")]
    fn wait_exit_has_a_deadline() {
        shell("exec sleep 600").wait_exit(Duration::from_millis(20));
    }
}
