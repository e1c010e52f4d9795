//! Consumers as in Django Channels, typed.
//!
//! A consumer is a struct, one value per connection. What the browser sends and what a group
//! carries are types with serde; the handler of a group's event is a match that the compiler
//! checks. Names on the wire stay Channels': `{"type": "chat.message", …}`.
//!
//! # Layout
//! - [`json`]: [`JsonConsumer`], the counterpart of `AsyncJsonWebsocketConsumer`
//! - [`websocket`]: [`WebsocketConsumer`], of texts and bytes
//! - [`sync`]: both as plain functions on a bounded pool of threads
//! - [`mod@http`]: [`HttpConsumer`]: whole and streamed responses, server-sent events
//! - [`worker`]: [`WorkerConsumer`], behind named channels
//! - [`context`]: what a consumer acts through: accept, send, close, groups, its channel's name
//! - [`layers`]: the channel layers it may use, by alias
//! - [`shared`]: a group's event, decoded once and framed once for all its members
//! - [`relay`]: direct delivery: events that need no turn of their consumer
//! - [`routing`]: [`URLRouter`] with Django's `path()` and `re_path()`
//! - [`middleware`]: cookies, and who may open a WebSocket
//! - [`testing`]: communicators, to test an application without a server
//! - [`application`]: a consumer as an application; `driver`: runs a WebSocket consumer, `turn` by `turn`
//!
//! # Example
//! ```
//! use laureola_consumers::{Context, JsonConsumer, Result, Shared, as_application};
//! use laureola_consumers::{URLRouter, UrlArguments as _, path};
//! use laureola_consumers::testing::WebsocketCommunicator;
//! use laureola_layers::{GroupName, Layer, MemoryLayer};
//! use serde::{Deserialize, Serialize};
//! use serde_json::json;
//!
//! struct Chat { room: GroupName }
//!
//! #[derive(Deserialize)]
//! struct Incoming { message: String }
//!
//! #[derive(Serialize, Deserialize)]
//! #[serde(tag = "type")]
//! enum RoomEvent {
//!     #[serde(rename = "chat.message")]
//!     Message { message: String },
//! }
//!
//! impl JsonConsumer for Chat {
//!     type Receive = Incoming;
//!     type Event = RoomEvent;
//!
//!     async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
//!         ctx.group_add(&self.room).await?;
//!         ctx.accept().await
//!     }
//!
//!     async fn receive_json(&mut self, ctx: &mut Context, content: Incoming) -> Result<()> {
//!         let event = RoomEvent::Message { message: content.message };
//!         ctx.group_send(&self.room, &event).await
//!     }
//!
//!     async fn event(&mut self, ctx: &mut Context, event: Shared<RoomEvent>) -> Result<()> {
//!         let frame = event.frame_once(|RoomEvent::Message { message }| json!({ "message": message }))?;
//!         ctx.send_frame(frame).await
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let layer = Layer::new(MemoryLayer::default());
//! let chat = as_application(layer, |scope| {
//!     let room = GroupName::new(format!("chat_{}", scope.url_argument("room").unwrap_or("lobby")))?;
//!     Ok(Chat { room })
//! });
//! let application = URLRouter::new([path("ws/chat/<slug:room>/", chat)])?;
//!
//! let mut browser = WebsocketCommunicator::new(application, "/ws/chat/lobby/");
//! browser.connect().await?;
//! browser.send_json(&json!({ "message": "hello" })).await?;
//! assert_eq!(browser.receive_json().await?, json!({ "message": "hello" }));
//! browser.disconnect(1000).await?;
//! # Ok::<_, Box<dyn std::error::Error>>(()) })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

pub mod application;
pub mod context;
mod driver;
pub mod http;
pub mod json;
pub mod layers;
pub mod middleware;
pub mod relay;
pub mod routing;
pub mod shared;
pub mod sync;
pub mod testing;
mod turn;
pub mod websocket;
pub mod worker;

pub use self::http::{HttpConsumer, HttpContext, ServerSentEvent, http_application};
pub use application::ConsumerApplication;
pub use context::Context;
pub use json::{JsonConsumer, as_application};
pub use layers::Layers;
pub use relay::Relay;
pub use routing::{URLRouter, UrlArguments, include, path, re_path};
pub use shared::Shared;
pub use sync::{
    BlockingPool, SyncContext, SyncJsonConsumer, SyncWebsocketConsumer, sync_application,
    sync_websocket_application,
};
pub use websocket::{WebsocketConsumer, websocket_application};
pub use worker::{ChannelNameRouter, Worker, WorkerConsumer, WorkerContext, worker_application};

/// What a consumer's methods return.
pub type Result<T, E = laureola_asgi::AppError> = std::result::Result<T, E>;
