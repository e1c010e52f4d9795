//! `laureola-load churn`.

use clap::Args;
use serde::Serialize;

use super::common::{Common, at_least_one, payload, seconds};
use crate::protocol::Protocol;
use crate::target::Target;

/// Arguments of `churn`.
#[derive(Args, Clone, Debug, Serialize)]
pub struct ChurnArgs {
    /// Where: ws://HOST:PORT/PATH, with {room} for the room's name. Given several times, connections go to each in
    /// turn.
    #[arg(long, value_name = "URL", required = true)]
    pub url: Vec<Target>,
    /// Clients, each of which connects, leaves, and connects again.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = at_least_one)]
    pub connections: usize,
    /// Clients in each room; all in one if not given.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub room_size: Option<usize>,
    /// A client has connected when a message of its own has come back, not when its handshake was answered: so it
    /// is a member of its room for certain. (The other members get the message as well: keep rooms small.)
    #[arg(long)]
    pub join: bool,
    /// Once connected, clients stay: a storm of as many connects as there are connections, over when all are in.
    #[arg(long)]
    pub hold: bool,
    /// The length of a message's text.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = payload)]
    pub bytes: usize,
    /// Before measuring; none with --hold.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub warmup: f64,
    /// While measuring; with --hold until all are in.
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0, value_parser = seconds)]
    pub seconds: f64,
    /// How messages look, and how a client joins.
    #[arg(long, value_enum, default_value_t = Protocol::Tutorial)]
    pub protocol: Protocol,
    /// What all scenarios have.
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Common,
}
