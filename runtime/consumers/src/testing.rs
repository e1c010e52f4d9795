//! Testing an application without a server (Channels: `channels.testing`). All of it works in a plain
//! `#[tokio::test]`; a server on a free port is `laureola::testing::LiveServer`.
//!
//! # Layout
//! - [`application`]: [`ApplicationCommunicator`], for an application of any protocol
//! - [`http`]: [`HttpCommunicator`], one request
//! - [`websocket`]: [`WebsocketCommunicator`], a WebSocket's client
//! - [`error`]: what they fail with
//! - `running`: the application's task; `sink`: what stands behind its sender

pub mod application;
pub mod error;
pub mod http;
mod running;
mod sink;
pub mod websocket;

pub use self::http::HttpCommunicator;
pub use application::ApplicationCommunicator;
pub use error::CommunicatorError;
pub use websocket::{Connected, WebsocketCommunicator};
