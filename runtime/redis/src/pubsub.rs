//! The layer in the format of `channels_redis.pubsub`: `PUBLISH` and `SUBSCRIBE`, no keys.
//!
//! # Layout
//! - `layer`: [`RedisPubSubChannelLayer`]; `options`: what it can be told; `open`: how it connects
//! - `name`: what the Redis channels are called
//! - `topics`: what is wanted and what is confirmed; `subscriber`: the task that makes them agree
//! - `connection`: a subscribing connection, RESP3, RESP2 or to a Cluster; `publish`: the other one
//! - `inbox`, `fan_out`: from the connection to the mailboxes
//! - `outage`: who is told of gaps

mod connection;
mod fan_out;
mod inbox;
mod layer;
mod name;
mod open;
mod options;
mod outage;
mod publish;
mod subscriber;
mod topics;

pub use layer::RedisPubSubChannelLayer;
pub use options::{Protocol, PubSubBuilder};
