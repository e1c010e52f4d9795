//! `laureola chat …`: what an operator does to the chat's database, whether or not a server runs on it.
//!
//! What was asked for goes to stdout, everything else to stderr. A file a subcommand; besides them `terminal` (questions
//! and answers, some of them secret) and `destination` (where an export goes).

mod demo;
mod destination;
mod export;
mod room;
mod superuser;
mod terminal;

use std::io;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use laureola_chat::manage::{ManageError, Management};
use tokio::runtime::Builder;

use crate::args::SiteArgs;

const AFTER_HELP: &str = "\
Examples:
  laureola chat createsuperuser                 asks for a name, an address and a password
  laureola chat create-room \"Tea room\"          it is at /rooms/tea-room/ then
  laureola chat demo                            two users and a room to try the chat with
  laureola chat export tea-room > tea.jsonl     everything that was said there

Give the same --database-url as to the server, which may run meanwhile; without one it is
chat.sqlite3 in this directory. Others on this machine can see a password in a URL; one in
~/.pgpass is found as well. These commands need no secret key.";

/// The arguments of `laureola chat`.
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP, disable_help_subcommand = true, mut_args(|arg| arg.global(true)))]
pub struct ChatCommand {
    /// The database; given before or behind the subcommand.
    #[command(flatten)]
    site: SiteArgs,

    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    #[command(name = "createsuperuser")]
    CreateSuperuser(superuser::CreateSuperuser),
    CreateRoom(room::CreateRoom),
    Demo(demo::Demo),
    Export(export::Export),
}

/// Does what the command line says.
///
/// # Errors
/// The database cannot be used, or what is asked for cannot be. A reader of our output that goes away is none.
pub fn run(command: &ChatCommand) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the runtime")?;
    let done = runtime.block_on(command.action.run(&command.site.database_url));
    // Somebody may have been asked something that nobody waits for any more.
    runtime.shutdown_background();
    match done {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        done => done,
    }
}

impl Action {
    async fn run(&self, database_url: &str) -> Result<()> {
        match self {
            Self::CreateSuperuser(create) => create.run(database_url).await,
            Self::CreateRoom(create) => create.run(database_url).await,
            Self::Demo(demo) => demo.run(database_url).await,
            Self::Export(export) => export.run(database_url).await,
        }
    }
}

/// Opens the database, which is made if it is not there: whoever is in the wrong directory should see that.
async fn open(database_url: &str) -> Result<Management, ManageError> {
    let management = Management::open(database_url).await?;
    if management.was_made() {
        eprintln!("made the database {}", management.place());
    }
    Ok(management)
}

/// Whoever read our output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
