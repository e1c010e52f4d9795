//! Laureola: the runtime that Django Channels projects move to when Daphne is too slow, and that
//! Rust teams choose when they must share a room with Python.
//!
//! This crate is the door: it re-exports the parts under one name. Plugins depend on it and on
//! nothing else of ours.
//!
//! - [`asgi`]: scope, events, `Application`, tower adapters
//! - [`message`]: msgpack equal to Python's, WebSocket frames
//! - [`layers`]: channels, groups, the in-memory layer
//! - [`consumers`]: consumers of every kind, URL routing, middleware, test communicators
//! - [`plugin`]: plugins and their host
//! - `redis`: channels_redis-compatible layers (feature `redis`)
//! - `server`: the protocol server (feature `server`)
//! - `testing`: communicators, and a live server on a free port (feature `server`)
//!
//! The names used most stand at the root:
//!
//! ```
//! use laureola::{Context, JsonConsumer, Result};
//!
//! /// Sends every JSON value back.
//! struct Echo;
//!
//! impl JsonConsumer for Echo {
//!     type Receive = serde_json::Value;
//!     type Event = ();
//!
//!     async fn receive_json(&mut self, ctx: &mut Context, content: Self::Receive) -> Result<()> {
//!         ctx.send_json(&content).await
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! use laureola::consumers::testing::WebsocketCommunicator;
//! let layer = laureola::Layer::new(laureola::MemoryLayer::new());
//! let application = laureola::as_application(layer, |_scope| Ok(Echo));
//! let mut browser = WebsocketCommunicator::new(application, "/");
//! browser.connect().await?;
//! browser.send_json(&[1, 2, 3]).await?;
//! assert_eq!(browser.receive_text().await?, "[1,2,3]");
//! # Ok::<_, Box<dyn std::error::Error>>(()) })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

pub use laureola_asgi as asgi;
pub use laureola_consumers as consumers;
pub use laureola_layers as layers;
pub use laureola_message as message;
pub use laureola_plugin as plugin;
#[cfg(feature = "redis")]
pub use laureola_redis as redis;
#[cfg(feature = "server")]
pub use laureola_server as server;

#[cfg(feature = "server")]
pub mod testing;

pub use laureola_asgi::tower::TowerApp;
pub use laureola_asgi::{AppError, Application, ProtocolTypeRouter};
pub use laureola_consumers::{
    BlockingPool, ChannelNameRouter, Context, HttpConsumer, HttpContext, JsonConsumer, Layers, Result,
    ServerSentEvent, Shared, SyncContext, SyncJsonConsumer, SyncWebsocketConsumer, URLRouter, UrlArguments,
    WebsocketConsumer, Worker, WorkerConsumer, WorkerContext, as_application, http_application, include,
    path, re_path, sync_application, sync_websocket_application, websocket_application, worker_application,
};
pub use laureola_layers::{ChannelName, GroupName, Layer, MemoryLayer};
pub use laureola_plugin::{Plugin, PluginError, Plugins, Registry};
