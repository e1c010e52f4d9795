//! What a pub/sub layer is told beyond what both layers share.

use std::fmt;
use std::sync::Arc;

use laureola_layers::LayerError;
use laureola_message::SerializersRegistry;

use super::layer::RedisPubSubChannelLayer;
use super::outage::Hook;
use crate::config::RedisConfig;

/// Options of a [`RedisPubSubChannelLayer`]; made by [`RedisPubSubChannelLayer::builder`].
///
/// ```no_run
/// # async fn example() -> Result<(), laureola_layers::LayerError> {
/// use laureola_redis::{RedisConfig, RedisPubSubChannelLayer};
///
/// let layer = RedisPubSubChannelLayer::builder(RedisConfig::new("redis://localhost:6379"))
///     .on_disconnect(|| eprintln!("messages may be missed from here"))
///     .on_reconnect(|| eprintln!("to here"))
///     .connect()
///     .await?;
/// # drop(layer);
/// # Ok(())
/// # }
/// ```
#[must_use = "a layer exists once it is connected"]
pub struct PubSubBuilder {
    pub(super) config: RedisConfig,
    pub(super) protocol: Protocol,
    pub(super) kind: Kind,
    pub(super) serializers: SerializersRegistry,
    pub(super) on_disconnect: Option<Hook>,
    pub(super) on_reconnect: Option<Hook>,
}

/// How the subscribing connection speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// RESP3 where the server speaks it (Redis 6 and later), else RESP2.
    #[default]
    Newest,
    /// RESP2, for a proxy that only seems to speak RESP3.
    Resp2,
}

/// Which commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `PUBLISH`, at as many servers as there are hosts.
    Plain,
    /// `SPUBLISH`, in the Cluster of which the hosts are nodes.
    Sharded,
}

impl PubSubBuilder {
    pub(super) fn new(config: RedisConfig) -> Self {
        Self {
            config,
            protocol: Protocol::default(),
            kind: Kind::Plain,
            serializers: SerializersRegistry::default(),
            on_disconnect: None,
            on_reconnect: None,
        }
    }

    /// Uses sharded pub/sub (`SPUBLISH`, `SSUBSCRIBE`) in a Redis Cluster, 7 or later, so that a
    /// message goes to the nodes of its slot only. `hosts` are nodes of one Cluster; the others are
    /// found through them. All processes must do so: it is no part of channels_redis. Default:
    /// `PUBLISH` and `SUBSCRIBE`.
    pub fn sharded(mut self) -> Self {
        self.kind = Kind::Sharded;
        self
    }

    /// How to speak while subscribed; a Cluster always speaks RESP3. Default
    /// [`Protocol::Newest`].
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Where `serializer_format` is looked up. Default: `json` and `msgpack`.
    pub fn serializers(mut self, registry: SerializersRegistry) -> Self {
        self.serializers = registry;
        self
    }

    /// Is called when a subscribing connection is lost: messages may be missed from now on. Once
    /// an outage, however many servers are away. It must not wait. Consumers get
    /// [`Notice::Disconnected`](laureola_layers::Notice::Disconnected). Default: nothing.
    pub fn on_disconnect(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_disconnect = Some(Arc::new(hook));
        self
    }

    /// Is called when every connection is back with all its subscriptions. It must not wait.
    /// Consumers get [`Notice::Reconnected`](laureola_layers::Notice::Reconnected). Default:
    /// nothing.
    pub fn on_reconnect(mut self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_reconnect = Some(Arc::new(hook));
        self
    }

    /// Connects, within five seconds a server.
    ///
    /// # Errors
    /// [`LayerError::Backend`], whose text and source name the host and the reason;
    /// [`LayerError::Name`] for a `prefix` that cannot begin a channel's name.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(self) -> Result<RedisPubSubChannelLayer, LayerError> {
        RedisPubSubChannelLayer::open(self).await
    }
}

impl fmt::Debug for PubSubBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PubSubBuilder")
            .field("config", &self.config)
            .field("protocol", &self.protocol)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
