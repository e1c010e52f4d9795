//! A plot for each case, drawn by the load tool.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::case::{CASES, Kind};
use super::install::Tools;
use super::row::Row;
use crate::command::{Cmd, Output};

/// Draws into `dir`, and returns the plots by case, as paths from where `markdown` is.
pub(super) fn draw(
    rows: &[Row],
    dir: &Path,
    markdown: &Path,
    tools: &Tools,
) -> Result<BTreeMap<&'static str, PathBuf>> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let mut plots = BTreeMap::new();
    for case in CASES {
        let Some(arguments) = arguments(case.kind) else {
            continue;
        };
        let rows = rows
            .iter()
            .filter(|row| row.text("case") == case.name && row.error().is_none());
        let lines: Vec<String> = rows.map(Row::line).collect();
        if lines.is_empty() {
            continue;
        }
        let data = tools.dir().join("plot.jsonl");
        fs::write(&data, lines.join("\n")).with_context(|| format!("cannot write {}", data.display()))?;
        let plot = dir.join(case.name).with_extension("svg");
        let command = Cmd::new(tools.load())
            .args(["report", "plot", "--title", case.title])
            .args(arguments)
            .arg(&data)
            .arg("--out")
            .arg(&plot);
        let Output { status, text } = command.capture()?;
        if !status.success() {
            bail!("no plot of {}: {}", case.name, text.trim_end());
        }
        let beside = markdown
            .parent()
            .and_then(|parent| plot.strip_prefix(parent).ok());
        plots.insert(case.name, beside.unwrap_or(&plot).to_owned());
    }
    Ok(plots)
}

/// What the bars of a plot show; rates are decades apart.
fn arguments(kind: Kind) -> Option<&'static [&'static str]> {
    match kind {
        Kind::Rate => Some(&["--metric", "per-cpu", "--log"]),
        Kind::Latency => Some(&["--metric", "p99"]),
        Kind::Connects => Some(&["--metric", "connects", "--log"]),
        Kind::Memory => Some(&["--metric", "memory"]),
        Kind::Burst => None,
    }
}
