//! Processes that end with us, and with everything they started.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use super::interrupt::Interrupt;

/// How long a server may take until it listens.
const START: Duration = Duration::from_secs(30);

/// What of a log an error shows.
const LINES: usize = 12;

/// A process with a group of its own, so that Ctrl-C does not reach it before us; dropped, the group is killed.
#[derive(Debug)]
pub(super) struct Started {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Started {
    /// Starts `command`, with what it writes in `log`.
    pub(super) fn new(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        if let Some(dir) = log.parent() {
            fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        }
        let file = File::create(log).with_context(|| format!("cannot create {}", log.display()))?;
        let errors = file.try_clone().context("cannot share a log")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}: {}", command.get_program().display()))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(super) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        let ended = self.child.try_wait();
        ended.with_context(|| format!("cannot wait for {}", self.name))
    }

    /// Waits until it listens on `port`.
    pub(super) fn listens(&mut self, port: u16, interrupt: &Interrupt) -> Result<()> {
        let what = format!("{} listens", self.name);
        let waited = interrupt.wait(&what, START, || {
            if let Some(status) = self.ended()? {
                bail!("{} ended with {status} before it listened", self.name);
            }
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok())
        });
        waited.with_context(|| self.last_words()).map(drop)
    }

    /// The end of its log.
    pub(super) fn last_words(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LINES)..].join("\n    ");
        format!("{} ({}):\n    {last}\n ", self.name, self.log.display())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Not asked first: nothing is to be saved, and a server with ten thousand sockets says many goodbyes.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// A port of 127.0.0.1 that nobody listens on now.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr().context("a port without an address")?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_process_started_ends_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let started = Started::new("parent", &mut shell("sleep 60 & echo $!; wait"), &log).unwrap();
        let interrupt = Interrupt::default();
        let grandchild = interrupt.wait("its pid", Duration::from_secs(10), || {
            Ok(fs::read_to_string(&log)?.trim().parse::<u32>().ok())
        });
        let stat = PathBuf::from(format!("/proc/{}/stat", grandchild.unwrap()));
        assert!(stat.exists());
        drop(started);
        let gone = || {
            // A zombie is gone: whose parent is gone is collected by who adopted it.
            let state = fs::read_to_string(&stat).unwrap_or_default();
            Ok((state.is_empty() || state.contains(") Z ")).then_some(()))
        };
        interrupt.wait("its end", Duration::from_secs(10), gone).unwrap();
    }

    #[test]
    fn a_server_that_ends_at_once_is_named_with_its_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut started = Started::new("brief", &mut shell("echo no such module; exit 3"), &log).unwrap();
        let error = started
            .listens(free_port().unwrap(), &Interrupt::default())
            .unwrap_err();
        let error = format!("{error:#}");
        assert!(
            error.contains("no such module") && error.contains("exit status: 3"),
            "{error}"
        );
    }
}
