//! `laureola layer …`: an operator's look inside a channel layer.
//!
//! It takes the flags the server takes (`--channel-layer`, `--layer-config`, …) and speaks to Redis
//! as one more process of the layer. What it finds goes to stdout, as a table or with `--json`;
//! everything else to stderr. A file a subcommand; besides them `output` (tables and JSON), `opened`
//! (the layer as an inspector needs it) and `duration` (`30s`, `24h`).

mod depth;
mod duration;
mod flush;
mod gc;
mod groups;
mod members;
mod message;
mod opened;
mod output;
mod ping;
mod send;
mod tail;

use std::io;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use laureola::layers::NameError;
use laureola::{ChannelName, GroupName};
use tokio::runtime::Builder;

use self::output::Output;
use crate::layer::{Backend, Choice, LayerArgs};

const AFTER_HELP: &str = "\
Examples:
  laureola layer --channel-layer redis://cache groups
  laureola layer --layer-config layers.toml members chat_lobby
  laureola layer --channel-layer redis://cache tail chat_lobby --json | jq .message

Give the same layer flags as to the server. A Python process with channels_redis, the same hosts
and the same prefix is in the same layer.";

/// The arguments of `laureola layer`.
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP, disable_help_subcommand = true)]
pub struct LayerCommand {
    /// Print JSON instead of tables: one value, or with tail one message a line
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    Ping(ping::Ping),
    Groups(groups::Groups),
    Members(members::Members),
    Depth(depth::Depth),
    Send(send::Send),
    GroupSend(send::GroupSend),
    Tail(tail::Tail),
    Gc(gc::Gc),
    Flush(flush::Flush),
}

/// Does what the command line says.
///
/// # Errors
/// The layer cannot be opened or asked, or cannot tell. A reader of our output that goes away is
/// none.
pub fn run(command: &LayerCommand, layer: &LayerArgs) -> Result<()> {
    let choice = layer.choice()?;
    if let Backend::Memory(_) = choice.backend {
        bail!(
            "{} lives inside the server's process, where nobody else can look: name a layer through Redis, \
             as in --channel-layer redis://HOST, and give the server the same",
            choice.name
        );
    }
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let mut output = Output::new(command.json);
    let done = runtime.block_on(command.action.run(choice, &mut output));
    match done {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        done => done,
    }
}

impl Action {
    async fn run(&self, choice: Choice, output: &mut Output) -> Result<()> {
        match self {
            Self::Ping(ping) => ping.run(&choice, output).await,
            Self::Groups(groups) => groups.run(choice, output).await,
            Self::Members(members) => members.run(choice, output).await,
            Self::Depth(depth) => depth.run(choice, output).await,
            Self::Send(send) => send.run(choice, output).await,
            Self::GroupSend(send) => send.run(choice, output).await,
            Self::Tail(tail) => tail.run(choice, output).await,
            Self::Gc(gc) => gc.run(choice, output).await,
            Self::Flush(flush) => flush.run(choice, output).await,
        }
    }
}

fn channel(name: &str) -> Result<ChannelName, NameError> {
    ChannelName::new(name)
}

fn group(name: &str) -> Result<GroupName, NameError> {
    GroupName::new(name)
}

/// Whoever read our output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
