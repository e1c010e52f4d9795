//! The command line.

mod common;
mod echo;
mod fanout;
mod hello;

use clap::{Parser, Subcommand};

pub use common::Common;
pub use echo::EchoArgs;
pub use fanout::FanoutArgs;
pub use hello::HelloArgs;

/// Loads a WebSocket server, and says what came of it: losses, order, latency, CPU and memory.
#[derive(Debug, Parser)]
#[command(name = "laureola-load", version, arg_required_else_help = true, after_long_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub scenario: Scenario,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Scenario {
    /// Members of rooms send messages, and every member has to get each of them.
    Fanout(FanoutArgs),
    /// Every connection gets its own messages back.
    Echo(EchoArgs),
    /// HTTP/1.1 requests over connections that stay open.
    Hello(HelloArgs),
}

const EXAMPLES: &str = "\
Examples:
  One room of 1,000 in the chat of the Channels tutorial, 16 messages on their way at any time, with the server's CPU:
    laureola-load fanout --url 'ws://127.0.0.1:8000/ws/chat/{room}/' --members 1000 --senders 4 --window 16 \\
        --server-pid $(pgrep -o daphne)

  How long a message takes when nothing is saturated (20 a second, whatever the server does):
    laureola-load fanout --url 'ws://127.0.0.1:8000/ws/chat/{room}/' --members 100 --rate 20

  64 connections that get back what they send, and 64 that ask for a page:
    laureola-load echo --url ws://127.0.0.1:8000/echo --connections 64
    laureola-load hello --url http://127.0.0.1:8000/ --connections 64

Exit status: 0 when it ran, 1 when it could not, 2 for wrong arguments, 3 when some connection did not come to be,
4 with --strict when other processes took more than a tenth of a busy machine.";
