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
//! - [`layer`]: `--channel-layer`, `--layer-config` and what they open
//! - [`layer_command`]: `laureola layer …`, an operator's look inside a layer
//! - `chat_command`: `laureola chat …`, where the chat is built in
//! - [`check`](mod@check), [`completions`]: `laureola check`, `laureola completions`
//! - [`worker_command`]: `laureola worker CHANNEL…`
//! - [`serve`]: the run path: layer, plugins, server, and their end
//! - [`hosting`]: the same around an application of Python's
//! - `observing`, `admin`: access log, metrics, and the address they are read at
//! - `control`: the main thread, which stops it all; `signals`: SIGINT, SIGTERM and SIGHUP;
//!   `service`: systemd; `open_files`: their limit
//! - `workers`: `--workers`, the parent; `parent`: a worker's line to it
//! - `logging`: what goes to stderr
//!
//! Exit status: 0 after SIGINT or SIGTERM, 2 for bad usage, 1 for everything else that keeps the
//! server from starting or ends it, or a subcommand from its work; then one line on stderr says what.

mod admin;
pub mod args;
#[cfg(feature = "chat")]
pub mod chat_command;
pub mod check;
pub mod completions;
mod control;
pub mod hosting;
pub mod layer;
pub mod layer_command;
pub mod logging;
mod observing;
mod open_files;
#[cfg(feature = "otel")]
mod otel;
mod parent;
mod places;
pub mod serve;
mod service;
mod signals;
pub mod worker_command;
mod workers;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches};
use laureola::Plugins;

use crate::args::{Args, Command, ServeArgs};
use crate::hosting::{Host, Serve};
use crate::layer::LayerArgs;

/// Parses the process's arguments, serves `plugins` or does what a subcommand says, and returns the
/// exit status. `name` is the command's name in `--help` and in errors.
#[must_use]
pub fn run(name: &'static str, plugins: Plugins) -> ExitCode {
    run_from(name, plugins, std::env::args_os())
}

/// The same for plugins whose settings stand on the command line, as the built-in chat's do.
#[must_use]
pub fn run_with(
    name: &'static str,
    plugins: impl FnOnce(&ServeArgs, &LayerArgs) -> anyhow::Result<Plugins>,
) -> ExitCode {
    run_all(name, plugins, std::env::args_os().collect(), None).into()
}

/// The same with a [`Host`] for the application that the command line names, and with `argv`; the first one is the
/// command's, and counts for nothing. Returns the exit status as a number: the process is the host's to end.
#[must_use]
pub fn run_hosted(
    name: &'static str,
    plugins: impl FnOnce(&ServeArgs, &LayerArgs) -> anyhow::Result<Plugins>,
    argv: Vec<OsString>,
    host: &dyn Host,
) -> u8 {
    run_all(name, plugins, argv, Some(host))
}

/// The same for arguments of your own; the first one is the command's, and counts for nothing.
#[must_use]
pub fn run_from<A>(name: &'static str, plugins: Plugins, args: impl IntoIterator<Item = A>) -> ExitCode
where
    A: Into<OsString>,
{
    run_all(
        name,
        |_, _| Ok(plugins),
        args.into_iter().map(Into::into).collect(),
        None,
    )
    .into()
}

fn run_all(
    name: &'static str,
    plugins: impl FnOnce(&ServeArgs, &LayerArgs) -> anyhow::Result<Plugins>,
    argv: Vec<OsString>,
    host: Option<&dyn Host>,
) -> u8 {
    let mut command = Args::command().name(name).bin_name(name);
    let args = command
        .try_get_matches_from_mut(&argv)
        .and_then(|matches| Args::from_arg_matches(&matches));
    let args = args.and_then(|args| match args.check(host.is_some()) {
        Ok(()) => Ok(args),
        Err(why) => Err(command.error(ErrorKind::ArgumentConflict, why)),
    });
    let args = match args {
        Ok(args) => args,
        Err(error) => return args::report(name, &error),
    };
    let done = match &args.command {
        None => plugins(&args.serve, &args.layer).and_then(|plugins| serve(name, &args, argv, plugins, host)),
        Some(Command::Layer(command)) => layer_command::run(command, &args.layer),
        Some(Command::Check(command)) => plugins(&command.serve, &args.layer)
            .and_then(|plugins| check::run(command, &args.layer, &plugins)),
        Some(Command::Completions(command)) => completions::run(command, name),
        #[cfg(feature = "chat")]
        Some(Command::Chat(command)) => chat_command::run(command),
        Some(Command::Worker(command)) => {
            logging::start(command.logging.verbosity, &command.logging.log_fmt);
            plugins(&args.serve, &args.layer)
                .and_then(|plugins| worker_command::run(command, &args.layer, &plugins))
        }
    };
    match done {
        Ok(()) => 0,
        Err(error) => {
            // One line, whatever the chain: it ends up in a service manager's log.
            eprintln!("{name}: {error:#}");
            1
        }
    }
}

fn serve(
    name: &str,
    args: &Args,
    argv: Vec<OsString>,
    plugins: Plugins,
    host: Option<&dyn Host>,
) -> anyhow::Result<()> {
    let logging = &args.serve.logging;
    #[cfg(feature = "otel")]
    let exporting = {
        let endpoint = args.serve.observe.otel_endpoint.as_deref();
        endpoint
            .map(|endpoint| otel::Exporting::start(endpoint, name))
            .transpose()?
    };
    #[cfg(feature = "otel")]
    logging::start_with(
        logging.verbosity,
        &logging.log_fmt,
        exporting.as_ref().map(otel::Exporting::layer),
    );
    #[cfg(not(feature = "otel"))]
    let _ = name;
    #[cfg(not(feature = "otel"))]
    logging::start(logging.verbosity, &logging.log_fmt);
    open_files::raise();
    let processes = &args.serve.processes;
    if processes.are_supervised() && processes.worker.is_none() {
        let program = match host {
            Some(host) => host.program(),
            None => workers::this_program()?,
        };
        workers::run(args, program, argv.into_iter().skip(1).collect())
    } else {
        match (host, &args.serve.application) {
            (Some(host), Some(application)) => host.serve(application, Serve::new(args.clone(), plugins)),
            _ => serve::run(args, plugins),
        }
    }
}
