//! Runs of the same case belong together, and in it those of the same label.

use std::fmt::Write as _;

use serde_json::Value;

use super::spread::Spread;
use crate::cli::Metric;
use crate::outcome::Outcome;

/// What was done to several servers.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The scenario and its size, such as `fanout, 1 × 100 members, …`.
    pub name: String,
    /// Its scenario.
    pub scenario: &'a str,
    /// One for each label, in the order of their first runs.
    pub rows: Vec<Row<'a>>,
}

/// The runs of one server.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The label; the server's address if there was none.
    pub label: String,
    /// Its runs.
    pub runs: Vec<&'a Outcome>,
}

/// Sorts `outcomes` into cases and rows, in the order they are met.
#[must_use]
pub fn cases(outcomes: &[Outcome]) -> Vec<Case<'_>> {
    let mut cases: Vec<Case<'_>> = Vec::new();
    for outcome in outcomes {
        let name = case_name(outcome);
        let label = label(outcome);
        let at = cases
            .iter()
            .position(|case| case.name == name)
            .unwrap_or_else(|| {
                let scenario = &outcome.scenario;
                cases.push(Case {
                    name,
                    scenario,
                    rows: Vec::new(),
                });
                cases.len() - 1
            });
        let rows = &mut cases[at].rows;
        match rows.iter_mut().find(|row| row.label == label) {
            Some(row) => row.runs.push(outcome),
            None => rows.push(Row {
                label,
                runs: vec![outcome],
            }),
        }
    }
    cases
}

impl Row<'_> {
    /// The spread of what `value` finds in the runs; those that have none do not count.
    #[must_use]
    pub fn spread(&self, value: impl Fn(&Outcome) -> Option<f64>) -> Option<Spread> {
        Spread::of(self.runs.iter().filter_map(|run| value(run)))
    }

    /// The spread of a metric.
    #[must_use]
    pub fn metric(&self, metric: Metric) -> Option<Spread> {
        self.spread(|run| match metric {
            Metric::Rate => (run.scenario != "idle").then_some(run.deliveries_per_second),
            Metric::PerCpu => run.per_server_cpu_second.filter(|_| run.scenario != "idle"),
            Metric::P50 => run.latency_us.map(|latency| latency.p50 as f64),
            Metric::P99 => run.latency_us.map(|latency| latency.p99 as f64),
            Metric::Memory => run.rss_kib.map(|memory| memory.per_connection),
            Metric::Connects => run.connect.per_server_cpu_second,
        })
    }

    /// The sum of what `value` finds in the runs.
    #[must_use]
    pub fn sum(&self, value: impl Fn(&Outcome) -> u64) -> u64 {
        self.runs.iter().map(|run| value(run)).sum()
    }
}

fn label(outcome: &Outcome) -> String {
    let address = || {
        let url = outcome.arguments["url"][0].as_str().unwrap_or_default();
        let authority = url.split("://").nth(1).and_then(|rest| rest.split('/').next());
        authority.unwrap_or("(no label)").to_owned()
    };
    outcome.label.clone().unwrap_or_else(address)
}

/// The scenario and what of its arguments makes a difference to what is measured.
pub(super) fn case_name(outcome: &Outcome) -> String {
    let argument = |name: &str| &outcome.arguments[name];
    let number = |name: &str| argument(name).as_u64().unwrap_or_default();
    let mut name = outcome.scenario.clone();
    let mut add = |part: String| {
        // Writing to a string cannot fail.
        let _ = write!(name, ", {part}");
    };
    if argument("members").is_u64() {
        add(format!("{} × {} members", number("rooms"), number("members")));
        add(many(number("senders"), "sender"));
    }
    if argument("connections").is_u64() {
        add(many(number("connections"), "connection"));
    }
    if argument("room_size").is_u64() {
        add(format!("rooms of {}", number("room_size")));
    }
    if let Some(rate) = argument("rate").as_f64() {
        add(format!("{rate} messages/s per room"));
    } else if outcome.scenario == "fanout" || number("window") > 1 {
        add(format!("{} in flight", number("window").max(1)));
    }
    if argument("messages").is_u64() {
        add(format!("{} at once", many(number("messages"), "message")));
    }
    if argument("bytes").is_u64() {
        add(format!("{} bytes", number("bytes")));
    }
    if number("slow") > 0 {
        add(many(number("slow"), "slow client"));
    }
    for flag in ["join", "hold"] {
        if argument(flag) == &Value::Bool(true) {
            add(flag.to_owned());
        }
    }
    let servers = argument("url").as_array().map_or(1, Vec::len);
    if servers > 1 {
        add(format!("{servers} servers"));
    }
    name
}

fn many(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
