//! The `laureola` command as a library: one parser and one run path for our binary and for yours.
//!
//! A binary of your own names its plugins and hands over:
//!
//! ```no_run
//! use laureola::Plugins;
//!
//! fn main() -> std::process::ExitCode {
//!     laureola_cli::run("mysite", Plugins::new())
//! }
//! ```
//!
//! # Layout
//! - [`args`]: the command line
//! - [`layer`]: `--channel-layer` and what it opens
//! - [`serve`]: the run path: layer, plugins, server, and their end
//! - `signals`: SIGINT and SIGTERM
//! - `logging`: what goes to stderr
//!
//! Exit status: 0 after SIGINT or SIGTERM, 2 for bad usage, 1 for everything else that keeps the
//! server from starting or ends it; then one line on stderr says what.

pub mod args;
pub mod layer;
mod logging;
pub mod serve;
mod signals;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use laureola::Plugins;

use crate::args::Args;

/// Parses the process's arguments, serves `plugins`, and returns the exit status. `name` is the
/// command's name in `--help` and in errors.
#[must_use]
pub fn run(name: &'static str, plugins: Plugins) -> ExitCode {
    let command = Args::command().name(name).bin_name(name);
    let args = command
        .try_get_matches()
        .and_then(|matches| Args::from_arg_matches(&matches));
    let args = match args {
        Ok(args) => args,
        Err(error) => return args::report(name, &error),
    };
    logging::start(args.verbosity);
    match serve::run(&args, plugins) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line, whatever the chain: it ends up in a service manager's log.
            eprintln!("{name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}
