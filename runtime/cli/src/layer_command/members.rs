//! `members GROUP`: who is in a group?

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::Args;
use laureola::GroupName;
use laureola::redis::core::Owner;
use serde::Serialize;

use super::duration;
use super::opened::Opened;
use super::output::Output;
use crate::layer::Choice;

const AFTER_HELP: &str = "\
Example:
  $ laureola layer --channel-layer redis://cache members chat_lobby
  CHANNEL                                  AGE     WHOSE
  specific.3fd0c1…e97b!5b1c92…08aa         2h 10m  Laureola, alive
  specific.77a9ce…11d4!e01f6b…c3d2         1d 3h   other

AGE is the time since the channel was added; a server of ours adds its open sockets again now and
then. WHOSE is a Laureola process that is alive or dead, or any other: channels_redis tells no more,
so gc leaves its members alone unless it is given an --age. With membership = \"process\", a name with
!g. in it stands for all channels of its process.";

/// List the channels in a group: how old each membership is, and whose
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Members {
    /// The group's name, as in group_add
    #[arg(value_name = "GROUP", value_parser = super::group)]
    group: GroupName,
}

#[derive(Serialize)]
struct Row {
    channel: String,
    age_seconds: f64,
    /// `laureola` or `other`.
    owner: &'static str,
    /// Of a Laureola process only.
    alive: Option<bool>,
}

impl Members {
    pub(super) async fn run(&self, choice: Choice, output: &mut Output) -> Result<()> {
        let layer = Opened::new(choice).await?;
        let members = match layer.core("members") {
            Ok(core) => core.owned_members(&self.group).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        layer.close().await;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0.0, |now| now.as_secs_f64());
        let rows: Vec<_> = members?
            .into_iter()
            .map(|member| Row {
                channel: member.channel,
                age_seconds: (now - member.added).max(0.0),
                owner: match member.owner {
                    Owner::Laureola { .. } => "laureola",
                    _ => "other",
                },
                alive: match member.owner {
                    Owner::Laureola { alive } => Some(alive),
                    _ => None,
                },
            })
            .collect();
        let empty = format!("nobody is in {}", self.group);
        Ok(output.list(&rows, ["CHANNEL", "AGE", "WHOSE"], cells, &empty)?)
    }
}

fn cells(row: &Row) -> [String; 3] {
    let whose = match row.alive {
        Some(true) => "Laureola, alive",
        Some(false) => "Laureola, dead",
        None => "other",
    };
    [
        row.channel.clone(),
        duration::show(row.age_seconds),
        whose.to_owned(),
    ]
}
