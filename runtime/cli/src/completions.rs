//! `laureola completions SHELL`: the flags, for a shell's Tab key.

use std::io;

use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Args as AllArgs;

const AFTER_HELP: &str = "\
Examples:
  laureola completions bash > /etc/bash_completion.d/laureola
  laureola completions zsh > \"${fpath[1]}/_laureola\"
  laureola completions fish > ~/.config/fish/completions/laureola.fish";

/// The arguments of `laureola completions`.
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct CompletionsCommand {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Writes the script to stdout.
///
/// # Errors
/// It cannot be written.
pub(crate) fn run(command: &CompletionsCommand, name: &'static str) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut AllArgs::command(), name, &mut script);
    io::Write::write_all(&mut io::stdout(), &script).context("cannot write to stdout")
}
