//! Layers by alias, and the `CHANNEL_LAYERS` that name them.
//!
//! [`ChannelLayers`] holds open layers; [`LayersConfig`] is what a configuration says about them,
//! before anybody opens one. What a backend's name means is not known here: this crate opens no
//! sockets.

use std::collections::BTreeMap;
use std::fmt;

use laureola_message::Value;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny};

use crate::layer::Layer;

/// The alias that is meant where none is named.
pub const DEFAULT_ALIAS: &str = "default";

/// Open layers by alias (Channels: `channels.layers.channel_layers`).
///
/// ```
/// use laureola_layers::{ChannelLayers, Layer, MemoryLayer};
///
/// let layers = ChannelLayers::new()
///     .with("default", Layer::new(MemoryLayer::new()))
///     .with("metrics", Layer::new(MemoryLayer::new().capacity(10_000)));
/// let metrics = layers.get("metrics")?;
/// # let _ = metrics;
/// assert_eq!(
///     layers.get("mail").unwrap_err().to_string(),
///     r#"no channel layer has the alias "mail"; there are: default, metrics"#
/// );
/// # Ok::<_, laureola_layers::registry::UnknownAlias>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ChannelLayers(BTreeMap<Box<str>, Layer>);

impl ChannelLayers {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more. A layer that had this alias is forgotten, not closed.
    #[must_use]
    pub fn with(mut self, alias: impl Into<Box<str>>, layer: Layer) -> Self {
        self.0.insert(alias.into(), layer);
        self
    }

    /// The layer with this alias (Channels: `get_channel_layer(alias)`).
    ///
    /// # Errors
    /// [`UnknownAlias`], which names those there are.
    pub fn get(&self, alias: &str) -> Result<&Layer, UnknownAlias> {
        self.0
            .get(alias)
            .ok_or_else(|| UnknownAlias::new(alias, self.aliases()))
    }

    /// Their aliases, sorted.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|alias| &**alias)
    }

    /// Closes every layer, one after the other.
    pub async fn close(&self) {
        for layer in self.0.values() {
            layer.close().await;
        }
    }
}

/// What a configuration shaped like Channels' `CHANNEL_LAYERS` says: per alias a backend's name and
/// its options. Reads from any format serde knows.
///
/// ```
/// use laureola_layers::LayersConfig;
///
/// let config: LayersConfig = serde_json::from_str(r#"{
///     "default": {
///         "BACKEND": "channels_redis.core.RedisChannelLayer",
///         "CONFIG": {"hosts": [["localhost", 6379]], "prefix": "chat"}
///     }
/// }"#)?;
/// let default = config.get("default")?;
/// assert_eq!(default.backend, "channels_redis.core.RedisChannelLayer");
/// assert_eq!(default.config.get("prefix").and_then(|prefix| prefix.as_str()), Some("chat"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct LayersConfig(BTreeMap<String, LayerConfig>);

impl LayersConfig {
    /// What it says about the layer with this alias.
    ///
    /// # Errors
    /// [`UnknownAlias`], which names those there are.
    pub fn get(&self, alias: &str) -> Result<&LayerConfig, UnknownAlias> {
        self.0
            .get(alias)
            .ok_or_else(|| UnknownAlias::new(alias, self.aliases()))
    }

    /// The aliases, sorted.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// One entry of [`LayersConfig`].
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerConfig {
    /// `BACKEND`: the backend's dotted Python name.
    #[serde(rename = "BACKEND")]
    pub backend: String,
    /// `CONFIG`: its options, a [`Value::Map`] in the order of the configuration; empty by default.
    #[serde(rename = "CONFIG", default = "no_options", deserialize_with = "options")]
    pub config: Value,
    /// What Channels takes instead of `CONFIG` under test.
    #[serde(rename = "TEST_CONFIG", default)]
    _test_config: Option<IgnoredAny>,
}

impl LayerConfig {
    /// An entry made in code. `config` is a [`Value::Map`].
    #[must_use]
    pub fn new(backend: impl Into<String>, config: Value) -> Self {
        Self {
            backend: backend.into(),
            config,
            _test_config: None,
        }
    }
}

/// Without the options' values: passwords and keys are among them.
impl fmt::Debug for LayerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = self.config.as_map().into_iter().flatten();
        let names: Vec<_> = options.filter_map(|(name, _)| name.as_str()).collect();
        f.debug_struct("LayerConfig")
            .field("backend", &self.backend)
            .field("options", &names)
            .finish()
    }
}

fn no_options() -> Value {
    Value::Map(Vec::new())
}

fn options<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    match Value::deserialize(deserializer)? {
        options @ Value::Map(_) => Ok(options),
        other => Err(de::Error::custom(format_args!(
            "CONFIG is of type {}, and must be a map of options",
            other.kind()
        ))),
    }
}

/// An alias nobody has given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no channel layer has the alias {alias:?}; there are: {known}")]
pub struct UnknownAlias {
    alias: String,
    known: String,
}

impl UnknownAlias {
    fn new<'a>(alias: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<_> = known.collect();
        Self {
            alias: alias.to_owned(),
            known: if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<LayersConfig, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn an_entry_needs_only_its_backend() {
        let config =
            read(r#"{"default": {"BACKEND": "a.B", "TEST_CONFIG": {"x": 1}}, "b": {"BACKEND": "c"}}"#);
        let config = config.expect("valid");
        let default = config.get(DEFAULT_ALIAS).expect("it is there");
        assert_eq!(
            (default.backend.as_str(), &default.config),
            ("a.B", &no_options())
        );
        assert_eq!(config.aliases().collect::<Vec<_>>(), ["b", "default"]);
    }

    #[test]
    fn options_keep_their_order() {
        let config = read(r#"{"default": {"BACKEND": "b", "CONFIG": {"z": 1, "a": 2}}}"#).expect("valid");
        let options = &config.get(DEFAULT_ALIAS).expect("it is there").config;
        let keys: Vec<_> = options
            .as_map()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .collect();
        assert_eq!(keys, [Some("z"), Some("a")]);
    }

    #[test]
    fn a_password_is_never_shown() {
        let config = read(r#"{"default": {"BACKEND": "b", "CONFIG": {"hosts": ["redis://:s3cret@h"]}}}"#);
        let shown = format!("{:?}", config.expect("valid"));
        assert!(shown.contains("hosts") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn what_is_no_entry_is_said() {
        for (json, expected) in [
            (r#"{"default": {"CONFIG": {}}}"#, "missing field `BACKEND`"),
            (
                r#"{"default": {"BACKEND": "b", "OPTIONS": {}}}"#,
                "unknown field `OPTIONS`",
            ),
            (
                r#"{"default": {"BACKEND": "b", "CONFIG": []}}"#,
                "CONFIG is of type list",
            ),
            (r#"{"default": "b"}"#, "invalid type: string"),
        ] {
            let error = read(json).expect_err("not valid");
            assert!(error.contains(expected), "{error}");
        }
        let none = LayersConfig::default();
        let error = none.get("default").expect_err("there is none").to_string();
        assert_eq!(
            error,
            "no channel layer has the alias \"default\"; there are: none"
        );
    }
}
