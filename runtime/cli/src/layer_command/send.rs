//! `send CHANNEL JSON` and `group-send GROUP JSON`.

use anyhow::Result;
use clap::Args;
use laureola::message::Message;
use laureola::{ChannelName, GroupName};
use serde_json::json;

use super::message;
use super::opened::Opened;
use super::output::Output;
use crate::layer::Choice;

const SEND_HELP: &str = r#"Example:
  $ laureola layer --channel-layer redis://cache send thumbnails '{"type": "generate", "id": 7}'
  sent to thumbnails

A channel that is full is an error. Whether anybody receives from it is not known: what nobody takes
expires."#;

const GROUP_SEND_HELP: &str = r#"Example:
  $ laureola layer --channel-layer redis://cache group-send chat_lobby \
      '{"type": "chat.message", "message": "back in five minutes", "username": "operator"}'
  sent to group chat_lobby

Every member gets it, in Rust and in Python, whose handler is named by "type": chat_message()."#;

/// Send a message to one channel
#[derive(Clone, Debug, Args)]
#[command(after_help = SEND_HELP)]
pub(super) struct Send {
    /// The channel's name
    #[arg(value_name = "CHANNEL", value_parser = super::channel)]
    channel: ChannelName,

    /// The message: a JSON object with a text under "type"
    #[arg(value_name = "JSON", value_parser = message::parse)]
    message: Message,
}

/// Send a message to every member of a group
#[derive(Clone, Debug, Args)]
#[command(after_help = GROUP_SEND_HELP)]
pub(super) struct GroupSend {
    /// The group's name
    #[arg(value_name = "GROUP", value_parser = super::group)]
    group: GroupName,

    /// The message: a JSON object with a text under "type"
    #[arg(value_name = "JSON", value_parser = message::parse)]
    message: Message,
}

impl Send {
    pub(super) async fn run(&self, choice: Choice, output: &mut Output) -> Result<()> {
        let layer = Opened::new(choice).await?.into_layer();
        let sent = layer.send_message(&self.channel, self.message.clone()).await;
        layer.close().await;
        sent?;
        let words = format!("sent to {}", self.channel);
        Ok(output.done(&json!({ "sent": true, "channel": self.channel.as_str() }), &words)?)
    }
}

impl GroupSend {
    pub(super) async fn run(&self, choice: Choice, output: &mut Output) -> Result<()> {
        let layer = Opened::new(choice).await?.into_layer();
        let sent = layer.group_send_message(&self.group, self.message.clone()).await;
        layer.close().await;
        sent?;
        let words = format!("sent to group {}", self.group);
        Ok(output.done(&json!({ "sent": true, "group": self.group.as_str() }), &words)?)
    }
}
