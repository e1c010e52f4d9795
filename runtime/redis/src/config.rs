//! What a layer is told: the options of channels_redis, with its names and defaults.

use std::fmt;
use std::time::Duration;

use laureola_layers::LayerError;
use redis::IntoConnectionInfo;

use crate::error::{RedisFault, backend};

/// Options of a [`RedisChannelLayer`](crate::RedisChannelLayer). Every process that shares
/// channels must have the same `hosts`, `prefix` and `random_prefix_length`.
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
#[derive(Clone, Debug)]
pub struct RedisConfig {
    pub(crate) hosts: Vec<Host>,
    pub(crate) prefix: String,
    pub(crate) expiry: Duration,
    pub(crate) group_expiry: Duration,
    pub(crate) capacity: usize,
    pub(crate) random_prefix_length: usize,
}

impl Default for RedisConfig {
    /// `redis://localhost:6379` and the defaults of channels_redis.
    fn default() -> Self {
        Self::new("redis://localhost:6379")
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
            random_prefix_length: 12,
        }
    }

    /// The servers; for now exactly one. Default `redis://localhost:6379`.
    #[must_use]
    pub fn hosts<H: Into<Host>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.hosts = hosts.into_iter().map(Into::into).collect();
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

    /// How many random bytes stand in front of a message. Default 12.
    #[must_use]
    pub fn random_prefix_length(mut self, bytes: usize) -> Self {
        self.random_prefix_length = bytes;
        self
    }
}

/// Where a Redis server is: `redis://[[user]:password@]host[:port][/database]`.
#[derive(Clone)]
pub struct Host(String);

impl Host {
    /// Parses the URL.
    pub(crate) fn client(&self) -> Result<redis::Client, LayerError> {
        if !self.0.starts_with("redis://") {
            let scheme = self.0.split_once("://").map_or("none", |(scheme, _)| scheme);
            return Err(self.refused(format!("its scheme is {scheme}, and only redis:// is supported")));
        }
        let parsed = self.0.as_str().into_connection_info().and_then(|info| {
            // Commands are small and wait for each other's answers: none may wait for a full packet.
            let settings = info.tcp_settings().clone().set_nodelay(true);
            redis::Client::open(info.set_tcp_settings(settings))
        });
        parsed.map_err(|error| {
            // The parser's own words; they do not repeat the URL and its password.
            self.refused(format!(
                "{error}; write redis://[[user]:password@]host[:port][/database]"
            ))
        })
    }

    fn refused(&self, why: String) -> LayerError {
        backend(
            format!("the Redis host {self} cannot be used"),
            RedisFault::Host(why),
        )
    }
}

impl From<&str> for Host {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl From<String> for Host {
    fn from(url: String) -> Self {
        Self(url)
    }
}

/// The URL without user name and password.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once("://") {
            None => f.write_str(&self.0),
            Some((scheme, rest)) => {
                let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
                write!(f, "{scheme}://{place}")
            }
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let host = Host::from("redis://me:se@cret@example.com:1/0");
        assert_eq!(host.to_string(), "redis://example.com:1/0");
        assert_eq!(format!("{host:?}"), "\"redis://example.com:1/0\"");
    }

    #[test]
    fn other_schemes_are_refused_by_name() {
        let error = Host::from("amqp://x").client().expect_err("no redis");
        assert_eq!(
            error.source().expect("a reason").to_string(),
            "its scheme is amqp, and only redis:// is supported"
        );
        assert!(Host::from("redis://host:port").client().is_err());
        assert!(Host::from("localhost").client().is_err());
        assert!(Host::from("redis://:pw@localhost:7/1").client().is_ok());
    }
}
