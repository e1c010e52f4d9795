//! `RESULTS.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::bars::{BARS, Verdict};
use super::case::{CASES, Case, Kind};
use super::row::{Metric, Row};
use super::summary::{Spread, Summary, of_case};

const HEAD: &str = "\
# This server, its peers, and the floor

Written by `cargo xtask bench-peers`; do not edit. Server, Redis and load tool share one machine and all of its cores, nothing is
pinned: read figures of one table beside each other, and none beside those of another machine.

- A server is started anew for each run, with an empty Redis. Servers take turns, and who comes first changes with the round.
- Figures are medians over the rounds; behind them the least and the most. A delivery is one member's, a text of 128 bytes.
- **Per CPU second**: deliveries in the measured seconds by the user and system time of all of the server's processes.
  Over loopback the sender pays for the receiver's side of TCP, too.
- **Saturated** is who could do no more, the server or the load tool (\"client\"); where it is the client, or the machine, the server could have done
  more per second, and only the figure per CPU second compares.
- A run is *disturbed* if others took more than a tenth of a machine that had nothing left. It stays in.
- `floor` is a bare epoll loop with one write for each message and member; `floor-joined` joins the messages of a turn into one.
  Neither has a channel layer.
";

/// The whole file.
pub(super) fn write(
    environments: &[Value],
    rows: &[Row],
    plots: &BTreeMap<&str, PathBuf>,
    files: &[PathBuf],
) -> String {
    let mut text = HEAD.to_owned();
    bars(&mut text, rows);
    for case in CASES {
        let summaries = of_case(rows, case.name);
        if !summaries.is_empty() {
            section(
                &mut text,
                case,
                &summaries,
                plots.get(case.name).map(PathBuf::as_path),
            );
        }
    }
    commands(&mut text, rows);
    versions(&mut text, environments);
    raw(&mut text, files);
    text
}

fn bars(text: &mut String, rows: &[Row]) {
    text.push_str("\n## Bars\n\n");
    let verdicts: Vec<(&str, Verdict)> = BARS
        .iter()
        .flat_map(|bar| bar.verdicts(rows).into_iter().map(|verdict| (bar.what, verdict)))
        .collect();
    let count = |met| verdicts.iter().filter(|(_, verdict)| verdict.met == met).count();
    let (met, missed, open) = (count(Some(true)), count(Some(false)), count(None));
    let _ = writeln!(text, "{met} met, {missed} not met, {open} not run.\n");
    text.push_str(
        "| what | case | server | bar | value | beside | ratio | |\n|---|---|---|---|---:|---:|---:|---|\n",
    );
    for (what, verdict) in &verdicts {
        let Some(value) = verdict.value else { continue };
        let beside = verdict.reference.as_ref();
        let beside = beside.map_or(String::new(), |(value, whose)| {
            format!("{} ({whose})", number(*value))
        });
        let ratio = verdict.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}"));
        let met = match verdict.met {
            Some(true) => "met",
            Some(false) => "**not met**",
            None => "not run",
        };
        let Verdict {
            contender, case, bar, ..
        } = verdict;
        let value = number(value);
        let _ = writeln!(
            text,
            "| {what} | {case} | {contender} | {bar} | {value} | {beside} | {ratio} | {met} |"
        );
    }
}

/// A column: its heading, and what it says of a server.
type Column = (&'static str, fn(&Summary<'_>) -> String);

const DELIVERED: &[Column] = &[
    ("per second", |summary| cell(summary.metric(Metric::PerSecond))),
    ("least–most", |summary| range(summary.metric(Metric::PerSecond))),
    ("per CPU second", |summary| cell(summary.metric(Metric::PerCpu))),
    ("least–most", |summary| range(summary.metric(Metric::PerCpu))),
    ("with Redis's CPU", |summary| {
        cell(summary.metric(Metric::PerCpuWithRedis))
    }),
    ("p50 ms", |summary| cell(summary.metric(Metric::P50))),
    ("p99 ms", |summary| cell(summary.metric(Metric::P99))),
    ("lost/twice/order", faults),
    ("CPU s server/Redis/client", cpu),
    ("saturated", |summary| summary.saturated().to_owned()),
];
const LATENCY: &[Column] = &[
    ("p50 ms", |summary| cell(summary.metric(Metric::P50))),
    ("p99 ms", |summary| cell(summary.metric(Metric::P99))),
    ("least–most", |summary| range(summary.metric(Metric::P99))),
    ("p99.9 ms", |summary| {
        cell(thousandth(summary.at("latency_us.p999")))
    }),
    ("longest ms", |summary| {
        cell(thousandth(summary.at("latency_us.max")))
    }),
    ("lost/twice/order", faults),
    ("CPU s server/Redis/client", cpu),
    ("saturated", |summary| summary.saturated().to_owned()),
];
const BURST: &[Column] = &[
    ("all in after s", |summary| cell(summary.metric(Metric::LastIn))),
    ("least–most", |summary| range(summary.metric(Metric::LastIn))),
    ("p50 ms", |summary| cell(summary.metric(Metric::P50))),
    ("p99 ms", |summary| cell(summary.metric(Metric::P99))),
    ("expected", |summary| number(summary.sum("expected"))),
    ("lost/twice/order", faults),
];
const CONNECTS: &[Column] = &[
    ("connects per second", |summary| {
        cell(summary.metric(Metric::PerSecond))
    }),
    ("per CPU second", |summary| cell(summary.metric(Metric::Connects))),
    ("least–most", |summary| range(summary.metric(Metric::Connects))),
    ("with Redis's CPU", |summary| {
        cell(summary.metric(Metric::PerCpuWithRedis))
    }),
    ("errors", |summary| number(summary.sum("errors"))),
    ("CPU s server/Redis/client", cpu),
];
const MEMORY: &[Column] = &[
    ("KiB each", |summary| cell(summary.metric(Metric::Memory))),
    ("least–most", |summary| range(summary.metric(Metric::Memory))),
    ("before KiB", |summary| cell(summary.at("rss_kib.server_before"))),
    ("after KiB", |summary| cell(summary.at("rss_kib.server_after"))),
    ("connected", |summary| cell(summary.at("connected"))),
    ("connects per CPU second", |summary| {
        cell(summary.metric(Metric::Connects))
    }),
];

