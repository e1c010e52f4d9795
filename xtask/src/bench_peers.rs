//! `cargo xtask bench-peers`: this server, its peers and the bare-socket floor in one run, on one machine.
//!
//! # Layout
//! - [`server`]: who takes part, and its command; [`case`]: what is measured
//! - [`install`]: brings the peers in, builds what is ours; [`environment`]: versions and machine
//! - [`plan`]: which runs, in which order; [`mod@run`]: one of them
//! - [`child`]: processes that end with us; [`interrupt`]: Ctrl-C; [`redis`]: the Redis of the runs
//! - [`row`]: what a run left; [`summary`]: medians; [`bars`]: what was promised; [`markdown`]: `RESULTS.md`

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use regex::Regex;
use serde_json::{Value, json};

use crate::command::Cmd;
use crate::step::step;
use crate::workspace;

mod bars;
mod case;
mod child;
mod environment;
mod install;
mod interrupt;
mod markdown;
mod plan;
mod plots;
mod redis;
mod row;
mod run;
mod server;
mod summary;

use install::Tools;
use interrupt::Interrupt;
use plan::{Plan, Progress};
use row::Row;
use run::Bench;
use server::Family;

/// Arguments of `cargo xtask bench-peers`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only servers whose name (such as "uvicorn pubsub" or "rust-relay memory") this matches.
    #[arg(long, value_name = "REGEX")]
    only: Option<Regex>,
    /// Only these cases, by the beginning of their names, with commas between.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    cases: Vec<String>,
    /// How many times everything runs.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long each run measures.
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0)]
    seconds: f64,
    /// One short round with fewer connections, to see that everything works. Writes below target/bench-peers.
    #[arg(long)]
    quick: bool,
    /// Do without these servers.
    #[arg(long, value_name = "FAMILY", value_enum, value_delimiter = ',')]
    without: Vec<Family>,
    /// Add the runs to those in this file; its rounds go on.
    #[arg(long, value_name = "FILE", conflicts_with = "quick")]
    append: Option<PathBuf>,
    /// Run nothing, write RESULTS.md from these files.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "append")]
    report: Vec<PathBuf>,
    /// Say what would run, and how long it would take.
    #[arg(long)]
    list: bool,
}

/// Does what `args` say.
///
/// # Errors
/// What could not be installed, built or written; at the end also which runs failed. A missed bar is no error.
pub(crate) fn run(args: &Args) -> Result<()> {
    let plan = Plan::new(args)?;
    if args.list {
        print!("{}", plan.listing());
        return Ok(());
    }
    let results = workspace::root().join("benches/results");
    if !args.report.is_empty() {
        let tools = Tools::load_only()?;
        return report(
            &args.report,
            &workspace::root().join("benches/RESULTS.md"),
            &results,
            &tools,
        );
    }
    let interrupt = Interrupt::listen()?;
    raise_open_files();
    let tools = step("peers and builds", || Tools::bring_in(&plan.families()))?;
    let scratch = tools.dir().to_owned();
    let (raw, markdown, plots) = if args.quick {
        let raw = scratch.join("quick.jsonl");
        let _ = fs::remove_file(&raw);
        (raw, scratch.join("RESULTS.md"), scratch.join("plots"))
    } else {
        let raw = args.append.clone().map_or_else(|| new_file(&results), Ok)?;
        (raw, workspace::root().join("benches/RESULTS.md"), results)
    };
    let failed = step("runs", || runs(args, &plan, &tools, &raw, &interrupt))?;
    step("report", || {
        report(std::slice::from_ref(&raw), &markdown, &plots, &tools)
    })?;
    if !failed.is_empty() {
        bail!("{} runs failed:\n  {}", failed.len(), failed.join("\n  "));
    }
    Ok(())
}

/// Runs the plan, and returns what failed, twice each.
fn runs(args: &Args, plan: &Plan, tools: &Tools, raw: &Path, interrupt: &Interrupt) -> Result<Vec<String>> {
    let mut file = open(raw)?;
    let first_round = next_round(raw)?;
    append(&mut file, &json!({ "environment": environment::of(tools)? }))?;
    let bench = Bench::start(tools, interrupt, args.quick, args.seconds)?;
    let mut progress = Progress::new(plan, args);
    let mut failed = Vec::new();
    for item in plan.in_order(args.rounds) {
        interrupt.check()?;
        progress.begin(&item);
        let row = bench.measure(&item).or_else(|error| {
            interrupt.check()?;
            progress.say(&format!("{}: {error:#}; once more", item.name()));
            bench.measure(&item)
        });
        interrupt.check()?;
        let row = row.unwrap_or_else(|error| json!({ "error": format!("{error:#}") }));
        let row = item.complete(row, first_round);
        append(&mut file, &row)?;
        progress.say(&progress.line(&item, &row));
        if let Some(error) = row["error"].as_str() {
            failed.push(format!("{}: {error}", item.name()));
        }
        progress.done(&item);
    }
    eprintln!("  raw data: {}", raw.display());
    Ok(failed)
}

/// Writes the Markdown file and the plots beside the raw data.
fn report(files: &[PathBuf], markdown: &Path, plots: &Path, tools: &Tools) -> Result<()> {
    let (environments, rows) = row::read(files)?;
    let plots = plots::draw(&rows, plots, markdown, tools)?;
    let text = markdown::write(&environments, &rows, &plots, files);
    fs::write(markdown, text).with_context(|| format!("cannot write {}", markdown.display()))?;
    eprintln!("  {}", markdown.display());
    Ok(())
}

fn new_file(results: &Path) -> Result<PathBuf> {
    fs::create_dir_all(results).with_context(|| format!("cannot create {}", results.display()))?;
    let now = Cmd::new("date").args(["-u", "+%Y-%m-%dT%H%M"]).probe();
    Ok(results
        .join(now.context("`date` does not run")?)
        .with_extension("jsonl"))
}

fn open(raw: &Path) -> Result<fs::File> {
    let file = OpenOptions::new().create(true).append(true).open(raw);
    file.with_context(|| format!("cannot write {}", raw.display()))
}

fn append(file: &mut fs::File, row: &Value) -> Result<()> {
    writeln!(file, "{row}").context("cannot write the raw data")
}

/// One more than the last round in `raw`.
fn next_round(raw: &Path) -> Result<u64> {
    let (_, rows) = row::read(&[raw.to_owned()])?;
    Ok(rows.iter().map(Row::round).max().unwrap_or(0) + 1)
}

/// Ten thousand sockets, in the load tool and in the server, want as many files.
fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        eprintln!("  cannot raise the limit of open files: {error}");
    }
}
