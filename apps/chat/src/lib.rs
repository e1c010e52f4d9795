//! The chat of Laureola: rooms that Rust consumers share with Django Channels.
//!
//! A room is the group `chat_<room_name>` of the channel layer. Whoever joins that group, in any
//! language and any process, is in the room; whoever sends it
//! `{"type": "chat.message", "message": …, "username": …}` is heard by all. This crate adds the
//! browser's side: pages, and a consumer that turns the group's events into JSON for the pages.
//!
//! | URL | what it is |
//! | --- | --- |
//! | `/` | asks for the name of a room |
//! | `/chat/<room_name>/` | the room |
//! | `/static/chat/…` | the pages' style sheet, scripts and icon |
//! | `ws/chat/<room_name>/?username=…` | the consumer: `{"message": …}` in, `{"message": …, "username": …}` out |
//!
//! # Layout
//! - [`plugin`]: [`Chat`], the plugin a server is given
//! - [`consumer`]: [`ChatConsumer`], one browser in one room
//! - [`event`]: [`RoomEvent`], what travels in a room's group
//! - [`room`]: [`RoomName`], which names there are
//! - [`guest`]: [`GuestName`], what someone without an account is called
//! - `query`, `web`: reading query strings; the pages and what they load
//!
//! # Example
//! ```
//! use laureola::consumers::testing::WebsocketCommunicator;
//! use laureola::{Layer, MemoryLayer, Plugins};
//! use serde_json::json;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let layer = Layer::new(MemoryLayer::new());
//! let site = Plugins::new().with(laureola_chat::Chat::default()).application(&layer)?;
//!
//! let mut ada = WebsocketCommunicator::new(site.clone(), "/ws/chat/lobby/?username=Ada");
//! let mut guest = WebsocketCommunicator::new(site, "/ws/chat/lobby/");
//! ada.connect().await?;
//! guest.connect().await?;
//! ada.send_json(&json!({ "message": "hello" })).await?;
//! assert_eq!(guest.receive_json().await?, json!({ "message": "hello", "username": "Ada" }));
//! # Ok::<_, Box<dyn std::error::Error>>(()) })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod account;
pub mod consumer;
pub mod event;
pub mod guest;
pub mod history;
pub mod limits;
pub mod manage;
pub mod options;
pub mod plugin;
pub mod presence;
mod query;
pub mod room;
mod secret;
mod site;
pub mod store;
mod web;
pub mod writer;

pub use consumer::ChatConsumer;
pub use event::RoomEvent;
pub use guest::GuestName;
pub use options::ChatOptions;
pub use plugin::Chat;
pub use room::{RoomName, RoomNameError};
pub use site::SiteError;
