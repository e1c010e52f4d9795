//! `create-room`: a room for people with accounts.

use std::io::{self, Write as _};

use anyhow::{Result, anyhow};
use clap::Args;
use laureola_chat::manage::ManageError;
use laureola_chat::store::RoomError;

const AFTER_HELP: &str = "\
Examples:
  $ laureola chat create-room \"Tea room\"
  /rooms/tea-room/

  $ laureola chat create-room --slug tea 茶室

Servers that run show it at once. Guests who are in the open room of that name stay there until
they come back; a room that staff create on /admin/ has them leave at once.";

/// Create a room for people with accounts, and print its path
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct CreateRoom {
    /// What people call it
    name: String,

    /// What its URL calls it: ASCII letters, digits, hyphens and underscores [default: made of the name]
    #[arg(long)]
    slug: Option<String>,
}

impl CreateRoom {
    pub(super) async fn run(&self, database_url: &str) -> Result<()> {
        let management = super::open(database_url).await?;
        let created = management.create_room(&self.name, self.slug.as_deref()).await;
        management.close().await;
        let room = created.map_err(|error| match error {
            ManageError::Room(RoomError::Slug) if self.slug.is_none() => {
                anyhow!(
                    "no slug can be made of the name {:?}: give one with --slug",
                    self.name
                )
            }
            ManageError::Room(RoomError::Taken) => anyhow!("{error}: give another with --slug"),
            error => error.into(),
        })?;
        writeln!(io::stdout(), "/rooms/{}/", room.slug)?;
        Ok(())
    }
}
