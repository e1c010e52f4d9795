//! The ASGI vocabulary for Rust: what a protocol server and an application say to each other.
//!
//! No sockets, no Redis, no Python: a server turns bytes into a [`Connection`] (a [`Scope`], a
//! [`Receiver`] and a [`Sender`]) and hands it to one [`Application`]. Middleware is
//! [`tower_layer::Layer`] over applications; [`tower`] mounts a tower service as an
//! application and an application as a tower service.
//!
//! # Layout
//! - [`scope`]: what is known of a connection before its first event; [`tls`] of its TLS,
//!   [`supported`] of its extensions, [`state`] of what the lifespan left
//! - [`headers`]: a compact header list, in wire order, with lower-cased names
//! - [`event`]: events towards the application and commands from it
//! - [`receive`] and [`send`]: the two halves an application holds
//! - [`queue`]: the bounded event queue behind a WebSocket's receiver
//! - [`application`]: the trait, boxing, [`app_fn`]
//! - [`router`]: one application per protocol
//! - [`exchange`]: one HTTP request and its response, as a state machine
//! - [`lifespan`]: a server's life, as a state machine
//! - [`tower`]: tower services as applications, and the other way round
//! - [`wake`](mod@wake): wake-ups that are held back for a moment
//! - [`error`]: what an application fails with
//!
//! # Example
//! ```
//! use laureola_asgi::{AppError, Application, Command, Connection, Event, app_fn};
//!
//! /// Sends every text back.
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
//! let application = app_fn(echo).boxed();
//! # let _ = application;
//! ```

pub mod application;
pub mod error;
pub mod event;
pub mod exchange;
pub mod headers;
pub mod lifespan;
pub mod observed;
pub mod queue;
pub mod receive;
pub mod router;
pub mod scope;
pub mod send;
pub mod state;
pub mod supported;
pub mod tls;
pub mod tower;
pub mod wake;

pub use application::{Application, BoxApplication, BoxFuture, Connection, app_fn};
pub use error::AppError;
pub use event::{CloseCode, Command, Event, Payload};
pub use headers::Headers;
pub use observed::{MatchedRoute, RequestId};
pub use receive::Receiver;
pub use router::ProtocolTypeRouter;
pub use scope::{Address, HttpScope, LifespanScope, Scope, WebSocketScope};
pub use send::{Disconnected, SendError, Sender, TrySendError};
pub use state::{SharedState, State};
pub use supported::Supported;
pub use tls::TlsInfo;
