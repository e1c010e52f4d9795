//! An echo that speaks permessage-deflate, with room for messages of 64 MiB: what the Autobahn test
//! suite's fuzzing client is run against.
//!
//! `cargo run --release -p laureola-server --example echo_compressed -- 9001`

use laureola_asgi::{AppError, Command, Connection, Event, app_fn};
use laureola_server::{Deflate, Limits, Server};

const LIMIT: usize = 64 * 1024 * 1024;

async fn echo(mut connection: Connection) -> Result<(), AppError> {
    loop {
        match connection.receive.next().await {
            Event::WebSocketConnect => connection.send.send(Command::accept()).await?,
            Event::WebSocketReceive(payload) => {
                connection.send.send(Command::WebSocketSend(payload)).await?;
            }
            _ => return Ok(()),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).map_or(Ok(9001), |port| port.parse())?;
    let deflate = Deflate {
        // Everything that was agreed on is to be seen.
        threshold: 0,
        ..Deflate::default()
    };
    let limits = Limits {
        websocket_max_message: LIMIT,
        websocket_max_frame: LIMIT,
        ..Limits::default()
    };
    let builder = Server::builder(app_fn(echo))
        .limits(limits)
        .websocket_compression(Some(deflate));
    let server = builder.bind(("127.0.0.1", port)).await?;
    println!("echo on ws://{}/", server.local_addr());
    let interrupted = async {
        // Without a handler for Ctrl-C the server is ended from outside.
        let _ = tokio::signal::ctrl_c().await;
    };
    server.serve(interrupted).await?;
    Ok(())
}
