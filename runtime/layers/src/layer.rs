//! The trait backends implement, and the handle users hold.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use laureola_message::Message;
use serde::Serialize;

use crate::channel::Channel;
use crate::error::LayerError;
use crate::mailbox::Mailbox;
use crate::name::{ChannelName, GroupName};

/// Why a channel cannot be reopened.
pub const NOT_OURS: &str = "only channels that new_channel of this layer made can be opened again";
/// Why a channel cannot be reopened.
pub const IS_OPEN: &str = "the channel is open: it has its mailbox";

/// A channel layer's backend.
///
/// Backends write plain `async fn`; users hold a [`Layer`]. Every method may be called from any
/// task, and its future may be dropped at any await without losing a message of someone else.
pub trait ChannelLayer: Send + Sync + 'static {
    /// Opens a new process-specific channel, `<prefix>.<hex>!<hex>` or as the backend names it,
    /// whose messages arrive in the mailbox.
    fn new_channel(
        &self,
        prefix: &str,
    ) -> impl Future<Output = Result<(ChannelName, Mailbox), LayerError>> + Send;

    /// Opens a process-specific channel once more under the name that [`new_channel`] of this
    /// layer gave it, after it was closed or flushed away.
    ///
    /// Fails with [`LayerError::Unsupported`] where the name is not of this layer's making, or the
    /// channel is open.
    ///
    /// [`new_channel`]: ChannelLayer::new_channel
    fn reopen(&self, channel: &ChannelName) -> impl Future<Output = Result<Mailbox, LayerError>> + Send;

    /// Receives from a plain channel. Several receivers, here or elsewhere, compete for its
    /// messages.
    fn listen(&self, channel: &ChannelName) -> impl Future<Output = Result<Mailbox, LayerError>> + Send;

    /// Sends to one channel.
    ///
    /// Fails with [`LayerError::ChannelFull`] where the channel holds `capacity` messages.
    fn send(
        &self,
        channel: &ChannelName,
        message: Message,
    ) -> impl Future<Output = Result<(), LayerError>> + Send;

    /// Adds a channel, of whatever process, to a group.
    fn group_add(
        &self,
        group: &GroupName,
        channel: &ChannelName,
    ) -> impl Future<Output = Result<(), LayerError>> + Send;

    /// Removes a channel from a group; no error where it is not in it.
    fn group_discard(
        &self,
        group: &GroupName,
        channel: &ChannelName,
    ) -> impl Future<Output = Result<(), LayerError>> + Send;

    /// Sends to every member of a group; they need not have it yet when this returns. A member without room misses the
    /// message, silently.
    fn group_send(
        &self,
        group: &GroupName,
        message: Message,
    ) -> impl Future<Output = Result<(), LayerError>> + Send;

    /// Gives up a channel of this process after leaving `groups`.
    fn close_channel(
        &self,
        channel: &ChannelName,
        groups: Vec<GroupName>,
    ) -> impl Future<Output = Result<(), LayerError>> + Send;

    /// The same for a channel whose owner cannot wait: called from a drop. Must return at once,
    /// with the channel gone from this process; a task of the backend's own leaves the groups.
    fn abandon_channel(&self, channel: &ChannelName, groups: Vec<GroupName>);

    /// Forgets every channel, group and message. For tests.
    fn flush(&self) -> impl Future<Output = Result<(), LayerError>> + Send;

    /// Stops the backend's tasks, after they left the groups of abandoned channels.
    fn close(&self) -> impl Future<Output = ()> + Send;
}

/// A shared handle to a channel layer of any kind (Channels: `get_channel_layer()`).
///
/// Cost: one boxed future a call; nothing per delivery.
#[derive(Clone)]
pub struct Layer(Arc<dyn DynChannelLayer>);

impl Layer {
    /// A handle to `backend`.
    pub fn new(backend: impl ChannelLayer) -> Self {
        Self(Arc::new(backend))
    }

    /// Opens a channel of this process and the mailbox its messages arrive in. Channels' prefix is
    /// `specific`.
    ///
    /// # Errors
    /// [`LayerError::Name`] for a prefix that is no name; what the backend says.
    pub async fn new_channel(&self, prefix: &str) -> Result<(Channel, Mailbox), LayerError> {
        let (name, mailbox) = self.0.new_channel(prefix).await?;
        Ok((Channel::new(name, self.clone()), mailbox))
    }

    /// Opens a channel of this process again, under the name that [`Layer::new_channel`] gave it.
    /// It is in no group, and what was sent to it meanwhile is lost. For callers that know channels
    /// by their names only, such as Python's.
    ///
    /// # Errors
    /// [`LayerError::Unsupported`] for a name that is not of this layer's making, and for a channel
    /// that is open; what the backend says.
    pub async fn reopen(&self, channel: &ChannelName) -> Result<(Channel, Mailbox), LayerError> {
        let mailbox = self.0.reopen(channel).await?;
        Ok((Channel::new(channel.clone(), self.clone()), mailbox))
    }

    /// Receives from a plain channel, in competition with every other receiver of it.
    ///
    /// # Errors
    /// [`LayerError::Unsupported`] for a process-specific name; what the backend says.
    pub async fn listen(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        self.0.listen(channel).await
    }

    /// Sends to one channel, whose consumer sees it as an event (Channels: `send`).
    ///
    /// # Errors
    /// [`LayerError::ChannelFull`]; [`LayerError::Message`] unless `message` is a map with text
    /// keys; what the backend says.
    pub async fn send(&self, channel: &ChannelName, message: &impl Serialize) -> Result<(), LayerError> {
        self.send_message(channel, Message::new(message)?).await
    }

