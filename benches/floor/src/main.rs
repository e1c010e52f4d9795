//! A bare WebSocket fan-out, to hold servers against: see the README.
//!
//! # Layout
//! - [`floor`]: the event loop; `floor/accepting`, `floor/reading`, `floor/rooms`: its parts
//! - [`connection`]: one socket, and what it could not take yet
//! - [`head`]: a request's head and its answers
//! - [`frame`]: frames of RFC 6455, in place

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;

mod connection;
mod floor;
mod frame;
mod head;

use floor::{Floor, FloorError};

/// A bare epoll WebSocket fan-out: the floor that servers are measured against.
///
/// A text sent to /ws/chat/{room}/ goes to all members of the room; on any other path it comes back; a request
/// without an upgrade gets "Hello, world!".
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1")]
    host: std::net::IpAddr,

    /// The port; 0 takes a free one, and the first line of stdout says which.
    #[arg(short, long, default_value_t = 8001)]
    port: u16,

    /// Joins all messages of one turn of the event loop into one write for each member.
    #[arg(long)]
    join: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match serve(&args) {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(args: &Args) -> Result<std::convert::Infallible, FloorError> {
    let mut floor = Floor::bind(SocketAddr::new(args.host, args.port), args.join)?;
    println!("listening on {}", floor.local_addr()?);
    floor.run()
}
