//! Plugins of a Laureola server: routes, consumers and lifespan hooks in one crate.
//!
//! Plugins are static: a server's `main` names them, Rust having no stable ABI to load them by.
//! Several share one port and one channel layer; their routes are tried in the order in which the
//! server names the plugins.
//!
//! # Layout
//! - [`plugin`]: the [`Plugin`] trait
//! - [`registry`]: what a plugin declares its routes to
//! - [`host`]: [`Plugins`], what a server does with its plugins
//!
//! # Example
//! ```
//! use laureola_asgi::{AppError, Command, Connection, Event, app_fn};
//! use laureola_consumers::path;
//! use laureola_plugin::{Plugin, PluginError, Plugins, Registry};
//!
//! struct Echo;
//!
//! async fn echo(mut connection: Connection) -> Result<(), AppError> {
//!     loop {
//!         match connection.receive.next().await {
//!             Event::WebSocketConnect => connection.send.send(Command::accept()).await?,
//!             Event::WebSocketReceive(payload) => {
//!                 connection.send.send(Command::WebSocketSend(payload)).await?;
//!             }
//!             _ => return Ok(()),
//!         }
//!     }
//! }
//!
//! impl Plugin for Echo {
//!     fn name(&self) -> &'static str {
//!         "echo"
//!     }
//!
//!     fn register(&self, registry: &mut Registry<'_>) -> Result<(), PluginError> {
//!         registry.websocket(path("ws/echo/", app_fn(echo)));
//!         Ok(())
//!     }
//! }
//!
//! # fn main() -> Result<(), PluginError> {
//! let layer = laureola_layers::Layer::new(laureola_layers::MemoryLayer::new());
//! let plugins = Plugins::new().with(Echo);
//! let application = plugins.application(&layer)?;
//! # let _ = application;
//! # Ok(())
//! # }
//! ```

pub mod host;
pub mod plugin;
pub mod registry;

pub use host::Plugins;
pub use plugin::{Plugin, PluginError};
pub use registry::Registry;
