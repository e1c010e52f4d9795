//! What a layer is told: the options of channels_redis, with its names and defaults.
//!
//! # Layout
//! - this file: [`RedisConfig`]
//! - [`host`]: where a server is, in every form of `hosts`; [`tls`]: whom to trust there
//! - `shape`: the same as Python and JSON write it; `address`: the URL strings of redis-py

use std::fmt;
use std::time::Duration;

use laureola_layers::mailbox::Overflow;
use laureola_layers::{Capacities, ChannelName};
use serde::Deserialize;

mod address;
pub mod host;
mod shape;
pub mod tls;

pub use host::{Host, HostError};
pub use tls::Tls;

/// Options of a layer through Redis. Every process that shares channels must have the same
/// `hosts` (in the same order), `prefix`, `random_prefix_length`, `serializer_format` and
/// `symmetric_encryption_keys`.
///
/// ```
/// use std::time::Duration;
/// use laureola_redis::RedisConfig;
///
/// let config = RedisConfig::new("redis://localhost:6379/1")
///     .prefix("chat")
///     .capacity(1_000)
///     .expiry(Duration::from_secs(10));
/// # let _ = config;
/// ```
///
/// It can also be read from the `CONFIG` of a `CHANNEL_LAYERS` entry in JSON, TOML or the like;
/// the keys are those of channels_redis, durations are seconds, and `membership`, `overflow` and
/// `heartbeat` are ours. An unknown key is an error.
///
/// ```
/// let config: laureola_redis::RedisConfig = serde_json::from_str(r#"{
///     "hosts": [["localhost", 6379], {"address": "rediss://cache.example", "db": 1}],
///     "prefix": "chat",
///     "capacity": 1000,
///     "channel_capacity": {"thumbnails": 10, "specific.*": 500}
/// }"#)?;
/// # let _ = config;
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Deserialize)]
#[serde(try_from = "shape::ConfigShape")]
pub struct RedisConfig {
    pub(crate) hosts: Vec<Host>,
    pub(crate) prefix: String,
    pub(crate) expiry: Duration,
    pub(crate) group_expiry: Duration,
    pub(crate) capacity: usize,
    pub(crate) channel_capacity: Capacities,
    pub(crate) symmetric_encryption_keys: Vec<String>,
    pub(crate) random_prefix_length: usize,
    pub(crate) serializer_format: String,
    pub(crate) membership: Membership,
    pub(crate) overflow: Overflow,
    pub(crate) heartbeat: Duration,
    pub(crate) client_prefix: Option<String>,
}

/// What a process writes into a group's key for its channels. Our own option (key `membership`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Membership {
    /// Each channel by its name, as channels_redis does and reads.
    #[default]
    Channel,
    /// One channel per process and group, from which the process hands on to its members: a group
    /// send costs Redis the same whatever their number, and only the first one that joins and the
    /// last one that leaves ask Redis. Processes of channels_redis send to such a group and are in
    /// it as ever; but no other process can discard a single member that joined here.
    Process,
}

impl Default for RedisConfig {
    /// `redis://localhost:6379` and the defaults of channels_redis.
    fn default() -> Self {
        Self::new(Host::default())
    }
}

impl RedisConfig {
    /// The defaults, on this host.
    pub fn new(host: impl Into<Host>) -> Self {
        Self {
            hosts: vec![host.into()],
            prefix: "asgi".to_owned(),
            expiry: Duration::from_secs(60),
            group_expiry: Duration::from_secs(86_400),
            capacity: 100,
            channel_capacity: Capacities::default(),
            symmetric_encryption_keys: Vec::new(),
            random_prefix_length: 12,
            serializer_format: "msgpack".to_owned(),
            membership: Membership::Channel,
            overflow: Overflow::DropOldest,
            heartbeat: Duration::from_secs(15),
            client_prefix: None,
        }
    }

