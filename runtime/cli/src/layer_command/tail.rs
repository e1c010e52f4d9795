//! `tail GROUP`: what passes through a group?

use std::num::NonZeroU64;
use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use clap::Args;
use laureola::GroupName;
use laureola::layers::mailbox::Received;
use laureola::layers::{Mailbox, Notice};
use laureola::message::{Message, Value};
use tokio::time::sleep;

use super::duration;
use super::message::Shown;
use super::opened::Opened;
use super::output::Output;
use crate::layer::Choice;
use crate::logging;
use crate::signals::Signals;

/// What channels of ours are called, so that `members` shows an inspector for what it is.
const PREFIX: &str = "tail";

const AFTER_HELP: &str = r#"Examples:
  $ laureola layer --channel-layer redis://cache tail chat_lobby
  12:03:44 chat.message {"type":"chat.message","message":"hello","username":"ada"}

  $ laureola layer --channel-layer redis://cache tail chat_lobby --json --count 1 --timeout 30s

It joins the group as one more member, whose channel begins with "tail.", and leaves it at the end.
Times are UTC. Bytes are shown as {"base64": "…"}. With --count the status is 1 if fewer messages
came within --timeout."#;

/// Join a group and print its messages as they pass, until Ctrl-C
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Tail {
    /// The group's name
    #[arg(value_name = "GROUP", value_parser = super::group)]
    group: GroupName,

    /// End after so many messages
    #[arg(long, value_name = "N")]
    count: Option<NonZeroU64>,

    /// End after this time: 90s, 15m, 24h, 7d
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    timeout: Option<Duration>,
}

impl Tail {
    pub(super) async fn run(&self, choice: Choice, output: &mut Output) -> Result<()> {
        // Only warnings: that Redis is away, and that it is back.
        logging::start(0, &logging::Format::default());
        let mut signals = Signals::listen().context("cannot listen for signals")?;
        let layer = tokio::select! {
            layer = Opened::new(choice) => layer?.into_layer(),
            _ = signals.next() => return Ok(()),
        };
        let (mut channel, mut mailbox) = layer.new_channel(PREFIX).await?;
        let joined = channel.group_add(&self.group).await;
        let printed = match joined {
            Ok(()) => {
                eprintln!("joined {} as {}; Ctrl-C ends", self.group, channel.name());
                self.print(&mut mailbox, &mut signals, output).await
            }
            Err(error) => Err(error.into()),
        };
        // Whatever happened before: nobody is to be left behind in the group.
        let left = channel.close().await;
        layer.close().await;
        printed?;
        Ok(left?)
    }

    async fn print(&self, mailbox: &mut Mailbox, signals: &mut Signals, output: &mut Output) -> Result<()> {
        let mut end = pin!(sleep(self.timeout.unwrap_or(Duration::MAX)));
        let mut count = 0;
        while self.count.is_none_or(|wanted| count < wanted.get()) {
            tokio::select! {
                received = mailbox.next() => match received {
                    Received::Delivery(delivery) => {
                        print(delivery.message(), output)?;
                        count += 1;
                    }
                    Received::Notice(Notice::Overflowed) => bail!("too slow: messages were dropped"),
                    Received::Notice(_) => {}
                },
                _ = signals.next() => return Ok(()),
                () = &mut end => return self.timed_out(count),
            }
        }
        Ok(())
    }

    fn timed_out(&self, count: u64) -> Result<()> {
        match self.count {
            Some(wanted) => bail!("{count} of {wanted} messages came in time"),
            None => Ok(()),
        }
    }
}

fn print(message: &Message, output: &mut Output) -> Result<()> {
    let value: Value = message.value();
    if output.is_json() {
        return Ok(output.json(&Shown(&value))?);
    }
    let json = serde_json::to_string(&Shown(&value))?;
    let kind = message.message_type().unwrap_or("-");
    Ok(output.line(&format!("{} {kind} {json}", time()))?)
}

/// The time of day, UTC.
fn time() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seconds = now.map_or(0, |now| now.as_secs()) % 86_400;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}
