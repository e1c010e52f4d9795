//! `--channel-layer` and what it opens.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

use laureola::layers::LayerError;
use laureola::redis::{RedisChannelLayer, RedisConfig};
use laureola::{Layer, MemoryLayer};

/// Which channel layer to use.
#[derive(Clone, PartialEq, Eq)]
pub enum LayerUrl {
    /// `memory://`: this process alone.
    Memory,
    /// `redis://…`: shared, in the format of channels_redis.
    Redis(String),
}

impl LayerUrl {
    /// Opens the layer.
    ///
    /// # Errors
    /// Redis cannot be reached, or refuses us.
    pub async fn open(&self, prefix: &str, capacity: NonZeroUsize) -> Result<Layer, LayerError> {
        let capacity = capacity.get();
        match self {
            Self::Memory => Ok(Layer::new(MemoryLayer::new().capacity(capacity))),
            Self::Redis(url) => {
                let config = RedisConfig::new(url.as_str()).prefix(prefix).capacity(capacity);
                Ok(Layer::new(RedisChannelLayer::connect(config).await?))
            }
        }
    }
}

impl FromStr for LayerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("redis", rest)) if !rest.is_empty() => Ok(Self::Redis(text.to_owned())),
            _ => Err("expected memory:// or redis://host[:port][/db]".to_owned()),
        }
    }
}

/// The URL without its password.
impl fmt::Display for LayerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory://"),
            Self::Redis(url) => {
                let rest = url.strip_prefix("redis://").unwrap_or(url);
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                write!(f, "redis://{host}")
            }
        }
    }
}

impl fmt::Debug for LayerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url: LayerUrl = "redis://:s3cret@cache:6380/2".parse().expect("valid");
        assert_eq!(
            format!("{url} {url:?}"),
            "redis://cache:6380/2 redis://cache:6380/2"
        );
    }

    #[test]
    fn only_known_schemes() {
        for text in ["memory://", "redis://localhost"] {
            assert_eq!(text.parse::<LayerUrl>().expect("valid").to_string(), text);
        }
        for text in [
            "",
            "memory",
            "memory://x",
            "redis://",
            "http://localhost",
            "localhost:6379",
        ] {
            assert!(text.parse::<LayerUrl>().is_err(), "{text}");
        }
    }
}
