//! The command line.

mod burst;
mod churn;
mod common;
mod echo;
mod fanout;
mod hello;
mod idle;
mod report;

use clap::{Parser, Subcommand};

pub use burst::BurstArgs;
pub use churn::ChurnArgs;
pub use common::Common;
pub use echo::EchoArgs;
pub use fanout::FanoutArgs;
pub use hello::HelloArgs;
pub use idle::IdleArgs;
pub use report::{Form, Metric, PlotArgs, ReportArgs, Runs, TableArgs};

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
    /// Connections that are held: what one costs in memory.
    Idle(IdleArgs),
    /// Connections that come and go, or (--hold) come all at once.
    Churn(ChurnArgs),
    /// Many messages at once in each room, until the last member has the last one.
    Burst(BurstArgs),
    /// Tables and plots of many runs.
    Report(ReportArgs),
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

  The memory of 10,000 members in rooms of 100, and a storm of as many that join rooms of 10:
    laureola-load idle --url 'ws://127.0.0.1:8000/ws/chat/{room}/' --connections 10000 --room-size 100 --server-pid PID
    laureola-load churn --url 'ws://127.0.0.1:8000/ws/chat/{room}/' --connections 10000 --room-size 10 --hold --join

  Two servers beside each other:
    laureola-load fanout --url … --label one --json one.json; laureola-load fanout --url … --label two --json two.json
    laureola-load report table one.json two.json; laureola-load report plot one.json two.json --log --out both.svg

Exit status: 0 when it ran, 1 when it could not, 2 for wrong arguments, 3 when some connection did not come to be,
4 with --strict when other processes took more than a tenth of a busy machine.";
