//! A protocol server for ASGI-style applications: HTTP/1.1, HTTP/2 and WebSocket over both.
//!
//! It turns bytes into the connections of [`laureola_asgi`] and knows nothing of what the
//! application does with them. Its defaults are those of Daphne; its limits ([`Limits`]) are on.
//!
//! # Layout
//! - [`server`], [`builder`], [`limits`], [`readiness`], [`error`]: the public face
//! - [`endpoint`], [`activation`]: where to listen, also in Twisted's strings and as systemd says it
//! - `listener`, `accept`, `admission`: sockets that listen, their loops, and how many may come
//! - `arrival`, [`tls`], [`proxy_protocol`]: what comes before an accepted one's first request
//! - `connection`: what becomes of it
//! - `stream`, `upgrade`: a connection's bytes, whatever carries them, and how a WebSocket gets them
//! - `guard`: reads every request head before hyper does, and refuses what must not pass
//! - `http`: requests, responses and the server's own pages
//! - `http2`: the same over HTTP/2, and WebSockets in its streams
//! - `websocket`: handshake, driver, outbound queue, close, keep-alive
//! - [`observe`]: access log, metrics, spans
//! - [`proxy_headers`]: who the client is behind a reverse proxy
//! - `running`: one call of the application; `tasks`, `clock`, `complaints`, `shared`: what all share
//! - `stopping`: the end of all connections
//!
//! # Example
//! ```
//! use laureola_asgi::{AppError, Command, Connection, Event, app_fn};
//! use laureola_server::Server;
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
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::builder(app_fn(echo)).bind(("127.0.0.1", 0)).await?;
//! println!("listening on {}", server.local_addr());
//! // A real server waits for a signal here.
//! let shutdown = async {};
//! server.serve(shutdown).await?;
//! # Ok(())
//! # }
//! ```

mod accept;
pub mod activation;
mod admission;
mod arrival;
pub mod builder;
mod clock;
mod complaints;
mod connection;
pub mod endpoint;
pub mod error;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod guard;
pub mod handover;
mod http;
mod http2;
pub mod lifespan;
pub mod limits;
mod listener;
pub mod observe;
mod options;
pub mod proxy_headers;
pub mod proxy_protocol;
pub mod readiness;
mod running;
mod seldom;
pub mod server;
mod shared;
mod stopping;
mod stream;
mod tasks;
pub mod tls;
mod turn;
mod upgrade;
mod websocket;

pub use ::http::HeaderName;
pub use activation::Activation;
pub use builder::Builder;
pub use endpoint::{Endpoint, EndpointError, ListenAddr};
pub use error::BindError;
pub use lifespan::{Lifespan, StartupError};
pub use limits::Limits;
pub use observe::access_log::AccessLog;
pub use proxy_headers::{ProxyHeaders, Trusted};
pub use readiness::Readiness;
pub use server::Server;
pub use tls::{Reloader, TlsConfig, TlsError};
pub use websocket::Deflate;

/// For the runtime a server runs on (`tokio::runtime::Builder::event_interval`): so many turns of connections, of some 8 KiB
/// each, before sockets are asked for news. tokio's own 61 would be some milliseconds while a few clients flood
/// it, for all that have something to say.
pub const EVENT_INTERVAL: u32 = 13;
