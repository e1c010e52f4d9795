//! `demo`: users and a room to try the chat with.

use std::io::{self, Write as _};

use anyhow::{Context, Result};
use clap::Args;
use laureola_chat::manage::{Management, demo};

const AFTER_HELP: &str = "\
Example:
  $ laureola chat demo
  user   ada    password ktq6c-8vjxn-w3mpe-y5rfh
  user   grace  password b2nsd-mz7kg-4xcue-qhp9t
  room   /rooms/demo/
  $ laureola

Log in as ada in one browser and as grace in another. The passwords are made, and shown this once;
nobody else has them. Run again, it changes nothing and says what is there. Neither user is staff:
for the pages below /admin/ there is createsuperuser.";

/// Create two users, whose made passwords are printed once, and a room
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Demo {}

impl Demo {
    pub(super) async fn run(&self, database_url: &str) -> Result<()> {
        let management = super::open(database_url).await?;
        let done = make(&management).await;
        management.close().await;
        done
    }
}

async fn make(management: &Management) -> Result<()> {
    let mut stdout = io::stdout();
    for username in demo::USERS {
        let line = match management.demo_user(username).await? {
            Some(password) => format!("user   {username:<5}  password {}", *password),
            None => format!("user   {username:<5}  is there already, with the password that it has"),
        };
        // At once: whatever fails later, a password that was made has been shown.
        writeln!(stdout, "{line}")
            .and_then(|()| stdout.flush())
            .context("cannot print a password that was made")?;
    }
    let (room, is_new) = management.demo_room().await?;
    let there = if is_new { "" } else { "  is there already" };
    writeln!(stdout, "room   /rooms/{}/{there}", room.slug)?;
    Ok(())
}
