//! What a run found, as it is written: one JSON object.

mod latency;
mod started;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use latency::{Latencies, Latency};
pub use started::rfc3339_now;

use crate::errors::Errors;
use crate::system::{Resources, Saturated, Usage};

/// One run. Counts of messages (`expected`, `lost`, `duplicates`, `reordered`) are of the whole run, warm-up
/// and the wait at its end included; `deliveries`, rates and CPU times are of the measured seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// `laureola-load`.
    pub tool: String,
    /// This crate's version.
    pub version: String,
    /// The subcommand.
    pub scenario: String,
    /// What `--label` said.
    pub label: Option<String>,
    /// All arguments, defaults included.
    pub arguments: serde_json::Value,
    /// When it started, RFC 3339, UTC.
    pub started: String,
    /// Connections that came to be.
    pub connected: u64,
    /// Connections that were asked for, slow ones not counted.
    pub connections: u64,
    /// Messages that members got; answers (`echo`, `hello`); connections (`churn`).
    pub deliveries: u64,
    /// The same, per second.
    pub deliveries_per_second: f64,
    /// Messages that were sent.
    pub messages: u64,
    /// Deliveries that they should have made.
    pub expected: u64,
    /// Of these, the ones that did not come.
    pub lost: u64,
    /// Deliveries that a member had had before.
    pub duplicates: u64,
    /// Deliveries that came after a later one of the same sender.
    pub reordered: u64,
    /// What went wrong otherwise.
    pub errors: u64,
    /// The same by what it was.
    pub error_kinds: BTreeMap<String, u64>,
    /// From when a message was due until a member had it; of the messages that were due in the measured seconds.
    pub latency_us: Option<Latency>,
    /// How late this tool itself was with its messages (`--rate` only; it is part of the latency).
    pub send_lag_us: Option<Latency>,
    /// The measured seconds.
    pub seconds: f64,
    /// Until everything was there that came at all.
    pub drain_seconds: f64,
    /// From the burst until the last delivery (`burst` only).
    pub last_delivery_seconds: Option<f64>,
    /// How the connections came to be.
    pub connect: Connects,
    /// CPU time in the measured seconds.
    pub cpu_seconds: CpuSeconds,
    /// Deliveries per second of the server's CPU time.
    pub per_server_cpu_second: Option<f64>,
    /// Resident memory of the server's processes.
    pub rss_kib: Option<Memory>,
    /// The same, shared pages counted in part.
    pub pss_kib: Option<Memory>,
    /// The share of the machine that was busy, 0 to 1.
    pub machine_busy: f64,
    /// The share that other processes had, or a hypervisor took, 0 to 1; the server's where it was not named.
    pub others_busy: f64,
    /// Who could do no more.
    pub saturated: Saturated,
    /// Whether others took more than a tenth of a machine that had nothing left; the figures are doubtful then.
    pub disturbed: bool,
    /// The clients that did not read.
    pub slow: Option<Slow>,
    /// Texts from the server that are no deliveries, such as notices.
    pub other_messages: u64,
}

/// How connections came to be.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Connects {
    /// From the first to the last.
    pub seconds: f64,
    /// On average.
    pub per_second: f64,
    /// Of the server, for all of them.
    pub server_cpu_seconds: f64,
    /// Per second of the server's CPU time.
    pub per_server_cpu_second: Option<f64>,
}

/// CPU seconds.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct CpuSeconds {
    /// Of the processes of `--server-pid`, with all that they started.
    pub server: f64,
    /// Of `--redis-pid`.
    pub redis: f64,
    /// Of this tool.
    pub client: f64,
}

/// Memory in KiB.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Memory {
    /// Before the first connection.
    pub server_before: u64,
    /// With all connections.
    pub server_after: u64,
    /// The difference, for each connection.
    pub per_connection: f64,
}

/// Clients that do not read.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Slow {
    /// Came to be.
    pub connected: u64,
    /// Were closed by the server during the run.
    pub closed: u64,
}

impl Outcome {
    /// Nothing yet, of `scenario`.
    #[must_use]
    pub fn new(scenario: &str, label: Option<String>, arguments: serde_json::Value) -> Self {
        Self {
            tool: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.to_owned(),
            label,
            arguments,
            started: rfc3339_now(),
            connected: 0,
            connections: 0,
            deliveries: 0,
            deliveries_per_second: 0.0,
            messages: 0,
            expected: 0,
            lost: 0,
            duplicates: 0,
            reordered: 0,
            errors: 0,
            error_kinds: BTreeMap::new(),
            latency_us: None,
            send_lag_us: None,
            seconds: 0.0,
            drain_seconds: 0.0,
            last_delivery_seconds: None,
            connect: Connects::default(),
            cpu_seconds: CpuSeconds::default(),
            per_server_cpu_second: None,
            rss_kib: None,
            pss_kib: None,
            machine_busy: 0.0,
            others_busy: 0.0,
            saturated: Saturated::Neither,
            disturbed: false,
            slow: None,
            other_messages: 0,
        }
    }

    /// `deliveries` were made while `usage` was used; `watched`: the server's processes are known.
    pub fn measured(&mut self, deliveries: u64, usage: &Usage, watched: bool) {
        self.deliveries = deliveries;
        self.seconds = usage.seconds;
        self.deliveries_per_second = deliveries as f64 / usage.seconds.max(f64::MIN_POSITIVE);
        self.cpu_seconds = CpuSeconds {
            server: usage.server,
            redis: usage.redis,
            client: usage.client,
        };
        self.per_server_cpu_second = per(deliveries, usage.server);
        self.machine_busy = usage.busy;
        self.others_busy = usage.others;
        self.saturated = usage.saturated();
        self.disturbed = watched && usage.disturbed();
    }

    /// The connections came to be while `usage` was used.
    pub fn connected(&mut self, connected: u64, usage: &Usage) {
        self.connected = connected;
        self.connect = Connects {
            seconds: usage.seconds,
            per_second: connected as f64 / usage.seconds.max(f64::MIN_POSITIVE),
            server_cpu_seconds: usage.server,
            per_server_cpu_second: per(connected, usage.server),
        };
    }

    /// The server's memory before and after, with `connections` in between.
    pub fn memory(&mut self, before: &Resources, after: &Resources, connections: u64) {
        let memory = |before: u64, after: u64| {
            let grown = after as f64 - before as f64;
            (after > 0).then(|| Memory {
                server_before: before,
                server_after: after,
                per_connection: grown / connections.max(1) as f64,
            })
        };
        self.rss_kib = memory(before.rss, after.rss);
        self.pss_kib = memory(before.pss, after.pss);
    }

    /// What went wrong.
    pub fn failed(&mut self, errors: &Errors) {
        self.errors = errors.total();
        self.error_kinds.clone_from(errors.by_text());
    }
}

fn per(count: u64, cpu: f64) -> Option<f64> {
    (cpu > 0.0).then(|| count as f64 / cpu)
}
