//! What a worker consumer acts through.

use laureola_layers::{ChannelName, GroupName, Layer};
use serde::Serialize;

use crate::Result;
use crate::layers::Layers;

/// The channel a worker consumer works for.
#[derive(Debug)]
pub struct WorkerContext {
    channel: ChannelName,
    layers: Layers,
}

impl WorkerContext {
    pub(super) fn new(channel: ChannelName, layers: Layers) -> Self {
        Self { channel, layers }
    }

    /// The named channel (Channels: `scope["channel"]`).
    #[must_use]
    pub fn channel_name(&self) -> &ChannelName {
        &self.channel
    }

    /// The channel layer.
    #[must_use]
    pub fn layer(&self) -> &Layer {
        self.layers.own()
    }

    /// See [`Context::layer_named`](crate::Context::layer_named).
    ///
    /// # Errors
    /// No layer has this alias.
    pub fn layer_named(&self, alias: &str) -> Result<&Layer> {
        self.layers.get(alias)
    }

    /// Sends to one channel: of a consumer that waits for an answer, or another worker's.
    ///
    /// # Errors
    /// What the layer says.
    pub async fn send(&self, channel: &ChannelName, message: &impl Serialize) -> Result<()> {
        Ok(self.layer().send(channel, message).await?)
    }

    /// Sends to every member of a group.
    ///
    /// # Errors
    /// What the layer says.
    pub async fn group_send(&self, group: &GroupName, message: &impl Serialize) -> Result<()> {
        Ok(self.layer().group_send(group, message).await?)
    }
}
