//! `cargo xtask test`: the test command.

use anyhow::Result;

use crate::command::Cmd;
use crate::peers::Peers;
use crate::step::step;

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
        return step("tests", || runner.run(&args.rest).envs(&peers.variables()).run());
    }
    step("build", || runner.build().run())?;
    step("benches compile", || cargo("check").arg("--benches").run())?;
    // The tests run even if an example of the documentation fails: one run tells everything.
    let examples = step("documentation examples", || {
        cargo("test")
            .args(["--doc", "--no-fail-fast"])
            .envs(&peers.variables())
            .run()
    });
    step("tests", || runner.run(&[]).envs(&peers.variables()).run()).and(examples)
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
            Self::Nextest => cargo("nextest").args(["run", "--no-run"]),
            Self::CargoTest => cargo("test").args(["--all-targets", "--no-run"]),
        }
    }

    fn run(self, rest: &[String]) -> Cmd {
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
            Self::CargoTest => Cmd::cargo().args(["test", "--lib", "--bins", "--tests", "--examples"]),
        };
        base.args(scope)
            .args(["--all-features", "--no-fail-fast"])
            .args(rest)
    }
}

/// `cargo <command>` for everything in the workspace; a test behind a feature must not be forgotten.
fn cargo(command: &str) -> Cmd {
    Cmd::cargo().arg(command).args(["--workspace", "--all-features"])
}
