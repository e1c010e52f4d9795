//! A well-behaved client's 99th percentile, and the server's memory, while others attack.
//!
//! For each attack a server and attackers are started, both this program again, in processes of
//! their own. The client is this process; it measures the quiet server first.

use std::env;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use laureola_benches::attack::child::{self, MARKER};
use laureola_benches::attack::kind::Attack;
use laureola_benches::attack::probe;
use laureola_benches::attack::report::{self, Row};
use laureola_load::system::allow_open_files;
use laureola_testkit::rss_bytes;

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a process has open beside its connections, generously.
const OTHER_FILES: usize = 200;
/// Until the server's first connections and buffers are no longer news.
const WARM_UP: Duration = Duration::from_secs(1);

/// Measures what attacks do to a well-behaved client, and to the server's memory
#[derive(Debug, Parser)]
struct Options {
    /// How long the client is measured, quiet and attacked
    #[arg(long, value_name = "SECONDS", default_value_t = 8.0)]
    seconds: f64,

    /// Print the figures as JSON
    #[arg(long)]
    json: bool,

    /// Only attacks whose name contains this
    filter: Option<String>,

    /// Given by `cargo bench`; without it, as `cargo test` runs it, one attack and short
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
        Ok(role) => child::run(&role).map_err(|error| error.to_string()),
        Err(_) => {
            let options = Options::parse();
            if options.list { Ok(()) } else { measure(&options) }
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("attack: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), String> {
    let most = Attack::ALL.iter().map(|attack| attack.connections()).max();
    allow_open_files(most.unwrap_or_default() + OTHER_FILES)?;
    let time = if options.bench { options.seconds } else { 0.3 };
    let time = Duration::try_from_secs_f64(time).map_err(|error| format!("no time to measure: {error}"))?;
    let chosen = |attack: &Attack| match &options.filter {
        Some(filter) => attack.name().contains(filter),
        None => options.bench || *attack == Attack::RapidReset,
    };
    let attacks: Vec<_> = Attack::ALL.into_iter().filter(chosen).collect();
    let progress = progress(attacks.len() as u64);
    let mut rows = Vec::new();
    for attack in attacks {
        progress.set_message(attack.name());
        rows.push(under(attack, time).map_err(|error| format!("{}: {error}", attack.name()))?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    if options.json {
        print!("{}", report::json(&rows));
    } else {
        print!("{}", report::table(&rows));
    }
    Ok(())
}

fn under(attack: Attack, time: Duration) -> Result<Row, String> {
    let (server, port) = child::server()?;
    probe::run(port, WARM_UP.min(time))?;
    let quiet = probe::run(port, time)?;
    let rss_before = rss_bytes(server.pid());

    let ended = AtomicBool::new(false);
    let (attacked, rss_peak) = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0;
            while !ended.load(Relaxed) {
                peak = rss_bytes(server.pid()).max(peak);
                thread::sleep(Duration::from_millis(50));
            }
            peak
        });
        let attacked = child::attackers(attack, port).and_then(|attackers| {
            let seen = probe::run(port, time);
            drop(attackers);
            seen
        });
        ended.store(true, Relaxed);
        let peak = watch.join().map_err(|_| "the server has ended".to_owned());
        (attacked, peak)
    });
    Ok(Row {
        attack,
        quiet,
        attacked: attacked?,
        rss_before,
        rss_peak: rss_peak?,
        cap: attack.cap(),
    })
}

/// A bar on stderr, if that is a terminal.
fn progress(attacks: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} attacks, {eta} left: {msg}")
        .expect("a valid template");
    let progress = ProgressBar::new(attacks).with_style(style);
    progress.enable_steady_tick(Duration::from_secs(1));
    progress
}
