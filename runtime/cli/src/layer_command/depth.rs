//! `depth CHANNEL`: how much waits?

use anyhow::Result;
use clap::Args;
use laureola::ChannelName;
use serde::Serialize;

use super::opened::Opened;
use super::output::Output;
use crate::layer::{Backend, Choice};

const AFTER_HELP: &str = "\
Example:
  $ laureola layer --channel-layer redis://cache depth thumbnails
  HOST        WAITING  IN FLIGHT  CAPACITY
  cache:6379  98       1          100

The channels of one process share what waits: any of them tells the same. IN FLIGHT was taken by a
receiver that has not confirmed it; the next one gets it again. CAPACITY is what this command's own
layer options say; a sender counts with its own.";

/// Count the messages that wait for a channel
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Depth {
    /// The channel's name, as in send
    #[arg(value_name = "CHANNEL", value_parser = super::channel)]
    channel: ChannelName,
}

#[derive(Serialize)]
struct Row {
    host: String,
    waiting: usize,
    in_flight: usize,
    capacity: usize,
}

impl Depth {
    pub(super) async fn run(&self, choice: Choice, output: &mut Output) -> Result<()> {
        let capacity = match &choice.backend {
            Backend::Core(config) => config.capacity_of(&self.channel),
            _ => 0,
        };
        let layer = Opened::new(choice).await?;
        let depths = match layer.core("depth") {
            Ok(core) => core.depth(&self.channel).await.map_err(Into::into),
            Err(error) => Err(error),
        };
        layer.close().await;
        let rows: Vec<_> = depths?
            .into_iter()
            .map(|depth| Row {
                host: depth.host,
                waiting: depth.waiting,
                in_flight: depth.in_flight,
                capacity,
            })
            .collect();
        Ok(output.list(
            &rows,
            ["HOST", "WAITING", "IN FLIGHT", "CAPACITY"],
            cells,
            "no hosts",
        )?)
    }
}

fn cells(row: &Row) -> [String; 4] {
    let numbers = [row.waiting, row.in_flight, row.capacity];
    let [waiting, in_flight, capacity] = numbers.map(|number| number.to_string());
    [row.host.clone(), waiting, in_flight, capacity]
}
