//! `laureola-load echo`.

use clap::Args;
use serde::Serialize;

use super::common::{Common, at_least_one, payload, seconds};
use crate::target::Target;

/// Arguments of `echo`.
#[derive(Args, Clone, Debug, Serialize)]
pub struct EchoArgs {
    /// Where: ws://HOST:PORT/PATH. Given several times, connections go to each in turn.
    #[arg(long, value_name = "URL", required = true)]
    pub url: Vec<Target>,
    /// Connections.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = at_least_one)]
    pub connections: usize,
    /// Messages on their way on each.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub window: usize,
    /// The length of a message.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = payload)]
    pub bytes: usize,
    /// Before measuring.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub warmup: f64,
    /// While measuring.
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0, value_parser = seconds)]
    pub seconds: f64,
    /// Between the last connection and the first message.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.2, value_parser = seconds)]
    pub settle: f64,
    /// A message that has not come back by then is given up.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    pub message_timeout: f64,
    /// What all scenarios have.
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Common,
}
