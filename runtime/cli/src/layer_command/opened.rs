//! The layer as an inspector needs it: its kind is known.

use anyhow::{Result, bail};
use laureola::Layer;
use laureola::layers::ChannelLayer;
use laureola::redis::{RedisChannelLayer, RedisPubSubChannelLayer};

use crate::layer::{Backend, Choice};

/// An open layer through Redis.
pub(super) enum Opened {
    Core(RedisChannelLayer),
    PubSub(RedisPubSubChannelLayer),
}

impl Opened {
    pub(super) async fn new(choice: Choice) -> Result<Self> {
        Ok(match choice.backend {
            Backend::Core(config) => Self::Core(RedisChannelLayer::connect(config).await?),
            Backend::PubSub(config) => Self::PubSub(RedisPubSubChannelLayer::connect(config).await?),
            Backend::Memory(_) => bail!("{} is not shared", choice.name),
        })
    }

    /// The layer, if it is of the core kind; else an error that says why the pub/sub one cannot do
    /// `what`.
    pub(super) fn core(&self, what: &str) -> Result<&RedisChannelLayer> {
        match self {
            Self::Core(layer) => Ok(layer),
            Self::PubSub(_) => bail!(
                "{what}: a pub/sub layer keeps nothing in Redis; members and what waits for them are known \
                 to their own processes only"
            ),
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Core(layer) => layer.close().await,
            Self::PubSub(layer) => layer.close().await,
        }
    }

    /// For what every layer can do.
    pub(super) fn into_layer(self) -> Layer {
        match self {
            Self::Core(layer) => Layer::new(layer),
            Self::PubSub(layer) => Layer::new(layer),
        }
    }
}
