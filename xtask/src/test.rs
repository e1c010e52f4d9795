//! `cargo xtask test`: the test command.

use std::time::Instant;

use anyhow::Result;

use crate::command::Cmd;
use crate::peers::Peers;
use crate::step::{heading, step};
use crate::tally::Tally;
use crate::wheel;

/// Arguments of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Given to the test runner as they are (cargo-nextest where it is installed, else cargo test).
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FILTER")]
    rest: Vec<String>,
}

/// What runs the tests.
#[derive(Clone, Copy)]
enum Runner {
    Nextest,
    CargoTest,
}

/// Runs the steps; the tests come last, so that the runner's summary closes the output.
pub(crate) fn run(args: &Args) -> Result<()> {
    let peers = step("peers", Peers::bring_in)?;
    let runner = Runner::installed();
    if !args.rest.is_empty() {
        return runner.run(&args.rest, &peers);
    }
    step("build", || runner.build().run())?;
    // In the profile of the tests, whose dependencies are built already; `cargo bench` would optimize everything. And all
    // targets: asked for libraries alone, cargo leaves out what only tests want of their dependencies, and builds
    // half of these anew.
    step("the extension module and the benches", || {
        workspace("build").arg("--all-targets").run()
    })?;
    let python = step("the wheel", || wheel::install("debug", &peers))?;
    // The tests run even if an example of the documentation fails: one run tells everything.
    let examples = step("documentation examples", || {
        workspace("test")
            .args(["--doc", "--no-fail-fast"])
            .envs(&peers.variables())
            .run()
    });
    let pytest = step("pytest of the wheel", || wheel::pytest(&python, &peers));
    runner.run(&[], &peers).and(examples).and(pytest)
}

impl Runner {
    fn installed() -> Self {
        match Cmd::cargo().args(["nextest", "--version"]).probe() {
            Some(_) => Self::Nextest,
            None => Self::CargoTest,
        }
    }

    fn build(self) -> Cmd {
        match self {
            // What both build by default includes the examples.
            Self::Nextest => {
                Cmd::cargo().args(["nextest", "run", "--workspace", "--all-features", "--no-run"])
            }
            Self::CargoTest => workspace("test").arg("--no-run"),
        }
    }

    fn run(self, rest: &[String], peers: &Peers) -> Result<()> {
        heading("tests");
        let begin = Instant::now();
        let chooses_package = rest
            .iter()
            .any(|arg| arg.starts_with("-p") || arg.starts_with("--package"));
        let scope = if chooses_package {
            &[]
        } else {
            &["--workspace"][..]
        };
        let base = match self {
            Self::Nextest => Cmd::cargo().args(["nextest", "run"]),
            Self::CargoTest => Cmd::cargo().args(["test", "--tests"]),
        };
        let command = base
            .args(scope)
            .args(["--all-features", "--no-fail-fast"])
            .args(rest)
            .envs(&peers.variables());
        match self {
            Self::Nextest => command.run(),
            Self::CargoTest => {
                let mut tally = Tally::default();
                let result = command.run_and_read(|line| tally.add(line));
                println!("Summary [{:.1} s] {tally}", begin.elapsed().as_secs_f64());
                result
            }
        }
    }
}

/// `cargo <command>` for everything in the workspace; a test behind a feature must not be forgotten.
fn workspace(command: &str) -> Cmd {
    Cmd::cargo().arg(command).args(["--workspace", "--all-features"])
}
