//! From arguments to an exit status.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use crate::cli::{Cli, Common, Scenario};
use crate::errors::LoadError;
use crate::outcome::Outcome;
use crate::report::report;
use crate::{scenario, summary};

const NOT_ALL_CONNECTED: u8 = 3;
const DISTURBED: u8 = 4;

/// Does what the command line says, writes the outcome, and returns the exit status; `laureola-load --help` has
/// them all.
///
/// # Errors
/// [`LoadError`]: nothing came of it.
pub fn run(cli: Cli) -> Result<ExitCode, LoadError> {
    match cli.scenario {
        Scenario::Fanout(args) => finish(&scenario::fanout(&args)?, &args.common),
        Scenario::Echo(args) => finish(&scenario::echo(&args)?, &args.common),
        Scenario::Hello(args) => finish(&scenario::hello(&args)?, &args.common),
        Scenario::Idle(args) => finish(&scenario::idle(&args)?, &args.common),
        Scenario::Churn(args) => finish(&scenario::churn(&args)?, &args.common),
        Scenario::Burst(args) => finish(&scenario::burst(&args)?, &args.common),
        Scenario::Report(args) => report(&args).map(|()| ExitCode::SUCCESS),
    }
}

fn finish(outcome: &Outcome, common: &Common) -> Result<ExitCode, LoadError> {
    let line = serde_json::to_string(outcome).expect("an outcome is plain data") + "\n";
    let to_stdout = common.json.as_deref() == Some(Path::new("-"));
    match &common.json {
        Some(_) if to_stdout => io::stdout().write_all(line.as_bytes())?,
        Some(file) => fs::write(file, line)
            .map_err(|error| LoadError::Usage(format!("cannot write {}: {error}", file.display())))?,
        None => {}
    }
    if !common.quiet {
        let text = summary::summary(outcome);
        if to_stdout {
            io::stderr().write_all(text.as_bytes())?;
        } else {
            io::stdout().write_all(text.as_bytes())?;
        }
    }
    Ok(if outcome.connected < outcome.connections {
        ExitCode::from(NOT_ALL_CONNECTED)
    } else if common.strict && outcome.disturbed {
        ExitCode::from(DISTURBED)
    } else {
        ExitCode::SUCCESS
    })
}
