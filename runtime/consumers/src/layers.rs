//! The channel layers a consumer may use.

use std::sync::Arc;

use laureola_layers::registry::{DEFAULT_ALIAS, UnknownAlias};
use laureola_layers::{ChannelLayers, Layer};

use crate::Result;

/// A consumer's channel layer, and the site's others by alias. Made of a [`Layer`] by `into()`, it is that one alone,
/// under the alias `default`.
///
/// ```
/// use laureola_consumers::Layers;
/// use laureola_layers::{ChannelLayers, Layer, MemoryLayer};
///
/// let all = ChannelLayers::new()
///     .with("default", Layer::new(MemoryLayer::new()))
///     .with("metrics", Layer::new(MemoryLayer::new().capacity(10_000)));
/// // Channels: `channel_layer_alias = "default"`.
/// let layers = Layers::new(all, "default")?;
/// assert!(layers.get("metrics").is_ok());
/// assert!(layers.get("mail").is_err());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Layers {
    own: Layer,
    named: Option<Arc<ChannelLayers>>,
}

impl Layers {
    /// Several layers; consumers have their channels and groups in the one with the alias `own` (Channels:
    /// `channel_layer_alias`).
    ///
    /// # Errors
    /// There is no such layer.
    pub fn new(layers: impl Into<Arc<ChannelLayers>>, own: &str) -> Result<Self, UnknownAlias> {
        let layers = layers.into();
        Ok(Self {
            own: layers.get(own)?.clone(),
            named: Some(layers),
        })
    }

    /// The layer in which consumers have their channels and groups.
    #[must_use]
    pub fn own(&self) -> &Layer {
        &self.own
    }

    /// The layer with this alias.
    ///
    /// # Errors
    /// There is none; the error names those there are.
    pub fn get(&self, alias: &str) -> Result<&Layer> {
        match &self.named {
            Some(layers) => Ok(layers.get(alias)?),
            None if alias == DEFAULT_ALIAS => Ok(&self.own),
            None => {
                let only = ChannelLayers::new().with(DEFAULT_ALIAS, self.own.clone());
                Err(only.get(alias).expect_err("it has only the default").into())
            }
        }
    }
}

impl From<Layer> for Layers {
    fn from(own: Layer) -> Self {
        Self { own, named: None }
    }
}

impl From<&Self> for Layers {
    fn from(layers: &Self) -> Self {
        layers.clone()
    }
}
