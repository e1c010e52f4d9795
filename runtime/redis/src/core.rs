//! The layer in the format of `channels_redis.core.RedisChannelLayer`.
//!
//! # Layout
//! - [`layer`]: [`RedisChannelLayer`], and what each operation does to Redis
//! - `group`: a group send; `shard`: one server, its memberships and the tasks that tend them
//! - `receive`: the task that receives for this process; `listen`: the one behind a plain channel;
//!   `queue`: what they read; `blocking`: the connection they wait on
//! - `membership`, `leaving`: the groups of this process's channels, and those they are to leave
//! - `script`: what happens in Redis as one step; `key`, `clock`, `codec`, `random_prefix`: names,
//!   scores, messages, and the bytes that keep equal ones apart

mod blocking;
mod clock;
mod codec;
mod group;
mod key;
pub mod layer;
mod leaving;
mod listen;
mod membership;
mod queue;
mod random_prefix;
mod receive;
mod script;
mod shard;

pub use layer::RedisChannelLayer;
