//! The Channels tutorial's chat in Rust, in the three ways one can write it, and the raw hello and echo of the other
//! servers. `cargo xtask bench-peers` runs it beside them.
//!
//! # Layout
//! - [`chat`]: the consumers
//! - [`raw`]: hello and echo
//! - [`layer`]: the channel layer

use std::error::Error;
use std::net::Ipv4Addr;

use clap::{Parser, ValueEnum};
use laureola::asgi::app_fn;
use laureola::server::{EVENT_INTERVAL, Server};
use laureola::{ProtocolTypeRouter, URLRouter, path};

mod chat;
mod layer;
mod raw;

use layer::LayerArgs;

// As the `laureola` command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The Channels tutorial's chat in Rust: /ws/chat/ROOM/, and hello and echo on other paths.
#[derive(Debug, Parser)]
struct Args {
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(short, long, default_value_t = 8000)]
    port: u16,

    /// How a room's message becomes a client's.
    #[arg(long, value_enum, default_value_t = Mode::Handler)]
    mode: Mode,

    #[command(flatten)]
    layer: LayerArgs,
}

/// How a room's message becomes a client's.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// Every member's consumer has its turn, as in Channels.
    Handler,
    /// A pure function from event to frame, declared by the consumer.
    Relay,
    /// The group carries what clients get.
    Direct,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    // As the `laureola` command has it.
    runtime.event_interval(EVENT_INTERVAL).enable_all();
    runtime.build()?.block_on(serve(&args))
}

async fn serve(args: &Args) -> Result<(), Box<dyn Error>> {
    let layer = args.layer.open().await?;
    let room = match args.mode {
        Mode::Handler => chat::handler(&layer),
        Mode::Relay => chat::relay(&layer),
        Mode::Direct => chat::direct(&layer),
    };
    let sockets = URLRouter::new([path("ws/chat/<slug:room_name>/", room)])?.fallback(app_fn(raw::echo));
    let application = ProtocolTypeRouter::new()
        .http(app_fn(raw::hello))
        .websocket(sockets);
    let server = Server::builder(application)
        .bind((Ipv4Addr::LOCALHOST, args.port))
        .await?;
    println!("listening on {}", server.local_addr());
    let interrupted = async {
        // Without a handler for Ctrl-C the server is ended from outside.
        let _ = tokio::signal::ctrl_c().await;
    };
    server.serve(interrupted).await?;
    layer.close().await;
    Ok(())
}
