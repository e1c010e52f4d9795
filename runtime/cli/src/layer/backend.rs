//! The layers we know, and how one is opened.

use std::num::NonZeroUsize;
use std::time::Duration;

use laureola::layers::{Capacities, LayerConfig, LayerError};
use laureola::message::Value;
use laureola::redis::{RedisChannelLayer, RedisConfig, RedisPubSubChannelLayer};
use laureola::{Layer, MemoryLayer};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::all::Other;

/// The `prefix` of channels_redis.
pub(crate) const DEFAULT_PREFIX: &str = "asgi";

/// A layer that was chosen and is not open yet.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its kind and its options.
    pub backend: Backend,
    /// What its Redis keys begin with.
    pub prefix: String,
    /// The URL of its Redis, where it is one host that a URL names; others of the server may use it, too.
    pub redis: Option<String>,
    /// Its alias, where a file has one for it.
    pub(crate) alias: Option<String>,
    /// The other entries of that file.
    pub(crate) others: Vec<Other>,
    /// What to call it towards people: its URL without password, or the file and the alias.
    pub name: String,
}

/// A kind of layer with its options.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Backend {
    /// In this process's memory.
    Memory(MemoryOptions),
    /// The core format of channels_redis.
    Core(RedisConfig),
    /// The pub/sub format of channels_redis.
    PubSub(RedisConfig),
}

/// By the names that stand under `BACKEND`, Python's and our own for the same.
const KNOWN: [(&str, Kind); 6] = [
    ("channels_redis.core.RedisChannelLayer", Kind::Core),
    ("channels_redis.pubsub.RedisPubSubChannelLayer", Kind::PubSub),
    ("channels.layers.InMemoryChannelLayer", Kind::Memory),
    ("laureola.layers.RedisChannelLayer", Kind::Core),
    ("laureola.layers.RedisPubSubChannelLayer", Kind::PubSub),
    ("laureola.layers.NativeChannelLayer", Kind::Memory),
];

#[derive(Clone, Copy)]
enum Kind {
    Memory,
    Core,
    PubSub,
}

impl Backend {
    /// In memory, with a capacity and Channels' other defaults.
    pub(crate) fn memory(capacity: usize) -> Self {
        Self::Memory(MemoryOptions {
            capacity: NonZeroUsize::new(capacity),
            ..MemoryOptions::default()
        })
    }

    /// What an entry of `CHANNEL_LAYERS` means.
    ///
    /// # Errors
    /// A backend we do not know, or an option it does not take: which, and what is known.
    pub fn from_config(entry: &LayerConfig) -> Result<Self, String> {
        let found = KNOWN.iter().find(|(name, _)| *name == entry.backend);
        let Some((_, kind)) = found else {
            let known: Vec<_> = KNOWN.iter().map(|(name, _)| *name).collect();
            return Err(format!(
                "BACKEND {:?} is not known; known are {}",
                entry.backend,
                known.join(", ")
            ));
        };
        Ok(match kind {
            Kind::Memory => Self::Memory(options(&entry.config)?),
            Kind::Core => Self::Core(options(&entry.config)?),
            Kind::PubSub => Self::PubSub(options(&entry.config)?),
        })
    }

    /// Opens the layer.
    ///
    /// # Errors
    /// Redis cannot be reached, or refuses us.
    pub async fn open(self) -> Result<Layer, LayerError> {
        Ok(match self {
            Self::Memory(options) => Layer::new(options.layer()),
            Self::Core(config) => Layer::new(RedisChannelLayer::connect(config).await?),
            Self::PubSub(config) => Layer::new(RedisPubSubChannelLayer::connect(config).await?),
        })
    }
}

/// The options of Channels' `InMemoryChannelLayer`; times in seconds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, try_from = "MemoryShape")]
pub struct MemoryOptions {
    capacity: Option<NonZeroUsize>,
    expiry: Option<Duration>,
    group_expiry: Option<Duration>,
    channel_capacity: Option<Capacities>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemoryShape {
    capacity: Option<NonZeroUsize>,
    expiry: Option<f64>,
    group_expiry: Option<f64>,
    channel_capacity: Option<Value>,
}

impl MemoryOptions {
    fn layer(self) -> MemoryLayer {
        let mut layer = MemoryLayer::new();
        if let Some(capacities) = self.channel_capacity {
            layer = layer.capacities(capacities);
        }
        if let Some(capacity) = self.capacity {
            layer = layer.capacity(capacity.get());
        }
        if let Some(expiry) = self.expiry {
            layer = layer.expiry(expiry);
        }
        if let Some(expiry) = self.group_expiry {
            layer = layer.group_expiry(expiry);
        }
        layer
    }
}

impl TryFrom<MemoryShape> for MemoryOptions {
    type Error = String;

