//! The table.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::json;

use super::kind::Attack;
use super::probe::{Seen, Times};

/// How many times the quiet 99th percentile a well-behaved client's may be.
pub const BAR: f64 = 2.0;

/// One attack.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Which.
    pub attack: Attack,
    /// The client before it.
    pub quiet: Seen,
    /// The client meanwhile.
    pub attacked: Seen,
    /// Resident bytes of the server before it.
    pub rss_before: u64,
    /// The most it had meanwhile.
    pub rss_peak: u64,
    /// What it may have grown by.
    pub cap: u64,
}

impl Row {
    fn ratio(&self, of: fn(&Seen) -> Times) -> f64 {
        of(&self.attacked).p99 / of(&self.quiet).p99
    }

    fn growth(&self) -> u64 {
        self.rss_peak.saturating_sub(self.rss_before)
    }
}

/// A table for people, with the verdicts below it.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| attack | connections | HTTP p99 µs quiet | attacked | ratio | WebSocket p99 µs quiet | attacked | ratio \
         | slowest ms | RSS growth MiB | cap MiB |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let mut verdicts = String::new();
    for row in rows {
        let (http, websocket) = (row.ratio(|seen| seen.http), row.ratio(|seen| seen.websocket));
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let _ = writeln!(
            table,
            "| {} | {} | {:.0} | {:.0} | {http:.2} | {:.0} | {:.0} | {websocket:.2} | {:.1} | {:.1} | {:.0} |",
            row.attack.name(),
            row.attack.connections(),
            row.quiet.http.p99,
            row.attacked.http.p99,
            row.quiet.websocket.p99,
            row.attacked.websocket.p99,
            row.attacked.http.max.max(row.attacked.websocket.max) / 1000.0,
            mib(row.growth()),
            mib(row.cap),
        );
        let said = |met| if met { "met" } else { "not met" };
        let (p99, memory) = (said(http.max(websocket) <= BAR), said(row.growth() <= row.cap));
        let _ = writeln!(verdicts, "{}: p99 {p99}, memory {memory}", row.attack.name());
    }
    format!("{table}bars: p99 within {BAR} times the quiet one, memory within the cap\n{verdicts}")
}

/// The same for programs.
#[must_use]
pub fn json(rows: &[Row]) -> String {
    format!("{:#}\n", json!({ "bar": BAR, "rows": rows }))
}
