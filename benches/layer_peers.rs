//! Deliveries per second through Redis, ours beside channels_redis in one run: core and pub/sub, 1,
//! 100 and 1,000 members in one process, no sockets; and what a group send costs Redis by the number
//! of members.
//!
//! Both have a receiving and a sending process; ours are this program again.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use laureola_benches::layer_peers::job::{Job, Kind, Role};
use laureola_benches::layer_peers::pair::{MARKER, Sample, Side, measure};
use laureola_benches::layer_peers::report::{self, Row};
use laureola_benches::layer_peers::{child, membership};
use laureola_testkit::RedisServer;
use serde::Deserialize;

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const MEMBERS: [u32; 3] = [1, 100, 1_000];
/// Far above what can wait at once, so that nothing is dropped.
const CAPACITY: u32 = 10_000;

/// Measures our Redis layers beside channels_redis
#[derive(Debug, Parser)]
struct Options {
    /// One short round [default without --bench, as `cargo test` runs it, with few members]
    #[arg(long)]
    quick: bool,

    /// How many rounds; ours and channels_redis take turns in each
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// How long each run is measured, after a second of warm-up
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0)]
    seconds: f64,

    /// How many group messages are on their way at a time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=256))]
    window: u32,

    /// Write every round's figures to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Only what contains this: core/1, core/100, core/1000, pubsub/…, group-send
    filter: Option<String>,

    /// Given by `cargo bench`
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

/// What one of our own processes is told.
#[derive(Debug, Deserialize)]
struct Task {
    role: Role,
    job: Job,
}

fn main() -> ExitCode {
    let outcome = match env::var(MARKER) {
        Ok(task) => serde_json::from_str(&task)
            .map_err(Into::into)
            .and_then(|Task { role, job }| child::run(role, &job))
            .map_err(|error| error.to_string()),
        Err(_) => {
            let options = Options::parse();
            if options.list { Ok(()) } else { compare(&options) }
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("layer_peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> Result<(), String> {
    let smoke = !options.bench;
    let quick = options.quick || smoke;
    let redis = RedisServer::start();
    let reference = Side::Reference(laureola_testkit::python());
    let job = Job {
        layer: Kind::Core,
        url: redis.url(),
        members: 1,
        window: options.window,
        capacity: CAPACITY,
        warm_up: if quick { 0.2 } else { 1.0 },
        seconds: if quick { 0.3 } else { options.seconds },
        burst: 0,
        by_process: false,
    };
    let rounds = if quick { 1 } else { options.rounds };
    let members = if smoke { &MEMBERS[..2] } else { &MEMBERS };
    let chosen = |name: &str| options.filter.as_ref().is_none_or(|filter| name.contains(filter));

    let mut rows: Vec<_> = [Kind::Core, Kind::PubSub]
        .into_iter()
        .flat_map(|layer| members.iter().map(move |&members| (layer, members)))
        .filter(|(layer, members)| chosen(&format!("{layer}/{members}")))
        .map(|(layer, members)| Row {
            layer,
            members,
            ours: Vec::new(),
            reference: Vec::new(),
        })
        .collect();
    let group_sends = if chosen("group-send") {
        membership::runs(quick)
    } else {
        Vec::new()
    };
    let progress = progress(u64::from(rounds) * (2 * rows.len() + group_sends.len()) as u64);
    let mut costs = Vec::new();
    for round in 0..rounds {
        for row in &mut rows {
            let job = Job {
                layer: row.layer,
                members: row.members,
                ..job.clone()
            };
            let run = |side: &Side, samples: &mut Vec<Sample>| -> Result<(), String> {
                progress.set_message(format!("{} {}", row.layer, row.members));
                samples.push(measure(side, &job, &redis)?);
                progress.inc(1);
                Ok(())
            };
            // Who comes first changes with the round.
            if round % 2 == 0 {
                run(&Side::Ours, &mut row.ours)?;
                run(&reference, &mut row.reference)?;
            } else {
                run(&reference, &mut row.reference)?;
                run(&Side::Ours, &mut row.ours)?;
            }
        }
        for &(membership, members) in &group_sends {
            progress.set_message(format!("group send, {membership} {members}"));
            costs.push(membership::cost(membership, members, &job, &redis)?);
            progress.inc(1);
        }
    }
    progress.finish_and_clear();

    print!("{}", report::table(&rows, &report::merge(&costs)));
    let Some(file) = &options.json else {
        return Ok(());
    };
    fs::write(file, report::json(&rows, &costs))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}

/// A bar on stderr, if that is a terminal.
fn progress(runs: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {eta} left: {msg}")
        .expect("a valid template");
    ProgressBar::new(runs).with_style(style)
}
