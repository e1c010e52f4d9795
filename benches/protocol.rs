//! A native application's echo and hello beside a bare tokio-tungstenite echo and a bare hyper hello,
//! in one run.
//!
//! The servers are this program again, each in a process of its own; the clients are on one thread
//! of this one.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use laureola_benches::protocol::load::{self, Plan, Sample, Work};
use laureola_benches::protocol::report::{self, Row};
use laureola_benches::protocol::servers::{self, MARKER, Running, Subject};

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Compares a native application with the bare libraries
#[derive(Debug, Parser)]
struct Options {
    /// How many rounds; ours and the bare library take turns in each
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// How long each run is measured, after half a second of warm-up
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    seconds: f64,

    /// How many connections, each with one request or message under way
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    connections: u32,

    /// Print every round's figures as JSON
    #[arg(long)]
    json: bool,

    /// Only this: hello or echo
    filter: Option<String>,

    /// Given by `cargo bench`; without it, as `cargo test` runs it, one very short round
    #[arg(long, hide = true)]
    bench: bool,

    /// Given to test binaries to learn their tests: this one has none to choose from
    #[arg(long, hide = true)]
    list: bool,

    #[arg(long, hide = true)]
    format: Option<String>,

    #[arg(long, hide = true)]
    ignored: bool,
}

fn main() -> ExitCode {
    let outcome = match env::var(MARKER) {
        Ok(name) => Subject::named(&name)
            .ok_or_else(|| format!("{MARKER}={name} names no server"))
            .and_then(|subject| servers::serve(subject).map_err(|error| error.to_string())),
        Err(_) => {
            let options = Options::parse();
            if options.list { Ok(()) } else { compare(&options) }
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("protocol: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> Result<(), String> {
    let smoke = !options.bench;
    let seconds = |seconds: f64| {
        Duration::try_from_secs_f64(seconds).map_err(|error| format!("no time to measure: {error}"))
    };
    let plan = Plan {
        connections: if smoke { 4 } else { options.connections as usize },
        warm_up: seconds(if smoke { 0.1 } else { 0.5 })?,
        measured: seconds(if smoke { 0.2 } else { options.seconds })?,
    };
    let rounds = if smoke { 1 } else { options.rounds };
    let chosen = |work: Work| {
        options
            .filter
            .as_ref()
            .is_none_or(|filter| work.name().contains(filter))
    };
    let mut rows: Vec<_> = [(Work::Hello, Subject::Hyper), (Work::Echo, Subject::Tungstenite)]
        .into_iter()
        .filter(|(work, _)| chosen(*work))
        .map(|(work, peer)| Row {
            work,
            peer,
            ours: Vec::new(),
            theirs: Vec::new(),
        })
        .collect();
    let progress = progress(u64::from(rounds) * 2 * rows.len() as u64);
    for round in 0..rounds {
        for row in &mut rows {
            let mut both = [(Subject::Ours, &mut row.ours), (row.peer, &mut row.theirs)];
            // Whatever the first of two has of the machine, each has it in turn.
            if round % 2 == 1 {
                both.reverse();
            }
            for (subject, samples) in both {
                progress.set_message(format!("{} of {}", row.work.name(), subject.name()));
                samples.push(sample(subject, row.work, plan)?);
                progress.inc(1);
            }
        }
    }
    progress.finish_and_clear();
    if options.json {
        print!("{}", report::json(&rows));
    } else {
        print!("{}", report::table(&rows));
    }
    Ok(())
}

fn sample(subject: Subject, work: Work, plan: Plan) -> Result<Sample, String> {
    let server = Running::start(subject)?;
    load::run(server.port(), server.pid(), work, plan)
}

/// A bar on stderr, if that is a terminal.
fn progress(runs: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {eta} left: {msg}")
        .expect("a valid template");
    ProgressBar::new(runs).with_style(style)
}
