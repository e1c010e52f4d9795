//! Markdown.

use std::fmt::Write as _;

use super::case::{Case, Row};
use super::spread::Spread;
use crate::cli::Metric;
use crate::outcome::Outcome;
use crate::summary::{grouped, time};

/// A column: its heading, and what a row has there.
type Column = (&'static str, fn(&Row<'_>) -> String);

const RATES: &[Column] = &[
    ("per second", |row| wide(row.metric(Metric::Rate))),
    ("per server CPU s", |row| wide(row.metric(Metric::PerCpu))),
    ("p50", |row| span(row.metric(Metric::P50))),
    ("p99", |row| span(row.metric(Metric::P99))),
    ("p99.9", |row| {
        span(row.spread(|run| run.latency_us.map(|latency| latency.p999 as f64)))
    }),
];
const COUNTS: &[Column] = &[
    ("lost / expected", |row| {
        let (lost, expected) = (row.sum(|run| run.lost), row.sum(|run| run.expected));
        format!("{} / {}", grouped(lost as f64), grouped(expected as f64))
    }),
    ("twice / out of order", |row| {
        format!(
            "{} / {}",
            row.sum(|run| run.duplicates),
            row.sum(|run| run.reordered)
        )
    }),
];
const COSTS: &[Column] = &[
    ("errors", |row| row.sum(|run| run.errors).to_string()),
    ("CPU s: server, redis, client", |row| {
        let cpu = |value: fn(&Outcome) -> f64| {
            row.spread(|run| Some(value(run)))
                .map_or_else(String::new, |spread| format!("{:.2}", spread.median))
        };
        let (server, redis) = (
            cpu(|run| run.cpu_seconds.server),
            cpu(|run| run.cpu_seconds.redis),
        );
        format!("{server}, {redis}, {}", cpu(|run| run.cpu_seconds.client))
    }),
    ("saturated", saturated),
];
const BURST: &[Column] = &[("last delivery after", |row| {
    span(row.spread(|run| run.last_delivery_seconds.map(|seconds| seconds * 1e6)))
})];
const IDLE: &[Column] = &[
    ("connected", |row| {
        grouped(
            row.spread(|run| Some(run.connected as f64))
                .map_or(0.0, |spread| spread.min),
        )
    }),
    ("KiB RSS per connection", |row| narrow(row.metric(Metric::Memory))),
    ("KiB PSS per connection", |row| {
        narrow(row.spread(|run| run.pss_kib.map(|memory| memory.per_connection)))
    }),
    ("connects per second", |row| {
        wide(row.spread(|run| Some(run.connect.per_second)))
    }),
    ("connects per server CPU s", |row| {
        wide(row.metric(Metric::Connects))
    }),
    ("errors", |row| row.sum(|run| run.errors).to_string()),
];
const RUNS: &[Column] = &[("runs", |row| {
    let disturbed = row.runs.iter().filter(|run| run.disturbed).count();
    let note = if disturbed > 0 {
        format!(" ({disturbed} disturbed)")
    } else {
        String::new()
    };
    format!("{}{note}", row.runs.len())
})];

/// A table for each of `cases`, with a heading.
#[must_use]
pub fn tables(cases: &[Case<'_>]) -> String {
    let mut out = String::new();
    for case in cases {
        let columns = match case.scenario {
            "idle" => [IDLE, RUNS].concat(),
            "burst" => [BURST, RATES, COUNTS, COSTS, RUNS].concat(),
            "churn" => [RATES, COSTS, RUNS].concat(),
            _ => [RATES, COUNTS, COSTS, RUNS].concat(),
        };
        // Writing to a string cannot fail.
        let _ = write!(out, "### {}\n\n| |", case.name);
        for (heading, _) in &columns {
            let _ = write!(out, " {heading} |");
        }
        let _ = write!(out, "\n|---|{}\n", "---:|".repeat(columns.len()));
        for row in &case.rows {
            let _ = write!(out, "| {} |", row.label.replace('|', "\\|"));
            for (_, cell) in &columns {
                let _ = write!(out, " {} |", cell(row));
            }
            out.push('\n');
        }
        out.push('\n');
    }
    out
}

fn wide(spread: Option<Spread>) -> String {
    shown(spread, grouped)
}

fn narrow(spread: Option<Spread>) -> String {
    shown(spread, |value| format!("{value:.2}"))
}

fn span(spread: Option<Spread>) -> String {
    shown(spread, |micros| time(micros as u64))
}

/// `median (min–max)`, the latter where there is a difference to see.
fn shown(spread: Option<Spread>, show: impl Fn(f64) -> String) -> String {
    let Some(spread) = spread else {
        return "–".to_owned();
    };
    let (median, min, max) = (show(spread.median), show(spread.min), show(spread.max));
    if min == max {
        median
    } else {
        format!("{median} ({min}–{max})")
    }
}

fn saturated(row: &Row<'_>) -> String {
    let mut names: Vec<String> = Vec::new();
    for run in &row.runs {
        let name = format!("{:?}", run.saturated).to_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}
