//! Testing an application without a server (Channels: `channels.testing`).

mod sink;
mod websocket;

pub use websocket::{CommunicatorError, Connected, WebsocketCommunicator};
