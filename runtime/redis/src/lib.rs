//! Channel layers through Redis, in the keys and bytes of channels_redis 4.x.
//!
//! Processes of Django Channels and of Laureola that use the same Redis and the same prefix share
//! channels and groups: each may send to, add and discard the other's channels. Redis 5 or later,
//! or Valkey.
//!
//! # Layout
//! - [`config`]: the options of channels_redis, with its names and defaults
//! - [`layer`]: [`RedisChannelLayer`], and what each operation does to Redis
//! - `group`: a group send; `shard`: one server, its memberships and the tasks that tend them
//! - `receive`: the task that receives for this process; `listen`: the one behind a plain channel;
//!   `queue`: what they read; `blocking`: the connection they wait on
//! - `link`: the connection all commands share, and how it comes back
//! - `membership`, `leaving`: the groups of this process's channels, and those they are to leave
//! - `stop`, `backoff`, `throttle`: how tasks end, how long they pause, how often they complain
//! - `script`: what happens in Redis as one step; `key`, `clock`, `codec`, `random_prefix`: names,
//!   scores, messages, and the bytes that keep equal ones apart
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
mod blocking;
mod clock;
mod codec;
pub mod config;
pub mod error;
mod group;
mod key;
pub mod layer;
mod leaving;
mod link;
mod listen;
mod membership;
mod queue;
mod random_prefix;
mod receive;
mod script;
mod shard;
mod stop;
mod throttle;
pub mod url;

pub use config::{Host, RedisConfig};
pub use error::RedisFault;
pub use layer::RedisChannelLayer;
pub use url::layer_from_url;