fn section(text: &mut String, case: &Case, summaries: &[Summary<'_>], plot: Option<&Path>) {
    let _ = writeln!(text, "\n## {}\n", case.title);
    let load = summaries
        .iter()
        .find_map(|summary| summary.rows.first().map(|row| row.text("load_command")));
    let _ = writeln!(text, "`{}`: `{}`\n", case.name, load.unwrap_or_default());
    let columns = match case.kind {
        Kind::Rate => DELIVERED,
        Kind::Latency => LATENCY,
        Kind::Burst => BURST,
        Kind::Connects => CONNECTS,
        Kind::Memory => MEMORY,
    };
    text.push_str("| server |");
    for (heading, _) in columns {
        let _ = write!(text, " {heading} |");
    }
    text.push_str(" runs |\n|---|");
    text.push_str(&"---:|".repeat(columns.len() + 1));
    text.push('\n');
    let order: Vec<String> = case
        .all_contenders()
        .iter()
        .map(super::server::Contender::name)
        .collect();
    let mut summaries: Vec<_> = summaries.iter().collect();
    summaries.sort_by_key(|summary| order.iter().position(|name| *name == summary.contender));
    for summary in summaries {
        let _ = write!(text, "| {} |", summary.contender);
        for (_, column) in columns {
            let _ = write!(text, " {} |", column(summary));
        }
        let _ = writeln!(text, " {} |", runs(summary));
    }
    if let Some(plot) = plot {
        let _ = writeln!(text, "\n![{}]({})", case.title, plot.display());
    }
}

fn runs(summary: &Summary<'_>) -> String {
    let mut text = summary.rows.len().to_string();
    if summary.disturbed() > 0 {
        let _ = write!(text, ", {} disturbed", summary.disturbed());
    }
    if summary.failed > 0 {
        let _ = write!(text, ", {} failed", summary.failed);
    }
    text
}

fn faults(summary: &Summary<'_>) -> String {
    ["lost", "duplicates", "reordered"]
        .map(|key| number(summary.sum(key)))
        .join("/")
}

fn cpu(summary: &Summary<'_>) -> String {
    let seconds = |whose: &str| summary.at(&format!("cpu_seconds.{whose}"));
    let text = |spread: Option<Spread>| {
        spread.map_or_else(|| "–".to_owned(), |spread| format!("{:.2}", spread.median))
    };
    ["server", "redis", "client"]
        .map(|whose| text(seconds(whose)))
        .join("/")
}

fn thousandth(spread: Option<Spread>) -> Option<Spread> {
    spread.map(|Spread { median, least, most }| Spread {
        median: median / 1000.0,
        least: least / 1000.0,
        most: most / 1000.0,
    })
}

fn cell(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "–".to_owned(), |spread| number(spread.median))
}

fn range(spread: Option<Spread>) -> String {
    spread.map_or_else(
        || "–".to_owned(),
        |spread| format!("{}–{}", number(spread.least), number(spread.most)),
    )
}

