//! `ping`: does every host answer?

use anyhow::{Result, bail};
use clap::Args;
use laureola::redis::probe::{self, Probe};
use serde::Serialize;

use super::output::Output;
use crate::layer::{Backend, Choice};

const AFTER_HELP: &str = "\
Example:
  $ laureola layer --channel-layer redis://cache ping
  HOST        LATENCY  SERVER        ROLE
  cache:6379  0.21 ms  Redis 7.0.15  master

The status is 1 if a host does not answer, or is a replica and cannot be written to.";

/// Ask every host for an answer: how long it took, and what runs there
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Ping {}

#[derive(Serialize)]
struct Row {
    host: String,
    ok: bool,
    latency_ms: Option<f64>,
    server: Option<String>,
    role: Option<String>,
    error: Option<String>,
}

impl Ping {
    pub(super) async fn run(&self, choice: &Choice, output: &mut Output) -> Result<()> {
        let (Backend::Core(config) | Backend::PubSub(config)) = &choice.backend else {
            bail!("{} has no hosts", choice.name);
        };
        let rows: Vec<_> = probe::probe(config).await.into_iter().map(row).collect();
        let heads = ["HOST", "LATENCY", "SERVER", "ROLE"];
        output.list(&rows, heads, cells, "no hosts")?;
        let failed: Vec<_> = rows
            .iter()
            .filter_map(|row| row.error.as_deref().map(|error| format!("{}: {error}", row.host)))
            .collect();
        if !failed.is_empty() {
            bail!(
                "{} of {} hosts failed: {}",
                failed.len(),
                rows.len(),
                failed.join("; ")
            );
        }
        Ok(())
    }
}

fn row(probe: Probe) -> Row {
    let (answer, error) = match probe.answer {
        Ok(answer) => (Some(answer), None),
        Err(error) => (None, Some(format!("{:#}", anyhow::Error::from(error)))),
    };
    let answer = answer.as_ref();
    Row {
        host: probe.host,
        ok: error.is_none(),
        latency_ms: answer.map(|answer| answer.latency.as_secs_f64() * 1_000.0),
        server: answer.and_then(|answer| answer.server.clone()),
        role: answer.and_then(|answer| answer.role.clone()),
        error,
    }
}

fn cells(row: &Row) -> [String; 4] {
    let or = |text: &Option<String>, other: &str| text.clone().unwrap_or_else(|| other.to_owned());
    let unknown = if row.ok { "unknown" } else { "-" };
    let latency = row
        .latency_ms
        .map_or_else(|| "no answer".to_owned(), |latency| format!("{latency:.2} ms"));
    [
        row.host.clone(),
        latency,
        or(&row.server, unknown),
        or(&row.role, unknown),
    ]
}
