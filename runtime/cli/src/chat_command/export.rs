//! `export`: everything that was said in a room.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use laureola_chat::manage::Management;
use laureola_chat::manage::export::Extent;
use laureola_chat::store::Room;

use super::destination::Destination;
use super::terminal::until_cancelled;

const AFTER_HELP: &str = "\
Examples:
  $ laureola chat export tea-room > tea.jsonl
  $ laureola chat export \"Tea room\" --output tea.jsonl
  exported 48213 messages of Tea room to tea.jsonl
  $ laureola chat export tea-room | jq -r '\"\\(.username): \\(.message)\"'

A message is one line of JSON, the oldest first:
  {\"id\":17,\"username\":\"ada\",\"message\":\"hello\",\"at\":1763790000.1235}
where at is seconds since 1970. What is said while it runs is not in it. A file is replaced once the
new one is whole. However much there is, little memory is needed.";

/// Print everything that was said in a room, as lines of JSON
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Export {
    /// The room, by its slug or its name
    room: String,

    /// Write to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) async fn run(&self, database_url: &str) -> Result<()> {
        let management = Management::open_existing(database_url).await?;
        let exporting = self.export(&management);
        // A pipe nobody reads from would keep us from seeing a signal, and there is nothing to clear away.
        let done = if self.output.is_some() {
            until_cancelled(exporting).await
        } else {
            exporting.await
        };
        management.close().await;
        done
    }

    async fn export(&self, management: &Management) -> Result<()> {
        let room = management.room(&self.room).await?;
        let mut destination = Destination::open(self.output.as_deref())?;
        let extent = management.extent(&room).await?;
        let progress = self.progress(extent);
        let written = write(management, &room, extent, &mut destination, &progress).await;
        progress.finish_and_clear();
        let Some(file) = &self.output else {
            written?;
            return Ok(destination.finish()?);
        };
        let file = file.display();
        let messages = match written {
            Err(error) if error.is::<io::Error>() => Err(error.context(format!("cannot write to {file}"))),
            other => other,
        }?;
        let finished = destination.finish();
        finished.with_context(|| format!("cannot write to {file}"))?;
        eprintln!("exported {messages} messages of {} to {file}", room.name);
        Ok(())
    }

    /// On stderr, if it is a terminal, and the messages do not go to the same.
    fn progress(&self, extent: Extent) -> ProgressBar {
        let target = if self.output.is_none() && io::stdout().is_terminal() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(extent.messages), target);
        let style = ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} messages, {eta} left");
        bar.set_style(style.expect("the template is one"));
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

/// Writes what was said up to `extent`, and returns how much that was.
async fn write(
    management: &Management,
    room: &Room,
    extent: Extent,
    destination: &mut Destination,
    progress: &ProgressBar,
) -> Result<u64> {
    let (mut after, mut messages) = (0, 0);
    while after < extent.last {
        let page = management.export(room, after).await?;
        for message in page.iter().filter(|message| message.id <= extent.last) {
            serde_json::to_writer(&mut *destination, message).map_err(io::Error::from)?;
            destination.write_all(b"\n")?;
            messages += 1;
        }
        progress.set_position(messages);
        match page.last() {
            Some(last) => after = last.id,
            None => break,
        }
    }
    Ok(messages)
}
