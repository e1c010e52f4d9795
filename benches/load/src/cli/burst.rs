//! `laureola-load burst`.

use clap::Args;
use serde::Serialize;

use super::common::{Common, at_least_one, payload, seconds};
use crate::protocol::Protocol;
use crate::target::Target;

/// Arguments of `burst`.
#[derive(Args, Clone, Debug, Serialize)]
pub struct BurstArgs {
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
    /// Messages that leave at once in each room.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = at_least_one)]
    pub messages: usize,
    /// The length of a message's text.
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = payload)]
    pub bytes: usize,
    /// Between the last connection and the first message.
    #[arg(long, value_name = "SECONDS", default_value_t = 0.5, value_parser = seconds)]
    pub settle: f64,
    /// What is not there by then is lost.
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0, value_parser = seconds)]
    pub message_timeout: f64,
    /// How messages look.
    #[arg(long, value_enum, default_value_t = Protocol::Tutorial)]
    pub protocol: Protocol,
    /// What all scenarios have.
    #[command(flatten)]
    #[serde(flatten)]
    pub common: Common,
}
