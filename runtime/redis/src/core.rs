//! The layer in the format of `channels_redis.core.RedisChannelLayer`.
//!
//! # Layout
//! - [`layer`]: [`RedisChannelLayer`]; [`inspect`], `owner`, [`gc`]: what operators ask of it
//! - `connect`, `inner`: from the options to what all operations share, and sends to a channel;
//!   `group`: a group send; `ring`: which of several servers holds a name
//! - `shard`: one server; `membership`, `leaving`: what this process has in its groups, and what is
//!   to leave them; `refresh`: the tasks that see to it
//! - `process`, `sweep`: who lives, and the members of those that died
//! - `receive`: the task that receives for this process; `listen`, `abandoned`: those behind a plain
//!   channel; `queue`: what they read; `blocking`: the connection they wait on
//! - `deliver`: into the mailboxes; `lookup`: those of busy groups; `dispatch`: `membership = "process"`;
//!   `gap`: who hears that Redis was away; `complaints`: what got lost
//! - `script`: what happens in Redis as one step; `key`, `clock`, `codec`, `random_prefix`: names,
//!   scores, messages, and the bytes that keep equal ones apart

mod abandoned;
mod blocking;
mod clock;
mod codec;
pub(crate) mod complaints;
mod connect;
mod deliver;
mod dispatch;
mod gap;
pub mod gc;
mod group;
mod inner;
pub mod inspect;
mod key;
mod known;
pub mod layer;
mod leaving;
mod listen;
mod lookup;
mod membership;
mod owner;
mod process;
mod queue;
mod random_prefix;
mod receive;
mod refresh;
pub(crate) mod ring;
mod script;
mod shard;
mod sweep;

pub use gc::GcReport;
pub use inspect::{Depth, GroupInfo, Ping};
pub use layer::RedisChannelLayer;
pub use owner::{Member, Owner};
