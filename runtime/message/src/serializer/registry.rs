//! [`SerializersRegistry`]: serializers by the name that `serializer_format` gives.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{JsonSerializer, MsgpackSerializer, Serializer};

/// The serializers a layer may be configured with: `json`, `msgpack`, and those that were registered.
///
/// Counterpart of `channels_redis.serializers.registry`, except that it is a value that belongs to whoever configures
/// layers, and that it holds serializers and not their classes.
///
/// ```
/// use std::sync::Arc;
/// use laureola_message::SerializersRegistry;
/// use laureola_message::serializer::JsonSerializer;
///
/// let mut registry = SerializersRegistry::default();
/// registry.register("json-too", Arc::new(JsonSerializer));
/// assert!(registry.get("json-too").is_ok());
/// assert_eq!(
///     registry.get("pickle").unwrap_err().to_string(),
///     "no serializer is registered as \"pickle\"; there are json, json-too, msgpack"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct SerializersRegistry {
    by_name: BTreeMap<String, Arc<dyn Serializer>>,
}

/// There is no serializer of this name. Counterpart of `SerializerDoesNotExist`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no serializer is registered as {name:?}; there are {}", .known.join(", "))]
#[non_exhaustive]
pub struct UnknownSerializer {
    /// The name that was asked for.
    pub name: String,
    /// The names there are.
    pub known: Vec<String>,
}

impl SerializersRegistry {
    /// Adds a serializer, or replaces the one of this name, as Python's does.
    pub fn register(&mut self, name: impl Into<String>, serializer: Arc<dyn Serializer>) {
        self.by_name.insert(name.into(), serializer);
    }

    /// The serializer of this name.
    pub fn get(&self, name: &str) -> Result<Arc<dyn Serializer>, UnknownSerializer> {
        self.by_name.get(name).cloned().ok_or_else(|| UnknownSerializer {
            name: name.to_owned(),
            known: self.by_name.keys().cloned().collect(),
        })
    }
}

/// `json` and `msgpack`.
impl Default for SerializersRegistry {
    fn default() -> Self {
        let mut registry = Self {
            by_name: BTreeMap::new(),
        };
        registry.register("json", Arc::new(JsonSerializer));
        registry.register("msgpack", Arc::new(MsgpackSerializer));
        registry
    }
}
