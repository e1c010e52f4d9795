//! What `laureola worker` takes.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::Args;

use crate::args::{LoggingArgs, seconds};

const AFTER_HELP: &str = "\
Example:
  laureola worker --channel-layer redis://127.0.0.1 thumbnails-generate --concurrency 4

Any process that shares the layer sends work with channel_layer.send(\"thumbnails-generate\", {\"type\": ...}),
in Python as in Rust. Several workers share a channel's messages. At SIGTERM no more are taken and what runs
is finished; messages that no consumer has begun stay in Redis for the next worker. With --layer-kind pubsub
Redis keeps nothing, and every worker process gets every message.";

/// Run the consumers of named channels, as Channels' runworker does.
#[derive(Clone, Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct WorkerCommand {
    /// The channels to work for
    #[arg(required = true, value_name = "CHANNEL")]
    pub channels: Vec<String>,

    /// How many messages of each channel are handled at a time; with more than one, not in their order
    #[arg(long, value_name = "N", default_value = "1")]
    pub concurrency: NonZeroUsize,

    /// Address of a server with /healthz (200: the process lives) and /readyz (200 while messages are taken,
    /// else 503)
    #[arg(long, value_name = "HOST:PORT")]
    pub health: Option<SocketAddr>,

    /// What still runs this long after SIGTERM is cut off, and the exit status is 1
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub shutdown_timeout: Duration,

    /// What is logged.
    #[command(flatten)]
    pub logging: LoggingArgs,
}
