//! Channel layers: how consumers, in this process or another, talk to each other.
//!
//! The semantics are those of the *Channel Layer Specification* of Django Channels: messages are
//! delivered at most once, a process-specific channel keeps its order, `send` to a full channel
//! fails with [`LayerError::ChannelFull`], a group send never does.
//!
//! # Layout
//! - [`name`]: channel and group names, validated when they are made
//! - [`layer`]: the [`ChannelLayer`] trait backends implement, and the [`Layer`] handle users hold
//! - [`channel`]: one consumer's channel; dropping it leaves every group
//! - [`capacity`]: how many messages may wait, by channel name
//! - [`notice`]: what a consumer may want to know besides its messages
//! - [`mod@mailbox`]: the bounded queue behind a channel
//! - [`relay`]: direct delivery, past the receiver
//! - [`measure`]: what is counted, and under which name
//! - [`directory`]: which mailboxes this process has, by channel name
//! - [`group`]: group membership and the chunked fan-out
//! - `lane`: what waits for a group while it is fanned out to
//! - [`memory`]: the in-memory layer
//! - [`registry`]: layers by alias, and the `CHANNEL_LAYERS` that name them
//! - [`throttle`]: how often a layer complains
//! - [`error`]: what a layer fails with
//! - `conformance` (feature): what every layer must do, as checks for a backend's tests
//!
//! # Example
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! use laureola_layers::{GroupName, Layer, MemoryLayer};
//!
//! #[derive(serde::Serialize, serde::Deserialize)]
//! #[serde(tag = "type")]
//! enum RoomEvent {
//!     #[serde(rename = "chat.message")]
//!     Message { message: String },
//! }
//!
//! let layer = Layer::new(MemoryLayer::default());
//! let room = GroupName::new("chat_lobby")?;
//! let (mut channel, mut mailbox) = layer.new_channel("specific").await?;
//! channel.group_add(&room).await?;
//! layer.group_send(&room, &RoomEvent::Message { message: "hello".into() }).await?;
//!
//! let delivery = mailbox.recv().await;
//! let RoomEvent::Message { message } = delivery.message().decode()?;
//! assert_eq!(message, "hello");
//! # Ok::<_, Box<dyn std::error::Error>>(()) })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

pub mod capacity;
pub mod channel;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod directory;
pub mod error;
pub mod group;
mod lane;
pub mod layer;
pub mod mailbox;
pub mod measure;
pub mod memory;
pub mod name;
pub mod notice;
pub mod registry;
pub mod relay;
pub mod throttle;

pub use capacity::{Capacities, CapacityError};
pub use channel::Channel;
pub use error::LayerError;
pub use layer::{ChannelLayer, Layer};
pub use mailbox::{Mailbox, MailboxSender, mailbox};
pub use memory::MemoryLayer;
pub use name::{ChannelName, GroupName, NameError};
pub use notice::Notice;
pub use registry::{ChannelLayers, LayerConfig, LayersConfig};
pub use relay::Relay;