    /// [`Layer::send`] of a message made before.
    ///
    /// # Errors
    /// As [`Layer::send`].
    pub async fn send_message(&self, channel: &ChannelName, message: Message) -> Result<(), LayerError> {
        self.0.send(channel, message).await
    }

    /// Adds a channel to a group. Consumers use [`Channel::group_add`], which also leaves.
    ///
    /// # Errors
    /// What the backend says.
    pub async fn group_add(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        self.0.group_add(group, channel).await
    }

    /// Removes a channel from a group.
    ///
    /// # Errors
    /// What the backend says.
    pub async fn group_discard(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        self.0.group_discard(group, channel).await
    }

    /// Sends to every member of a group, encoded once (Channels: `group_send`).
    ///
    /// # Errors
    /// [`LayerError::Message`] unless `message` is a map with text keys; what the backend says.
    pub async fn group_send(&self, group: &GroupName, message: &impl Serialize) -> Result<(), LayerError> {
        self.group_send_message(group, Message::new(message)?).await
    }

    /// [`Layer::group_send`] of a message made before.
    ///
    /// # Errors
    /// What the backend says.
    pub async fn group_send_message(&self, group: &GroupName, message: Message) -> Result<(), LayerError> {
        self.0.group_send(group, message).await
    }

    /// Forgets every channel, group and message. For tests.
    ///
    /// # Errors
    /// What the backend says.
    pub async fn flush(&self) -> Result<(), LayerError> {
        self.0.flush().await
    }

    /// Stops the layer; calls after it fail with [`LayerError::Closed`] where they need it.
    pub async fn close(&self) {
        self.0.close().await;
    }

    pub(crate) async fn close_channel(
        &self,
        channel: &ChannelName,
        groups: Vec<GroupName>,
    ) -> Result<(), LayerError> {
        self.0.close_channel(channel, groups).await
    }

    pub(crate) fn abandon_channel(&self, channel: &ChannelName, groups: Vec<GroupName>) {
        self.0.abandon_channel(channel, groups);
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Layer")
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, LayerError>> + Send + 'a>>;

/// The object-safe mirror of [`ChannelLayer`]: the same methods, boxed.
trait DynChannelLayer: Send + Sync {
    fn new_channel<'a>(&'a self, prefix: &'a str) -> Boxed<'a, (ChannelName, Mailbox)>;
    fn reopen<'a>(&'a self, channel: &'a ChannelName) -> Boxed<'a, Mailbox>;
    fn listen<'a>(&'a self, channel: &'a ChannelName) -> Boxed<'a, Mailbox>;
    fn send<'a>(&'a self, channel: &'a ChannelName, message: Message) -> Boxed<'a, ()>;
    fn group_add<'a>(&'a self, group: &'a GroupName, channel: &'a ChannelName) -> Boxed<'a, ()>;
    fn group_discard<'a>(&'a self, group: &'a GroupName, channel: &'a ChannelName) -> Boxed<'a, ()>;
    fn group_send<'a>(&'a self, group: &'a GroupName, message: Message) -> Boxed<'a, ()>;
    fn close_channel<'a>(&'a self, channel: &'a ChannelName, groups: Vec<GroupName>) -> Boxed<'a, ()>;
    fn abandon_channel(&self, channel: &ChannelName, groups: Vec<GroupName>);
    fn flush(&self) -> Boxed<'_, ()>;
    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl<L: ChannelLayer> DynChannelLayer for L {
    fn new_channel<'a>(&'a self, prefix: &'a str) -> Boxed<'a, (ChannelName, Mailbox)> {
        Box::pin(ChannelLayer::new_channel(self, prefix))
    }

    fn reopen<'a>(&'a self, channel: &'a ChannelName) -> Boxed<'a, Mailbox> {
        Box::pin(ChannelLayer::reopen(self, channel))
    }

    fn listen<'a>(&'a self, channel: &'a ChannelName) -> Boxed<'a, Mailbox> {
        Box::pin(ChannelLayer::listen(self, channel))
    }

    fn send<'a>(&'a self, channel: &'a ChannelName, message: Message) -> Boxed<'a, ()> {
        Box::pin(ChannelLayer::send(self, channel, message))
    }

    fn group_add<'a>(&'a self, group: &'a GroupName, channel: &'a ChannelName) -> Boxed<'a, ()> {
        Box::pin(ChannelLayer::group_add(self, group, channel))
    }

    fn group_discard<'a>(&'a self, group: &'a GroupName, channel: &'a ChannelName) -> Boxed<'a, ()> {
        Box::pin(ChannelLayer::group_discard(self, group, channel))
    }

    fn group_send<'a>(&'a self, group: &'a GroupName, message: Message) -> Boxed<'a, ()> {
        Box::pin(ChannelLayer::group_send(self, group, message))
    }

    fn close_channel<'a>(&'a self, channel: &'a ChannelName, groups: Vec<GroupName>) -> Boxed<'a, ()> {
        Box::pin(ChannelLayer::close_channel(self, channel, groups))
    }

    fn abandon_channel(&self, channel: &ChannelName, groups: Vec<GroupName>) {
        ChannelLayer::abandon_channel(self, channel, groups);
    }

    fn flush(&self) -> Boxed<'_, ()> {
        Box::pin(ChannelLayer::flush(self))
    }

    fn close(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(ChannelLayer::close(self))
    }
}