/// Three digits that count, thousands apart: `4,030,000`, `352`, `1.41`, `0.052`.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 {
            "0".to_owned()
        } else {
            "–".to_owned()
        };
    }
    let digits = value.abs().log10().floor() as i32 + 1;
    let exact = value.fract() == 0.0 && digits <= 4;
    let decimals = if exact { 0 } else { (3 - digits).clamp(0, 6) } as usize;
    let unit = if exact {
        1.0
    } else {
        10_f64.powi((digits - 3).max(0))
    };
    let rounded = if unit > 1.0 {
        (value / unit).round() * unit
    } else {
        value
    };
    let text = format!("{rounded:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        let left = whole.len() - at;
        if at > 0 && left % 3 == 0 && digit.is_ascii_digit() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

fn commands(text: &mut String, rows: &[Row]) {
    text.push_str("\n## Commands of the servers\n\n");
    text.push_str("`…` is the address of Redis. Python's servers run in `benches/peers/python`, Node in `benches/peers/node`.\n\n");
    let mut seen = BTreeSet::new();
    for row in rows {
        let command = row.text("server_command");
        if !command.is_empty() {
            seen.insert((row.text("contender"), command));
        }
    }
    for (contender, command) in seen {
        let _ = writeln!(text, "- {contender}: `{command}`");
    }
}

fn versions(text: &mut String, environments: &[Value]) {
    text.push_str("\n## Machine and versions\n\n");
    let mut lines = BTreeSet::new();
    for environment in environments {
        let mut all = Vec::new();
        for group in [
            &environment["versions"],
            &environment["packages"]["python"],
            &environment["packages"]["node"],
        ] {
            let of_group = group.as_object().into_iter().flatten();
            let named = of_group.map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or("?")));
            all.push(named.collect::<Vec<_>>().join(", "));
        }
        all.retain(|group| !group.is_empty());
        let machine = environment["machine"].as_str().unwrap_or("?");
        lines.insert(format!("- {machine}.\n  {}.\n", all.join(".\n  ")));
    }
    text.extend(lines);
}

fn raw(text: &mut String, files: &[PathBuf]) {
    let names = files.iter().filter_map(|file| file.file_name());
    let names: Vec<_> = names
        .map(|name| format!("`{}`", name.to_string_lossy()))
        .collect();
    let _ = writeln!(
        text,
        "\n## Raw data\n\n{}: one JSON object for each run, as `laureola-load` wrote it.",
        names.join(", ")
    );
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_have_three_digits_that_count() {
        let cases = [
            (0.0, "0"),
            (0.0523, "0.0523"),
            (2.7142, "2.71"),
            (17.29, "17.3"),
            (352.4, "352"),
            (3807.3, "3,810"),
            (4_027_957.4, "4,030,000"),
            (9_999.0, "9,999"),
            (10_000.0, "10,000"),
            (32_640.0, "32,600"),
            (8_646_300.0, "8,650,000"),
        ];
        for (value, expected) in cases {
            assert_eq!(number(value), expected);
        }
    }

    fn run(contender: &str, round: u64, per_cpu: f64) -> Row {
        Row::new(json!({
            "case": "fan-1000-w1", "contender": contender, "round": round,
            "deliveries": 4000, "deliveries_per_second": 1000.0, "per_server_cpu_second": per_cpu,
            "lost": 0, "duplicates": 0, "reordered": 0, "latency_us": {"p50": 1500, "p99": 2500},
            "cpu_seconds": {"server": 2.0, "redis": 0.5, "client": 1.0}, "saturated": "server",
            "disturbed": round == 2,
            "server_command": format!("{contender} --port PORT"), "load_command": "laureola-load fanout --members 1000",
        }))
    }

    #[test]
    fn the_report_has_bars_tables_commands_versions_and_says_where_the_data_is() {
        let mut rows = Vec::new();
        for round in 1..=3 {
            rows.push(run("rust-relay memory", round, 900.0 + round as f64));
            rows.push(run("floor", round, 1000.0));
        }
        let failed = json!({"case": "fan-1000-w1", "contender": "node-ws pubsub", "error": "gone"});
        rows.push(Row::new(failed));
        let environment = json!({
            "machine": "2 × CPU", "versions": {"rustc": "1.95"}, "packages": {"python": {"daphne": "4.2.3"}, "node": {}}
        });
        let plots = BTreeMap::from([("fan-1000-w1", PathBuf::from("results/fan-1000-w1.svg"))]);
        let files = [PathBuf::from("benches/results/a.jsonl")];
        let text = write(&[environment.clone(), environment], &rows, &plots, &files);
        for expected in [
            "| relay or direct, 1 in flight | fan-1000-w1 | rust-relay memory | ≥ 0.85 × floor | 902 | 1,000 (floor) | 0.90 | met |",
            "| floor | 1,000 | 1,000–1,000 | 1,000 | 1,000–1,000 | 1,600 | 1.50 | 2.50 | 0/0/0 | 2.00/0.50/1.00 | server | 3, 1 disturbed |",
            "| rust-relay memory | 1,000 | 1,000–1,000 | 902 | 901–903 |",
            "| node-ws pubsub | – |",
            "| 0, 1 failed |",
            "`fan-1000-w1`: `laureola-load fanout --members 1000`",
            "![1 room × 1,000, 1 message in flight](results/fan-1000-w1.svg)",
            "- floor: `floor --port PORT`\n",
            "- 2 × CPU.\n  rustc 1.95.\n  daphne 4.2.3.\n",
            "`a.jsonl`",
        ] {
            assert!(text.contains(expected), "{expected}\nis not in\n{text}");
        }
        assert_eq!(
            text.matches("- 2 × CPU").count(),
            1,
            "an environment that is the same is said once"
        );
        // The floor comes first, as in the case's list.
        assert!(text.find("| floor | 1,000") < text.find("| rust-relay memory | 1,000"));
    }
}
