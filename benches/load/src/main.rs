//! `laureola-load --help`.

use std::process::ExitCode;

use clap::Parser as _;
use laureola_load::cli::Cli;

fn main() -> ExitCode {
    match laureola_load::run(Cli::parse()) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
