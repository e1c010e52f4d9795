//! `laureola layer …` and the configuration of layers.

mod config;
mod core;
mod flush;
mod ping;
mod pubsub;
mod tail;
mod usage;

use laureola_testkit::RedisServer;
use serde_json::Value;

use crate::server::{SOON, command};

/// How a run of `laureola` ended.
pub(crate) struct Outcome {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: Option<i32>,
}

/// Runs `laureola` with these arguments to its end, its standard input empty.
pub(crate) fn run(args: &[&str]) -> Outcome {
    let mut process = command(args);
    let status = process.wait_exit(SOON);
    Outcome {
        stdout: process.stdout(),
        stderr: process.stderr(),
        status: status.code(),
    }
}

/// `laureola layer --channel-layer URL …`.
pub(crate) fn layer(redis: &RedisServer, args: &[&str]) -> Outcome {
    run(&[&["layer", "--channel-layer", &redis.url()], args].concat())
}

impl Outcome {
    /// The table of a successful run: its rows as words, without the heads.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<Vec<&str>> {
        self.succeeded();
        let words = |line| {
            str::split(line, "  ")
                .map(str::trim)
                .filter(|word| !word.is_empty())
        };
        self.stdout
            .lines()
            .skip(1)
            .map(|line| words(line).collect())
            .collect()
    }

    /// The JSON of a successful run.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        self.succeeded();
        assert_eq!(self.stdout.lines().count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).expect("JSON")
    }

    #[track_caller]
    pub(crate) fn succeeded(&self) {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        assert_eq!(self.stderr, "");
    }

    /// A failure in one line that holds these words.
    #[track_caller]
    pub(crate) fn failed(&self, status: i32, expected: &[&str]) {
        assert_eq!(self.status, Some(status), "{}\n{}", self.stdout, self.stderr);
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        assert!(self.stderr.starts_with("laureola: "), "{}", self.stderr);
        for words in expected {
            assert!(
                self.stderr.contains(words),
                "{words:?} is missing in {}",
                self.stderr
            );
        }
    }
}
