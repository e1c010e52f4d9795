//! A layer by its URL, as the command line takes it.

use laureola_layers::{Layer, LayerError};

use crate::config::RedisConfig;
use crate::core::layer::RedisChannelLayer;

/// Connects a layer to `redis://[[user]:password@]host[:port][/database]`, with this key prefix
/// (channels_redis: `asgi`) and the defaults of [`RedisConfig`].
///
/// # Errors
/// As [`RedisChannelLayer::connect`].
pub async fn layer_from_url(url: &str, prefix: &str) -> Result<Layer, LayerError> {
    let config = RedisConfig::new(url).prefix(prefix);
    RedisChannelLayer::connect(config).await.map(Layer::new)
}
