//! The smallest native application: a WebSocket that sends everything back.
//!
//! `cargo run -p laureola-example-echo`, then connect to `ws://127.0.0.1:8000/`.

use laureola::AppError;
use laureola::asgi::{Command, Connection, Event, app_fn};
use laureola::server::Server;

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
    let port = std::env::args().nth(1).map_or(Ok(8000), |port| port.parse())?;
    let server = Server::builder(app_fn(echo)).bind(("127.0.0.1", port)).await?;
    println!("echo on ws://{}/", server.local_addr());
    let interrupted = async {
        // Without a handler for Ctrl-C the server is ended from outside.
        let _ = tokio::signal::ctrl_c().await;
    };
    server.serve(interrupted).await?;
    Ok(())
}
