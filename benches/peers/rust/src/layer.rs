//! The channel layer, by the command line.

use clap::ValueEnum;
use laureola::layers::LayerError;
use laureola::redis::{Membership, RedisChannelLayer, RedisConfig, RedisPubSubChannelLayer};
use laureola::{Layer, MemoryLayer};

/// Which channel layer, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct LayerArgs {
    /// The channel layer.
    #[arg(long, value_enum, default_value_t = Kind::Memory)]
    layer: Kind,

    /// Where Redis is, for the layers that need it.
    #[arg(long, default_value = "redis://127.0.0.1:6379")]
    redis: String,

    /// Messages that may wait in a channel.
    #[arg(long, default_value_t = 100)]
    capacity: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// In memory.
    Memory,
    /// As channels_redis.core.
    Core,
    /// The same with one member for each process in Redis.
    CoreProcess,
    /// As channels_redis.pubsub.
    Pubsub,
}

impl LayerArgs {
    pub(crate) async fn open(&self) -> Result<Layer, LayerError> {
        let config = RedisConfig::new(self.redis.as_str()).capacity(self.capacity);
        let config = match self.layer {
            Kind::CoreProcess => config.membership(Membership::Process),
            _ => config,
        };
        Ok(match self.layer {
            Kind::Memory => Layer::new(MemoryLayer::new().capacity(self.capacity)),
            Kind::Core | Kind::CoreProcess => Layer::new(RedisChannelLayer::connect(config).await?),
            Kind::Pubsub => Layer::new(RedisPubSubChannelLayer::connect(config).await?),
        })
    }
}
