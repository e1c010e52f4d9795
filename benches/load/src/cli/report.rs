//! `laureola-load report`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Arguments of `report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// In which form.
    #[command(subcommand)]
    pub form: Form,
}

/// Forms of a report.
#[derive(Clone, Debug, Subcommand)]
pub enum Form {
    /// Markdown tables: one for each case, a row for each label, medians with the least and the most.
    Table(TableArgs),
    /// A bar chart as SVG: a panel for each case, a bar for each label, whiskers from the least to the most.
    Plot(PlotArgs),
}

/// What is reported on.
#[derive(Args, Clone, Debug)]
pub struct Runs {
    /// Files with outcomes, as --json writes them; any number of objects in each.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Only cases with this in their name, such as '1 × 1000' (repeatable: all of them).
    #[arg(long, value_name = "TEXT")]
    pub only: Vec<String>,
}

/// Arguments of `report table`.
#[derive(Args, Clone, Debug)]
pub struct TableArgs {
    /// What is reported on.
    #[command(flatten)]
    pub runs: Runs,
    /// Write there instead of to standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Arguments of `report plot`.
#[derive(Args, Clone, Debug)]
pub struct PlotArgs {
    /// What is reported on.
    #[command(flatten)]
    pub runs: Runs,
    /// The SVG.
    #[arg(long, value_name = "FILE.svg")]
    pub out: PathBuf,
    /// What the bars show.
    #[arg(long, value_enum, default_value_t = Metric::PerCpu)]
    pub metric: Metric,
    /// Each step of the axis is ten times the one before.
    #[arg(long)]
    pub log: bool,
    /// Labels with this in them get a colour of their own.
    #[arg(long, value_name = "TEXT")]
    pub highlight: Option<String>,
    /// Above the chart; what the bars show if not given.
    #[arg(long, value_name = "TEXT")]
    pub title: Option<String>,
}

/// What a bar shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Metric {
    /// Deliveries (answers, connects) per second.
    Rate,
    /// Deliveries per second of the server's CPU time.
    PerCpu,
    /// The median latency.
    P50,
    /// The 99th percentile of the latency.
    P99,
    /// Resident memory of the server for each connection.
    Memory,
    /// Connects per second of the server's CPU time.
    Connects,
}
