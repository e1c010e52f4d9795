//! Synchronous consumers: plain functions, on threads of their own (Channels: `WebsocketConsumer`,
//! `JsonWebsocketConsumer`).
//!
//! # Layout
//! - this file: [`SyncJsonConsumer`] and [`SyncWebsocketConsumer`]
//! - [`pool`]: the bounded pool they run on
//! - [`context`]: what they act through
//! - `call`: one call on a thread

mod call;
pub mod context;
mod json;
pub mod pool;
mod websocket;

pub use context::SyncContext;
pub use json::{SyncJsonConsumer, sync_application};
pub use pool::BlockingPool;
pub use websocket::{SyncWebsocketConsumer, sync_websocket_application};
