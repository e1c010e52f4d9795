//! `groups`: which groups are there?

use anyhow::Result;
use clap::Args;
use laureola::redis::probe;
use serde::Serialize;

use super::opened::Opened;
use super::output::Output;
use crate::layer::{Backend, Choice};

const AFTER_HELP: &str = "\
Example:
  $ laureola layer --channel-layer redis://cache groups
  GROUP         MEMBERS  HOST
  chat_kitchen  1        cache:6379
  chat_lobby    12       cache:6379

Members whose process died count until it is found out (see gc). A pub/sub layer knows no members:
there the processes are counted that are subscribed to the group.";

/// List the groups that have members
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Groups {}

#[derive(Serialize)]
struct Row {
    group: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<usize>,
    host: String,
}

impl Groups {
    pub(super) async fn run(&self, choice: Choice, output: &mut Output) -> Result<()> {
        let empty = format!("no groups under the prefix {}", choice.prefix);
        if let Backend::PubSub(config) = &choice.backend {
            let groups = probe::subscribed_groups(config).await?;
            let rows: Vec<_> = groups
                .into_iter()
                .map(|group| Row {
                    group: group.name,
                    members: None,
                    processes: Some(group.processes),
                    host: group.host,
                })
                .collect();
            return Ok(output.list(&rows, ["GROUP", "PROCESSES", "HOST"], cells, &empty)?);
        }
        let layer = Opened::new(choice).await?;
        let groups = layer.core("groups")?.groups().await;
        layer.close().await;
        let rows: Vec<_> = groups?
            .into_iter()
            .map(|group| Row {
                group: group.name,
                members: Some(group.members),
                processes: None,
                host: group.host,
            })
            .collect();
        Ok(output.list(&rows, ["GROUP", "MEMBERS", "HOST"], cells, &empty)?)
    }
}

fn cells(row: &Row) -> [String; 3] {
    let count = row.members.or(row.processes).unwrap_or(0);
    [row.group.clone(), count.to_string(), row.host.clone()]
}
