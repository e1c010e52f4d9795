//! `laureola-load idle`.

use clap::Args;
use serde::Serialize;

use super::common::{Common, at_least_one, seconds};
use crate::protocol::Protocol;
use crate::target::Target;

/// Arguments of `idle`.
#[derive(Args, Clone, Debug, Serialize)]
pub struct IdleArgs {
    /// Where: ws://HOST:PORT/PATH, with {room} for the room's name. Given several times, connections go to each in
    /// turn.
    #[arg(long, value_name = "URL", required = true)]
    pub url: Vec<Target>,
    /// Connections.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = at_least_one)]
    pub connections: usize,
    /// Connections in each room; all in one if not given.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub room_size: Option<usize>,
    /// How long they are held once the server's memory has settled.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub seconds: f64,
    /// The server's memory has settled when it did not change by more than 0.2 % for a second; it is looked at
    /// after this time at the latest.
    #[arg(long, value_name = "SECONDS", default_value_t = 15.0, value_parser = seconds)]
    pub settle: f64,
    /// How a client joins.
    #[arg(long, value_enum, default_value_t = Protocol::Plain)]
    pub protocol: Protocol,
    /// What all scenarios have.
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Common,
}
