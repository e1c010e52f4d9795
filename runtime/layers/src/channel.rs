//! One consumer's channel; dropping it leaves every group.

use std::fmt;

use crate::error::LayerError;
use crate::layer::Layer;
use crate::name::{ChannelName, GroupName};

/// A channel of this process and the groups it joined.
///
/// [`Channel::close`] leaves them in order and says when that failed; a drop (a cancelled or
/// panicking consumer) hands the same work to the layer's background task, so that no dead member
/// stays behind until `group_expiry`.
pub struct Channel {
    name: ChannelName,
    layer: Layer,
    /// A few, as a rule.
    groups: Vec<GroupName>,
    closed: bool,
}

impl Channel {
    pub(crate) fn new(name: ChannelName, layer: Layer) -> Self {
        Self {
            name,
            layer,
            groups: Vec::new(),
            closed: false,
        }
    }

    /// The name others send to (Channels: `self.channel_name`).
    #[must_use]
    pub fn name(&self) -> &ChannelName {
        &self.name
    }

    /// The layer it belongs to.
    #[must_use]
    pub fn layer(&self) -> &Layer {
        &self.layer
    }

    /// Joins a group.
    ///
    /// # Errors
    /// What the backend says. The group counts as joined even then, for the backend may have
    /// added the channel before it failed; leaving it once too often is harmless.
    pub async fn group_add(&mut self, group: &GroupName) -> Result<(), LayerError> {
        if !self.groups.contains(group) {
            self.groups.push(group.clone());
        }
        self.layer.group_add(group, &self.name).await
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// What the backend says; the group is left again when the channel closes.
    pub async fn group_discard(&mut self, group: &GroupName) -> Result<(), LayerError> {
        self.layer.group_discard(group, &self.name).await?;
        self.groups.retain(|joined| joined != group);
        Ok(())
    }

    /// Leaves every group and gives the channel up.
    ///
    /// # Errors
    /// What the backend says. The channel is gone from this process even so.
    pub async fn close(mut self) -> Result<(), LayerError> {
        let groups = std::mem::take(&mut self.groups);
        // From here on a drop has nothing left to do: the call below owns the work.
        self.closed = true;
        self.layer.close_channel(&self.name, groups).await
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if !self.closed {
            self.layer
                .abandon_channel(&self.name, std::mem::take(&mut self.groups));
        }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("name", &self.name)
            .field("groups", &self.groups)
            .finish()
    }
}
