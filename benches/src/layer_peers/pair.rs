//! One run of two processes.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use laureola_testkit::RedisServer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::gauge::{RedisTime, cpu_seconds};
use super::job::{End, Job, Mark, Role};

/// Set in the environment of this program when it is to be one of the two processes.
pub const MARKER: &str = "LAUREOLA_BENCH_LAYER_PEER";

const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// Whose layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// This program again.
    Ours,
    /// `channels_redis`, in this Python.
    Reference(PathBuf),
}

/// What one run showed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// Deliveries in the measured time.
    pub deliveries: u64,
    /// The measured time.
    pub seconds: f64,
    /// CPU seconds of the receiving process.
    pub receiver_cpu: f64,
    /// CPU seconds of the sending process.
    pub sender_cpu: f64,
    /// CPU microseconds of Redis for each message.
    pub redis_micros: f64,
    /// Messages that some member did not get, or got twice.
    pub incomplete: u64,
}

impl Sample {
    /// Deliveries per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.deliveries as f64 / self.seconds
    }

    /// Deliveries per second of CPU time of the two processes together.
    #[must_use]
    pub fn per_cpu_second(&self) -> f64 {
        self.deliveries as f64 / (self.receiver_cpu + self.sender_cpu).max(0.01)
    }
}

/// Does `job` on an empty `redis`.
///
/// # Errors
/// A process that fails or does not come to an end; what it had to say is on stderr.
///
/// # Panics
/// If Redis does not answer.
pub fn measure(side: &Side, job: &Job, redis: &RedisServer) -> Result<Sample, String> {
    redis.command(&["FLUSHALL"]);
    let pair = Pair::start(side, job)?;
    let cpu = || -> Result<_, String> {
        let [receiver, sender] = [&pair.receiver, &pair.sender].map(|process| cpu_seconds(process.0.id()));
        Ok((receiver?, sender?, RedisTime::now(redis)))
    };
    let first: Mark = pair.lines.next()?;
    let before = cpu()?;
    let last: Mark = pair.lines.next()?;
    let after = cpu()?;
    let incomplete = pair.end()?;

    let messages = last.completed - first.completed;
    Ok(Sample {
        deliveries: messages * u64::from(job.members),
        seconds: last.seconds - first.seconds,
        receiver_cpu: after.0 - before.0,
        sender_cpu: after.1 - before.1,
        redis_micros: after.2.since(before.2, messages).cpu,
        incomplete,
    })
}

/// The two processes of a job.
pub(super) struct Pair {
    receiver: Owned,
    /// Its standard input: it receives until that ends.
    control: Option<ChildStdin>,
    sender: Owned,
    pub(super) lines: Lines,
}

impl Pair {
    pub(super) fn start(side: &Side, job: &Job) -> Result<Self, String> {
        let mut receiver = Owned::spawn(side, Role::Receive, job, Stdio::piped())?;
        let control = receiver.0.stdin.take();
        let complete = receiver.0.stdout.take().expect("it is piped");
        let mut sender = Owned::spawn(side, Role::Send, job, Stdio::from(complete))?;
        let lines = Lines::of(sender.0.stdout.take().expect("it is piped"), job.deadline());
        Ok(Self {
            receiver,
            control,
            sender,
            lines,
        })
    }

    /// Suspends the receiver, or lets it go on.
    pub(super) fn suspend(&self, suspended: bool) -> Result<(), String> {
        let signal = if suspended { "STOP" } else { "CONT" };
        // The standard library sends only SIGKILL.
        let status = Command::new("sh")
            .args([
                "-c",
                r#"kill -s "$0" "$1""#,
                signal,
                &self.receiver.0.id().to_string(),
            ])
            .status();
        match status {
            Ok(status) if status.success() => Ok(()),
            other => Err(format!("cannot send SIG{signal}: {other:?}")),
        }
    }

    /// Ends both; how many messages some member did not get, or got twice.
    pub(super) fn end(mut self) -> Result<u64, String> {
        let end: End = self.lines.next()?;
        self.sender.ended()?;
        drop(self.control.take());
        let whole = self.receiver.ended();
        Ok((end.sent - end.completed).max(u64::from(whole.is_err())))
    }
}

/// A process that ends with this value.
struct Owned(Child);

impl Owned {
    fn spawn(side: &Side, role: Role, job: &Job, stdin: Stdio) -> Result<Self, String> {
        let task = json!({ "role": role, "job": job }).to_string();
        let mut command = match side {
            Side::Ours => {
                let program =
                    env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
                let mut command = Command::new(program);
                command.env(MARKER, task);
                command
            }
            Side::Reference(python) => {
                let mut command = Command::new(python);
                command
                    .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/layer_peer.py"))
                    .arg(task);
                command
            }
        };
        let spawned = command.stdin(stdin).stdout(Stdio::piped()).spawn();
        spawned
            .map(Self)
            .map_err(|error| format!("cannot start {command:?}: {error}"))
    }

    /// Waits for success.
    fn ended(&mut self) -> Result<(), String> {
        let end = Instant::now() + STOP_DEADLINE;
        while Instant::now() < end {
            match self.0.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("a process ended with {status}")),
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Err(error) => return Err(format!("a process cannot be waited for: {error}")),
            }
        }
        Err(format!("a process did not end within {STOP_DEADLINE:?}"))
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Fails only for a child that has ended, which is what we want anyway.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a process writes, line by line, by a deadline.
pub(super) struct Lines {
    lines: Receiver<String>,
    end: Instant,
}

impl Lines {
    fn of(output: impl Read + Send + 'static, deadline: Duration) -> Self {
        let (sender, lines) = sync_channel(16);
        // Ends with the process, which this module owns.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            lines,
            end: Instant::now() + deadline,
        }
    }

    pub(super) fn next<T: DeserializeOwned>(&self) -> Result<T, String> {
        let left = self.end.saturating_duration_since(Instant::now());
        let line = self.lines.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => "the sender does not get on".to_owned(),
            RecvTimeoutError::Disconnected => "the sender failed".to_owned(),
        })?;
        serde_json::from_str(&line).map_err(|error| format!("the sender wrote {line:?}: {error}"))
    }
}