    /// The servers; channels and groups are spread over them by their names. None: as
    /// [`Host::default`].
    #[must_use]
    pub fn hosts<H: Into<Host>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.hosts = hosts.into_iter().map(Into::into).collect();
        if self.hosts.is_empty() {
            self.hosts.push(Host::default());
        }
        self
    }

    /// What every key begins with. Default `asgi`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long a message waits to be received. Default 60 s, at least 1 ms.
    #[must_use]
    pub fn expiry(mut self, expiry: Duration) -> Self {
        self.expiry = expiry;
        self
    }

    /// How long a member stays in a group unless it is refreshed, which this layer does for its
    /// own channels. Default 86,400 s, at least 1 ms.
    #[must_use]
    pub fn group_expiry(mut self, expiry: Duration) -> Self {
        self.group_expiry = expiry;
        self
    }

    /// How many messages wait in a Redis key at most, and in each channel of this process.
    /// A process's channels share one key. Default 100, at least 1.
    #[must_use]
    pub fn capacity(mut self, messages: usize) -> Self {
        self.capacity = messages.max(1);
        self
    }

    /// Other capacities for some channels, by patterns of their full names. The default that
    /// `exceptions` itself holds does not count: [`RedisConfig::capacity`] does. Default none.
    #[must_use]
    pub fn channel_capacity(mut self, exceptions: Capacities) -> Self {
        self.channel_capacity = exceptions;
        self
    }

    /// Encrypts messages: the first key encrypts, any decrypts, so that keys can be rotated.
    /// Default none: messages are not encrypted.
    #[must_use]
    pub fn symmetric_encryption_keys<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.symmetric_encryption_keys = keys.into_iter().map(Into::into).collect();
        self
    }

    /// How many random bytes stand in front of a message. Default 12.
    #[must_use]
    pub fn random_prefix_length(mut self, bytes: usize) -> Self {
        self.random_prefix_length = bytes;
        self
    }

    /// How messages are written: `msgpack` (default), `json`, or the name of a registered
    /// serializer.
    #[must_use]
    pub fn serializer_format(mut self, name: impl Into<String>) -> Self {
        self.serializer_format = name.into();
        self
    }

    /// What stands in groups. Default [`Membership::Channel`].
    #[must_use]
    pub fn membership(mut self, membership: Membership) -> Self {
        self.membership = membership;
        self
    }

    /// What happens to a message for a channel of this process whose consumer is too slow.
    /// Default [`Overflow::DropOldest`], as in channels_redis.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// How long this process may give no sign of life until others take it for dead and remove
    /// its channels from groups. Default 15 s, at least 1 s.
    #[must_use]
    pub fn heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = heartbeat.max(Duration::from_secs(1));
        self
    }

    /// What stands for this process in its channels' names, 32 hexadecimal digits: for callers that
    /// have to know it before the layer connects. No two layers may have the same. Default: random.
    #[must_use]
    pub fn client_prefix(mut self, hex: impl Into<String>) -> Self {
        self.client_prefix = Some(hex.into());
        self
    }

    /// How many messages may wait for this channel.
    #[must_use]
    pub fn capacity_of(&self, channel: &ChannelName) -> usize {
        self.capacities().of(channel.as_str())
    }

    /// The capacity of each channel.
    pub(crate) fn capacities(&self) -> Capacities {
        self.channel_capacity.clone().with_default(self.capacity)
    }
}

/// Without the keys.
impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Taken apart, so that a new field has to be thought of here.
        let Self {
            hosts,
            prefix,
            expiry,
            group_expiry,
            capacity,
            channel_capacity,
            symmetric_encryption_keys,
            random_prefix_length,
            serializer_format,
            membership,
            overflow,
            heartbeat,
            client_prefix,
        } = self;
        f.debug_struct("RedisConfig")
            .field("hosts", hosts)
            .field("prefix", prefix)
            .field("expiry", expiry)
            .field("group_expiry", group_expiry)
            .field("capacity", capacity)
            .field("channel_capacity", channel_capacity)
            .field("encrypted", &!symmetric_encryption_keys.is_empty())
            .field("random_prefix_length", random_prefix_length)
            .field("serializer_format", serializer_format)
            .field("membership", membership)
            .field("overflow", overflow)
            .field("heartbeat", heartbeat)
            .field("client_prefix", client_prefix)
            .finish()
    }
}

#[cfg(test)]
mod tests;
