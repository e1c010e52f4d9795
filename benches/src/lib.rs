//! What the benches share: the chat's event, rooms to fan out to, and a sink that counts.
//!
//! Each way of delivering is a [`Room`], so that one loop measures ours and the naive ones alike.
//!
//! # Layout
//! - [`chat`]: the event and the browser's JSON, of the size the peers were measured with
//! - [`tally`]: counts deliveries, and what stands behind a consumer's sender instead of a socket
//! - [`room`]: the [`Room`] trait, and a room of bare mailboxes
//! - [`consumers`]: a room of real consumers
//! - [`naive`]: rooms as one writes them without a channel layer: the baselines
//! - [`sockets`]: rooms behind a server, and the bare loop beside them
//! - [`idle`]: the pieces of the bench of idle connections
//! - [`layer_peers`]: those of the bench beside channels_redis
//! - [`attack`]: those of the bench of attacks
//! - [`protocol`]: those of the bench beside bare hyper and tungstenite
//!
//! # Example
//! ```
//! use laureola_benches::chat::RoomEvent;
//! use laureola_benches::{LayerRoom, Room};
//! use laureola_layers::{Layer, MemoryLayer};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let layer = Layer::new(MemoryLayer::new());
//! let mut room = LayerRoom::open(&layer, &layer, 10).await?;
//! room.deliver(&RoomEvent::sample()).await?;
//! # Ok::<_, Box<dyn std::error::Error>>(()) })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

pub mod attack;
pub mod chat;
pub mod consumers;
pub mod idle;
pub mod layer_peers;
pub mod naive;
pub mod protocol;
pub mod room;
pub mod sockets;
pub mod tally;

pub use consumers::ConsumerRoom;
pub use naive::{NaiveRoom, NaiveTasks};
pub use room::{LayerRoom, Room, RoomError};
pub use tally::{CountingSink, Tally};
