//! Channel layers through Redis, in the keys and bytes of channels_redis 4.x.
//!
//! Processes of Django Channels and of Laureola that use the same Redis and the same prefix share
//! channels and groups: each may send to, add and discard the other's channels. Redis 5 or later,
//! or Valkey.
//!
//! # Layout
//! - [`config`]: the options of channels_redis, with its names and defaults
//! - [`mod@core`]: the layer in the format of `channels_redis.core`
//! - [`pubsub`]: the layer in the format of `channels_redis.pubsub`
//! - `link`: the connection all commands share, and how it comes back
//! - `stop`, `backoff`: how tasks end, how long they pause
//! - [`probe`]: what can be asked of the servers without a layer
//! - [`url`]: a layer by its URL; [`error`]: why Redis did not do it
//!
//! # Example
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use laureola_layers::GroupName;
//! use std::collections::BTreeMap;
//!
//! let layer = laureola_redis::layer_from_url("redis://localhost:6379", "asgi").await?;
//! let lobby = GroupName::new("chat_lobby")?;
//! let (mut channel, mut mailbox) = layer.new_channel("specific").await?;
//! channel.group_add(&lobby).await?;
//!
//! let event = BTreeMap::from([("type", "chat.message"), ("message", "hello")]);
//! layer.group_send(&lobby, &event).await?;
//! assert_eq!(mailbox.recv().await.message().message_type(), Some("chat.message"));
//!
//! channel.close().await?;
//! layer.close().await;
//! # Ok(())
//! # }
//! ```

mod backoff;
pub mod config;
pub mod core;
pub mod error;
mod link;
pub mod probe;
pub mod pubsub;
mod stop;
pub mod url;

use laureola_layers::throttle;

pub use config::{Host, Membership, RedisConfig};
pub use core::RedisChannelLayer;
pub use error::RedisFault;
pub use pubsub::RedisPubSubChannelLayer;

pub use url::layer_from_url;
