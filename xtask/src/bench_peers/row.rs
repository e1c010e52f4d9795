//! What a run left: the load tool's JSON with our keys beside.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::case::Kind;
use super::markdown::number;

/// One run.
#[derive(Clone, Debug)]
pub(super) struct Row(Value);

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    /// Deliveries (answers, connects) per second.
    PerSecond,
    /// The same per second of the server's CPU time.
    PerCpu,
    /// The same per second of the server's and Redis's.
    PerCpuWithRedis,
    /// Milliseconds.
    P50,
    P99,
    /// KiB of resident memory for each connection.
    Memory,
    /// Connects per second of the server's CPU time.
    Connects,
    /// Deliveries that did not come, came twice, or out of order.
    Faults,
    /// Seconds from the burst to the last delivery.
    LastIn,
}

impl Row {
    pub(super) fn new(value: Value) -> Self {
        Self(value)
    }

    /// As it is kept.
    pub(super) fn line(&self) -> String {
        self.0.to_string()
    }

    pub(super) fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_default()
    }

    /// Why there is no result.
    pub(super) fn error(&self) -> Option<&str> {
        self.0["error"].as_str()
    }

    pub(super) fn round(&self) -> u64 {
        self.0["round"].as_u64().unwrap_or(0)
    }

    pub(super) fn is_disturbed(&self) -> bool {
        self.0["disturbed"] == true
    }

    /// A number, by a path such as `latency_us.p99`.
    pub(super) fn at(&self, path: &str) -> Option<f64> {
        path.split('.')
            .try_fold(&self.0, |value, key| value.get(key))?
            .as_f64()
    }

    /// The value of `metric`; `None` where the run has none.
    pub(super) fn metric(&self, metric: Metric) -> Option<f64> {
        let per = |seconds: f64| (seconds > 0.0).then(|| self.at("deliveries").map(|all| all / seconds))?;
        let server = self.at("cpu_seconds.server").unwrap_or(0.0);
        match metric {
            Metric::PerSecond => self.at("deliveries_per_second"),
            Metric::PerCpu => self.at("per_server_cpu_second").or_else(|| per(server)),
            Metric::PerCpuWithRedis => per(server + self.at("cpu_seconds.redis").unwrap_or(0.0)),
            Metric::P50 => self.at("latency_us.p50").map(|micros| micros / 1000.0),
            Metric::P99 => self.at("latency_us.p99").map(|micros| micros / 1000.0),
            Metric::Memory => self.at("rss_kib.per_connection"),
            Metric::Connects if self.text("scenario") == "churn" => self.metric(Metric::PerCpu),
            Metric::Connects => self.at("connect.per_server_cpu_second"),
            Metric::Faults => {
                let faults = ["lost", "duplicates", "reordered"].map(|key| self.at(key));
                faults.into_iter().sum()
            }
            Metric::LastIn => self.at("seconds"),
        }
    }

    /// The figure that counts, for the line of a run.
    pub(super) fn headline(&self, kind: Kind) -> String {
        let show = |metric| self.metric(metric).map_or_else(|| "–".to_owned(), number);
        let mut text = match kind {
            Kind::Rate => format!(
                "{}/s, {} per CPU second",
                show(Metric::PerSecond),
                show(Metric::PerCpu)
            ),
            Kind::Latency => format!("p50 {} ms, p99 {} ms", show(Metric::P50), show(Metric::P99)),
            Kind::Burst => format!("all in after {} s", show(Metric::LastIn)),
            Kind::Connects => format!("{} connects per CPU second", show(Metric::Connects)),
            Kind::Memory => format!("{} KiB each", show(Metric::Memory)),
        };
        for key in ["lost", "duplicates", "reordered", "errors"] {
            if let Some(count) = self.at(key).filter(|count| *count > 0.0) {
                text += &format!(", {key} {}", number(count));
            }
        }
        let missing = self
            .at("connections")
            .zip(self.at("connected"))
            .map(|(all, some)| all - some);
        if let Some(missing) = missing.filter(|missing| *missing > 0.0) {
            text += &format!(", not connected {}", number(missing));
        }
        if self.is_disturbed() {
            text += ", disturbed";
        }
        text
    }
}

/// The environments and the rows of raw data.
pub(super) fn read(files: &[PathBuf]) -> Result<(Vec<Value>, Vec<Row>)> {
    let (mut environments, mut rows) = (Vec::new(), Vec::new());
    for file in files {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let mut value: Value =
                serde_json::from_str(line).with_context(|| format!("no JSON in {}", file.display()))?;
            match value.get_mut("environment") {
                Some(environment) => environments.push(environment.take()),
                None => rows.push(Row(value)),
            }
        }
    }
    Ok((environments, rows))
}
