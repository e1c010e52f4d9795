//! What all scenarios have.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::errors::LoadError;
use crate::net::Options;
use crate::system::Watched;
use crate::target::Target;

/// What all scenarios have.
#[derive(Args, Clone, Debug, Serialize)]
pub struct Common {
    /// A name for this run in tables and plots.
    #[arg(long, value_name = "NAME")]
    #[serde(skip)]
    pub label: Option<String>,
    /// Write the outcome there as one line of JSON; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub json: Option<PathBuf>,
    /// A process of the server, whose CPU time and memory are measured with those of all it starts (repeatable).
    #[arg(long, value_name = "PID")]
    #[serde(skip)]
    pub server_pid: Vec<u32>,
    /// A process of Redis, likewise (repeatable).
    #[arg(long, value_name = "PID")]
    #[serde(skip)]
    pub redis_pid: Vec<u32>,
    /// So many connections are being opened at a time.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = at_least_one)]
    pub connect_concurrency: usize,
    /// A connection that is not open by then has failed.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    pub connect_timeout: f64,
    /// The Origin header of the handshake.
    #[arg(long, value_name = "URL")]
    pub origin: Option<String>,
    /// The Cookie header, such as sessionid=….
    #[arg(long, value_name = "COOKIES")]
    pub cookie: Option<String>,
    /// A header line, such as 'Authorization: Bearer …' (repeatable).
    #[arg(long, value_name = "LINE")]
    pub header: Vec<String>,
    /// Connect from this address of this machine, in turn with others (repeatable). One address has some 28,000
    /// ports for each server; 127.0.0.2, 127.0.0.3 and so on need no setup.
    #[arg(long, value_name = "ADDRESS")]
    pub source: Vec<IpAddr>,
    /// Exit with status 4 when other processes disturbed the run.
    #[arg(long)]
    #[serde(skip)]
    pub strict: bool,
    /// No progress bar, no summary.
    #[arg(long, short)]
    #[serde(skip)]
    pub quiet: bool,
}

impl Common {
    /// Complete header lines.
    #[must_use]
    pub fn headers(&self) -> Vec<String> {
        let named =
            |name: &str, value: &Option<String>| value.as_ref().map(|value| format!("{name}: {value}"));
        let lines = [named("Origin", &self.origin), named("Cookie", &self.cookie)];
        lines
            .into_iter()
            .flatten()
            .chain(self.header.iter().cloned())
            .collect()
    }

    /// The processes to look at.
    #[must_use]
    pub fn watched(&self) -> Watched {
        Watched {
            server: self.server_pid.clone(),
            redis: self.redis_pid.clone(),
        }
    }

    /// How connections to `targets` are opened; those from `deaf_from` on do not read.
    ///
    /// # Errors
    /// A target that has no address, or has another scheme than `scheme`.
    pub fn options(&self, targets: &[Target], scheme: &str, deaf_from: usize) -> Result<Options, LoadError> {
        if let Some(other) = targets.iter().find(|target| target.scheme != scheme) {
            let wrong = String::from(other.clone());
            return Err(LoadError::Usage(format!(
                "{wrong} does not start with {scheme}://"
            )));
        }
        Ok(Options {
            servers: targets.iter().map(Target::address).collect::<Result<_, _>>()?,
            sources: self.source.clone(),
            concurrency: self.connect_concurrency,
            timeout: Duration::from_secs_f64(self.connect_timeout),
            deaf_from,
        })
    }
}

/// A number that is not zero.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(error) => Err(format!("{error}")),
    }
}

/// Seconds, up to an hour: a message's mark has 71 minutes.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(seconds),
        Ok(_) => Err("between 0 and 3600".to_owned()),
        Err(error) => Err(format!("{error}")),
    }
}

/// A payload's length: a mark must fit in.
pub(super) fn payload(text: &str) -> Result<usize, String> {
    let shortest = crate::mark::SHORTEST;
    match text.parse() {
        Ok(bytes) if (shortest..=1 << 24).contains(&bytes) => Ok(bytes),
        Ok(_) => Err(format!("between {shortest}, the length of a mark, and 16777216")),
        Err(error) => Err(format!("{error}")),
    }
}