    fn try_from(shape: MemoryShape) -> Result<Self, String> {
        let seconds = |name: &str, value: Option<f64>| {
            let duration = |value: f64| {
                Duration::try_from_secs_f64(value)
                    .ok()
                    .filter(|duration| !duration.is_zero())
                    .ok_or_else(|| format!("{name} is {value}, and must be a number of seconds above 0"))
            };
            value.map(duration).transpose()
        };
        Ok(Self {
            capacity: shape.capacity,
            expiry: seconds("expiry", shape.expiry)?,
            group_expiry: seconds("group_expiry", shape.group_expiry)?,
            channel_capacity: shape.channel_capacity.as_ref().map(capacities).transpose()?,
        })
    }
}

/// `channel_capacity`: patterns and how many messages may wait, in order.
fn capacities(value: &Value) -> Result<Capacities, String> {
    let rules = value
        .as_map()
        .ok_or("channel_capacity must be a map of channel patterns to capacities")?;
    let mut capacities = Capacities::default();
    for (pattern, capacity) in rules {
        let pattern = pattern
            .as_str()
            .ok_or("a pattern in channel_capacity must be a text")?;
        let capacity = capacity
            .as_u64()
            .and_then(|capacity| usize::try_from(capacity).ok());
        let capacity = capacity
            .filter(|capacity| *capacity > 0)
            .ok_or_else(|| format!("the channel_capacity of {pattern:?} must be a number of at least 1"))?;
        capacities = capacities
            .with(pattern, capacity)
            .map_err(|error| error.to_string())?;
    }
    Ok(capacities)
}

/// Reads options, and says which one is wrong.
fn options<T: DeserializeOwned>(config: &Value) -> Result<T, String> {
    // Through JSON, because its reader keeps the order of channel_capacity and can say where it is.
    let text = serde_json::to_string(config).map_err(|error| error.to_string())?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let reason = error.inner().to_string();
        // The line and the column are those of our text, which nobody has seen.
        let reason = reason
            .rsplit_once(" at line ")
            .map_or(&*reason, |(reason, _)| reason);
        match error.path().to_string().as_str() {
            "." => format!("CONFIG: {reason}"),
            path => format!("CONFIG.{path}: {reason}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(name: &str, config: &str) -> Result<Backend, String> {
        let config = serde_json::from_str(config).expect("JSON");
        Backend::from_config(&LayerConfig::new(name, config))
    }

    #[test]
    fn every_known_name_has_its_layer() {
        for (name, _) in KNOWN {
            let backend = backend(name, "{}").expect("known");
            let expected = match &backend {
                Backend::Memory(_) => name.contains("Memory") || name.contains("Native"),
                Backend::Core(_) => name.ends_with("RedisChannelLayer"),
                Backend::PubSub(_) => name.ends_with("PubSubChannelLayer"),
            };
            assert!(expected, "{name}: {backend:?}");
        }
    }

    #[test]
    fn an_unknown_backend_is_said_with_those_that_are_known() {
        let error = backend("channels_rabbitmq.core.RabbitmqChannelLayer", "{}").expect_err("unknown");
        for expected in [
            "RabbitmqChannelLayer",
            "channels_redis.core.RedisChannelLayer",
            "laureola.layers.",
        ] {
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn options_of_the_memory_layer() {
        let name = "channels.layers.InMemoryChannelLayer";
        let config =
            r#"{"capacity": 7, "expiry": 0.5, "group_expiry": 60, "channel_capacity": {"b*": 1, "*": 2}}"#;
        let Ok(Backend::Memory(options)) = backend(name, config) else {
            panic!("the memory layer");
        };
        assert_eq!(options.expiry, Some(Duration::from_millis(500)));
        let capacities = options.channel_capacity.expect("given");
        assert_eq!((capacities.of("bc"), capacities.of("a")), (1, 2));
        for (config, expected) in [
            (r#"{"capacity": 0}"#, "CONFIG.capacity: "),
            (r#"{"expiry": -1}"#, "expiry is -1"),
            (r#"{"hosts": []}"#, "unknown field `hosts`"),
            (
                r#"{"channel_capacity": {"a": "b"}}"#,
                "the channel_capacity of \"a\"",
            ),
        ] {
            let error = backend(name, config).expect_err("not valid");
            assert!(error.contains(expected) && !error.contains("line"), "{error}");
        }
    }

    #[test]
    fn the_wrong_option_of_a_redis_layer_is_named() {
        for (config, expected) in [
            (r#"{"capacity": "many"}"#, "CONFIG.capacity: invalid type: string"),
            (
                r#"{"hosts": ["redis://a", ["b"]]}"#,
                "CONFIG.hosts[1]: a host in a list must be a pair",
            ),
            (r#"{"cpacity": 1}"#, "unknown field `cpacity`"),
        ] {
            let error = backend("channels_redis.core.RedisChannelLayer", config).expect_err("not valid");
            assert!(error.contains(expected), "{error}");
        }
    }
}
