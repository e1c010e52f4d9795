//! `flush`: forget everything.

use std::io::{self, IsTerminal};

use anyhow::{Context, Result, bail};
use clap::Args;
use laureola::layers::ChannelLayer;
use serde_json::json;

use super::opened::Opened;
use super::output::Output;
use crate::layer::{Backend, Choice};

const AFTER_HELP: &str = "\
Example:
  $ laureola layer --channel-layer redis://cache flush
  This forgets every group and every message of redis://cache:6379/0, whoever waits for them:
  all keys that begin with \"asgi\". Type the prefix to go on: asgi
  flushed asgi

Open sockets stay open. Those of our servers are in their groups again with the next heartbeat, a few
seconds later; those of Python are in none until they join again. Mind prefixes that begin alike:
flushing \"asgi\" takes the keys of \"asgi2\" as well. A layer without a prefix is flushed on a
terminal only, since that takes every key of the database.";

/// Delete every key of the layer: all groups and all messages; asks first
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Flush {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Flush {
    pub(super) async fn run(&self, choice: Choice, output: &mut Output) -> Result<()> {
        if let Backend::PubSub(_) = choice.backend {
            bail!("flush: a pub/sub layer keeps nothing in Redis, so there is nothing to delete");
        }
        let prefix = choice.prefix.clone();
        if !self.yes {
            ask(&choice)?;
        } else if prefix.is_empty() {
            bail!(
                "flush: the layer has no prefix, so that would be every key of the database: give no --yes, \
                 and answer on a terminal"
            );
        }
        let layer = Opened::new(choice).await?;
        let flushed = match layer.core("flush") {
            Ok(core) => core.flush().await.map_err(Into::into),
            Err(error) => Err(error),
        };
        layer.close().await;
        flushed?;
        Ok(output.done(
            &json!({ "flushed": true, "prefix": prefix }),
            &format!("flushed {prefix}"),
        )?)
    }
}

/// Nothing is open yet: whoever answers may take a while.
fn ask(choice: &Choice) -> Result<()> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        bail!("flush asks first, and stdin is no terminal: give --yes if it is meant");
    }
    let Choice { name, prefix, .. } = choice;
    // Without a prefix a bare Enter must not do.
    let (keys, wanted, expected) = if prefix.is_empty() {
        let keys = "there is no prefix, so that is EVERY key of the database".to_owned();
        (keys, "\"every key\"", "every key")
    } else {
        (
            format!("all keys that begin with {prefix:?}"),
            "the prefix",
            &**prefix,
        )
    };
    eprint!(
        "This forgets every group and every message of {name}, whoever waits for them:\n\
         {keys}. Type {wanted} to go on: "
    );
    let mut answer = String::new();
    stdin.read_line(&mut answer).context("cannot read the answer")?;
    if answer.trim_end_matches(['\r', '\n']) != expected {
        bail!("flush: that is not {wanted}; nothing was deleted");
    }
    Ok(())
}
