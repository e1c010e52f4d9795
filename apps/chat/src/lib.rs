//! The chat of Laureola: rooms for people with accounts, on a Django site's own tables, and open rooms for everybody, both
//! shared with Django Channels.
//!
//! A room is the group `chat_<room>` of the channel layer. Whoever joins that group, in any language and any process, is
//! in the room; whoever sends it `{"type": "chat.message", "message": …, "username": …}` is heard by all. This crate adds
//! the browser's side: pages, and a consumer that turns the groups' events into JSON for the pages.
//!
//! | URL | what it is |
//! | --- | --- |
//! | `/signup/`, `/login/`, `/logout/` | accounts, as Django's own views have them |
//! | `/rooms/`, `/rooms/<slug>/` | rooms for people with accounts |
//! | `/`, `/chat/<room_name>/` | open rooms |
//! | `/admin/` | rooms, messages and users, for staff |
//! | `/static/chat/…` | the pages' style sheet, scripts and icon |
//! | `ws/<slug>/`, `ws/chat/<room_name>/?username=…` | the rooms' sockets; the README has their protocol |
//!
//! # Layout
//! - [`plugin`]: [`Chat`], the plugin a server is given; [`options`]: what can be set
//! - `site`: what a running chat has; `account`: who a request is; `secret`: the key of a site that was given none
//! - `consumer`: one browser in one room; [`event`]: what travels in a room's groups
//! - [`room`], [`guest`]: which names there are
//! - [`store`]: the database; [`writer`]: the task that stores messages; `audience`: who is told of it
//! - [`history`], [`presence`]: what was said last, and who is there, in Redis or in memory
//! - [`limits`], `watch`, `announce`: how much may be said; sessions that end; rooms that change
//! - `query`, `web`: reading query strings; the pages and what they load
//!
//! # Example
//! ```
//! use laureola::consumers::testing::WebsocketCommunicator;
//! use laureola::{Layer, MemoryLayer, Plugins};
//! use laureola_chat::{Chat, ChatOptions};
//! use serde_json::json;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let dir = tempfile::tempdir()?;
//! let options = ChatOptions {
//!     database_url: format!("sqlite://{}", dir.path().join("chat.sqlite3").display()),
//!     ..ChatOptions::default()
//! };
//! let layer = Layer::new(MemoryLayer::new());
//! let plugins = Plugins::new().with(Chat::new(options));
//! let site = plugins.application(&layer)?;
//! plugins.startup().await?;
//!
//! let mut ada = WebsocketCommunicator::new(site.clone(), "/ws/chat/lobby/?username=Ada");
//! ada.connect().await?;
//! assert_eq!(ada.receive_json().await?, json!({ "history": [], "more": false }));
//! assert_eq!(ada.receive_json().await?, json!({ "users": ["Ada (guest)"] }));
//! ada.send_json(&json!({ "message": "hello" })).await?;
//! let heard = ada.receive_json().await?;
//! assert_eq!((&heard["message"], &heard["username"]), (&json!("hello"), &json!("Ada")));
//! ada.disconnect(1000).await?;
//! plugins.shutdown().await;
//! # Ok::<_, Box<dyn std::error::Error>>(()) })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod account;
mod announce;
mod audience;
mod consumer;
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
mod watch;
mod web;
pub mod writer;

pub use event::RoomEvent;
pub use guest::GuestName;
pub use options::ChatOptions;
pub use plugin::Chat;
pub use room::{RoomName, RoomNameError};
pub use site::SiteError;
