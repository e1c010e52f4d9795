//! `laureola-load fanout`.

use clap::Args;
use serde::Serialize;

use super::common::{Common, at_least_one, payload, seconds};
use crate::protocol::Protocol;
use crate::target::Target;

/// Arguments of `fanout`.
#[derive(Args, Clone, Debug, Serialize)]
pub struct FanoutArgs {
    /// Where: ws://HOST:PORT/PATH, with {room} for the room's name. Given several times, members go to each in turn.
    #[arg(long, value_name = "URL", required = true)]
    pub url: Vec<Target>,
    /// Rooms.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub rooms: usize,
    /// Members of each room; all of them have to get each message.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = at_least_one)]
    pub members: usize,
    /// Members of each room that send, in turn.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub senders: usize,
    /// Messages on their way in each room: the next one leaves when all members have one of them [default: 1].
    #[arg(long, value_name = "N", conflicts_with = "rate", value_parser = at_least_one)]
    pub window: Option<usize>,
    /// Messages per second in each room, whether the earlier ones arrived or not. Latency then counts from when a
    /// message was due, so that a server that stalls is not forgiven for what it held up.
    #[arg(long, value_name = "N")]
    pub rate: Option<f64>,
    /// The length of a message's text.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = payload)]
    pub bytes: usize,
    /// Before measuring.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub warmup: f64,
    /// While measuring.
    #[arg(long, value_name = "SECONDS", default_value_t = 4.0, value_parser = seconds)]
    pub seconds: f64,
    /// Between the last connection and the first message.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, value_parser = seconds)]
    pub settle: f64,
    /// A message that some member has not got by then is given up: another may leave.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    pub message_timeout: f64,
    /// At the end, wait this long for what is still on its way, at most.
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0, value_parser = seconds)]
    pub drain: f64,
    /// More members, spread over the rooms, that do not read what they are sent (nor are they expected to).
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub slow: usize,
    /// Bytes per second that each of them reads all the same.
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    pub slow_rate: usize,
    /// How messages look.
    #[arg(long, value_enum, default_value_t = Protocol::Tutorial)]
    pub protocol: Protocol,
    /// What all scenarios have.
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Common,
}
