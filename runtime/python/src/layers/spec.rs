//! What kind of layer it is, and its options.

use std::time::Duration;

use laureola_layers::{Capacities, Layer, LayerError, MemoryLayer};
use laureola_redis::{RedisChannelLayer, RedisConfig, RedisPubSubChannelLayer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::encode::{self, Format};
use super::native;

/// Which backend, with what options.
#[derive(Debug)]
pub(super) enum Spec {
    Redis(RedisConfig),
    PubSub(RedisConfig),
    /// In memory, under a name that the whole process knows.
    Native(String, NativeOptions),
}

/// What a layer in memory is told.
#[derive(Clone, Debug)]
pub(super) struct NativeOptions {
    expiry: Duration,
    group_expiry: Duration,
    capacities: Capacities,
}

/// One exception of `channel_capacity`: a pattern, whether it is a regular expression, a capacity.
pub(super) type Exception = (String, bool, usize);

impl Spec {
    pub(super) fn redis(options: &Bound<'_, PyDict>, exceptions: &[Exception]) -> PyResult<Self> {
        Ok(Self::Redis(config(options, exceptions)?))
    }

    pub(super) fn pubsub(options: &Bound<'_, PyDict>, exceptions: &[Exception]) -> PyResult<Self> {
        Ok(Self::PubSub(config(options, exceptions)?))
    }

    pub(super) fn native(
        name: String,
        (capacity, exceptions): (usize, &[Exception]),
        [expiry, group_expiry]: [f64; 2],
    ) -> PyResult<Self> {
        let options = NativeOptions {
            expiry: seconds("expiry", expiry)?,
            group_expiry: seconds("group_expiry", group_expiry)?,
            capacities: capacities(exceptions)?.with_default(capacity),
        };
        Ok(Self::Native(name, options))
    }

    /// Opens it. Names of process-specific channels hold the client prefix, but for a layer in memory.
    pub(super) async fn open(&self, client_prefix: &str) -> Result<Layer, LayerError> {
        Ok(match self {
            Self::Redis(config) => {
                let config = config.clone().client_prefix(client_prefix);
                Layer::new(RedisChannelLayer::connect(config).await?)
            }
            Self::PubSub(config) => Layer::new(RedisPubSubChannelLayer::connect(config.clone()).await?),
            Self::Native(name, options) => native::get_or_insert(name, || options.layer()),
        })
    }

    pub(super) fn is_pubsub(&self) -> bool {
        matches!(self, Self::PubSub(_))
    }

    pub(super) fn is_core(&self) -> bool {
        matches!(self, Self::Redis(_))
    }

    /// Whether it belongs to the whole process, and is not ours to close.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Native(..))
    }
}

impl NativeOptions {
    fn layer(&self) -> Layer {
        let layer = MemoryLayer::new()
            .capacities(self.capacities.clone())
            .expiry(self.expiry)
            .group_expiry(self.group_expiry);
        Layer::new(layer)
    }
}

/// Reads keyword arguments as [`RedisConfig`] reads a `CONFIG`.
fn config(options: &Bound<'_, PyDict>, exceptions: &[Exception]) -> PyResult<RedisConfig> {
    let written = encode::map(options, Format::Msgpack, "CONFIG")?;
    let config: RedisConfig =
        rmp_serde::from_slice(&written).map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(config.channel_capacity(capacities(exceptions)?))
}

fn capacities(exceptions: &[Exception]) -> PyResult<Capacities> {
    let mut capacities = Capacities::default();
    for (pattern, is_regex, capacity) in exceptions {
        let added = if *is_regex {
            capacities.with_regex(pattern, *capacity)
        } else {
            capacities.with(pattern, *capacity)
        };
        capacities = added.map_err(|error| PyValueError::new_err(error.to_string()))?;
    }
    Ok(capacities)
}

fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value)
        .ok()
        .filter(|duration| *duration >= Duration::from_millis(1))
        .ok_or_else(|| {
            PyValueError::new_err(format!(
                "{name} is {value}, and must be a number of seconds above 0"
            ))
        })
}

/// The layer's format, as far as it decides what can be sent.
pub(super) fn format(options: &Bound<'_, PyDict>) -> PyResult<Format> {
    let is_json = match options.get_item("serializer_format")? {
        Some(name) => name.extract::<String>()? == "json",
        None => false,
    };
    Ok(if is_json { Format::Json } else { Format::Msgpack })
}
