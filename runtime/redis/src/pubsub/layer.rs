//! The layer itself.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use laureola_layers::layer::IS_OPEN;
use laureola_layers::{
    Capacities, ChannelLayer, ChannelName, GroupName, LayerError, Mailbox, MailboxSender, mailbox,
};
use laureola_message::Message;
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::fan_out::{FanOut, now};
use super::options::PubSubBuilder;
use super::publish::Publisher;
use super::topics::{Topics, Wanted};
use crate::config::RedisConfig;
use crate::core::ring;
use crate::stop::Stopper;

/// How long closing may take.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);

/// A channel layer through Redis, in the messages of `channels_redis.pubsub.RedisPubSubChannelLayer`.
///
/// There are no keys: Redis passes a message to those who are subscribed when it comes, and forgets
/// it. So there is no `ChannelFull` and no expiry, nothing waits for a receiver that comes later,
/// and what is sent while a receiver's connection is away is lost to it. What a consumer does not
/// take waits in its mailbox, up to `capacity` messages, then goes by the `overflow` policy.
/// Before that, up to 65,536 messages or 32 MiB a server may wait to be fanned out; more are
/// dropped, newest first, with a line in the log; all that is lost here counts in
/// `laureola_layer_dropped_total{reason}`. `expiry`, `group_expiry`,
/// `random_prefix_length`, `membership` and `heartbeat` have no meaning here.
///
/// Unlike with the core layer, a plain channel is received by every process that listens to it
/// (within a process its receivers compete), only channels of this process can be added to groups,
/// a member that leaves misses what is still under way to it, and a channel's own name,
/// `<prefix>specific.<32 hex digits>`, has no `!`.
///
/// Per server there are two connections: one publishes, one is subscribed once per channel of this
/// process and once per group with a member here. When that one is lost, every open mailbox gets
/// [`Notice::Disconnected`](laureola_layers::Notice::Disconnected), calls that need it fail at once,
/// and when it is back with all subscriptions
/// [`Notice::Reconnected`](laureola_layers::Notice::Reconnected) follows. Order is kept per sender
/// and Redis channel.
///
/// Dropping the layer ends its tasks; [`ChannelLayer::close`] waits for their end.
pub struct RedisPubSubChannelLayer {
    pub(super) inner: Arc<Inner>,
    pub(super) closed: AtomicBool,
    pub(super) stop: Stopper,
    pub(super) tasks: Mutex<Tasks>,
}

/// What the tasks share with the layer.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) fan_out: Arc<FanOut>,
    pub(super) capacities: Capacities,
    pub(super) servers: Vec<Server>,
    pub(super) local: Mutex<Local>,
}

#[derive(Debug)]
pub(super) struct Server {
    pub(super) publisher: Publisher,
    pub(super) topics: Arc<Topics>,
}

/// Whatever decides what is wanted changes under one lock, so that a first member that comes while
/// a last one goes cannot end up without a subscription.
#[derive(Debug, Default)]
pub(super) struct Local {
    joined: HashMap<ChannelName, HashSet<GroupName>>,
    /// Plain channels that are listened to.
    plain: HashMap<ChannelName, MailboxSender>,
}

/// The tasks; they end with the layer.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    /// End by themselves when they are told to stop.
    pub(super) finishing: JoinSet<()>,
    /// Go on until they are aborted.
    pub(super) endless: JoinSet<()>,
}

impl RedisPubSubChannelLayer {
    /// Connects, within five seconds a server, with no options but `config`.
    ///
    /// # Errors
    /// As [`PubSubBuilder::connect`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(config: RedisConfig) -> Result<Self, LayerError> {
        Self::builder(config).connect().await
    }

    /// A layer with further options.
    pub fn builder(config: RedisConfig) -> PubSubBuilder {
        PubSubBuilder::new(config)
    }

    fn opened(&self) -> Result<(), LayerError> {
        if self.closed.load(Ordering::Relaxed) {
            Err(LayerError::Closed)
        } else {
            Ok(())
        }
    }

    async fn publish(&self, what: &str, topic: &str, message: &Message) -> Result<(), LayerError> {
        let payload = self
            .inner
            .fan_out
            .codec
            .seal(&[], message, None, now())
            .map_err(|error| LayerError::Backend {
                context: "the message cannot be sent in the layer's serializer_format".to_owned(),
                source: Box::new(error),
            })?;
        let server = self.inner.server(topic);
        server.publisher.publish(what, topic, &payload).await
    }
}

impl Inner {
    /// The server a Redis channel belongs to.
    fn server(&self, topic: &str) -> &Server {
        &self.servers[ring::position(topic, self.servers.len())]
    }

    /// Receives for a channel that is not open.
    async fn open(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        let (sender, receiver) = mailbox(self.capacities.of(channel.as_str()));
        let wanted = {
            let _local = self.local.lock();
            if !self.fan_out.directory.insert_new(channel, sender) {
                return Err(LayerError::Unsupported(IS_OPEN));
            }
            self.server(channel.as_str()).topics.want(channel.as_str())
        };
        // Whether this fails or its future is dropped: the caller has no mailbox.
        let mut undo = Undo {
            inner: self,
            channel: Some(channel),
        };
        self.subscribed(channel.as_str(), wanted).await?;
        undo.channel = None;
        drop(undo);
        Ok(receiver)
    }

    async fn subscribed(&self, topic: &str, wanted: Wanted) -> Result<(), LayerError> {
        let answer = wanted.answer().await;
        let publisher = &self.server(topic).publisher;
        answer.map_err(|fault| publisher.failed("subscribe", fault))
    }

    /// Leaves a group, under the lock.
    fn part(&self, local: &mut Local, group: &GroupName, channel: &ChannelName) {
        if let Some(groups) = local.joined.get_mut(channel) {
            groups.remove(group);
            if groups.is_empty() {
                local.joined.remove(channel);
            }
        }
        let groups = &self.fan_out.groups;
        if groups.len(group) == 0 {
            return;
        }
        groups.discard(group, channel);
        if groups.len(group) == 0 {
            let topic = self.fan_out.names.group(group);
            self.server(&topic).topics.give_up(&topic);
        }
    }

    /// Takes a channel out of this process.
    fn forget(&self, channel: &ChannelName, groups: Vec<GroupName>) {
        self.forget_from(&mut self.local.lock(), channel, groups);
    }

    /// The same, under the lock.
    fn forget_from(&self, local: &mut Local, channel: &ChannelName, groups: Vec<GroupName>) {
        let joined = local.joined.remove(channel).unwrap_or_default();
        for group in joined.into_iter().chain(groups) {
            self.part(local, &group, channel);
        }
        if self.fan_out.directory.remove(channel).is_some() {
            self.server(channel.as_str()).topics.give_up(channel.as_str());
        }
    }

    /// Gives a plain channel up when nobody listens any more.
    async fn watch(self: Arc<Self>, channel: ChannelName, mailbox: MailboxSender) {
        loop {
            mailbox.closed().await;
            let mut local = self.local.lock();
            // Else somebody has come meanwhile.
            if !mailbox.is_received() {
                // As one step: who listens meanwhile must not find half of it.
                local.plain.remove(&channel);
                return self.forget_from(&mut local, &channel, Vec::new());
            }
        }
    }

    fn clear(&self) {
        let mut local = self.local.lock();
        *local = Local::default();
        self.fan_out.groups.clear();
        self.fan_out.directory.clear();
        for server in &self.servers {
            server.topics.clear();
        }
    }
}

impl ChannelLayer for RedisPubSubChannelLayer {
    async fn new_channel(&self, prefix: &str) -> Result<(ChannelName, Mailbox), LayerError> {
        self.opened()?;
        let inner = &self.inner;
        let name = inner.fan_out.names.new_channel(prefix)?;
        let receiver = inner.open(&name).await?;
        Ok((name, receiver))
    }

    /// Any process may take over a channel of this layer: nothing in its name says whose it is.
    async fn reopen(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        self.opened()?;
        self.inner.open(channel).await
    }

    async fn listen(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        self.opened()?;
        let inner = &self.inner;
        let (receiver, wanted) = {
            let mut local = inner.local.lock();
            let directory = &inner.fan_out.directory;
            let receiver = match local.plain.get(channel) {
                Some(sender) => sender.subscribe(),
                None if directory.get(channel.as_str()).is_some() => {
                    return Err(LayerError::Unsupported(
                        "only a plain channel can be listened to; one of this process has its mailbox",
                    ));
                }
                None => {
                    let (sender, receiver) = mailbox(inner.capacities.of(channel.as_str()));
                    local.plain.insert(channel.clone(), sender.clone());
                    directory.insert(channel.clone(), sender.clone());
                    let mut tasks = self.tasks.lock();
                    // Those whose channel was given up.
                    while tasks.endless.try_join_next().is_some() {}
                    tasks
                        .endless
                        .spawn(Arc::clone(inner).watch(channel.clone(), sender));
                    receiver
                }
            };
            let topic = channel.as_str();
            (receiver, inner.server(topic).topics.want(topic))
        };
        inner.subscribed(channel.as_str(), wanted).await?;
        Ok(receiver)
    }

    async fn send(&self, channel: &ChannelName, message: Message) -> Result<(), LayerError> {
        self.opened()?;
        self.publish("send", channel.as_str(), &message).await
    }

    async fn group_add(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        self.opened()?;
        let inner = &self.inner;
        let topic = inner.fan_out.names.group(group);
        let wanted = {
            let mut local = inner.local.lock();
            let Some(mailbox) = inner.fan_out.directory.get(channel.as_str()) else {
                return Err(LayerError::Unsupported(
                    "the pub/sub layer adds only channels of this process to groups: add the channel that new_channel gave",
                ));
            };
            let joined = local.joined.entry(channel.clone()).or_default();
            joined.insert(group.clone());
            inner.fan_out.groups.add(group, channel, mailbox);
            inner.server(&topic).topics.want(&topic)
        };
        inner.subscribed(&topic, wanted).await
    }

    async fn group_discard(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        let mut local = self.inner.local.lock();
        self.inner.part(&mut local, group, channel);
        Ok(())
    }

    async fn group_send(&self, group: &GroupName, message: Message) -> Result<(), LayerError> {
        self.opened()?;
        let topic = self.inner.fan_out.names.group(group);
        self.publish("send to a group", &topic, &message).await
    }

    async fn close_channel(&self, channel: &ChannelName, groups: Vec<GroupName>) -> Result<(), LayerError> {
        self.inner.forget(channel, groups);
        Ok(())
    }

    fn abandon_channel(&self, channel: &ChannelName, groups: Vec<GroupName>) {
        self.inner.forget(channel, groups);
    }

    /// Forgets every channel and group of this process. Redis holds nothing to forget.
    async fn flush(&self) -> Result<(), LayerError> {
        self.inner.clear();
        Ok(())
    }

    async fn close(&self) {
        if self.closed.swap(true, Ordering::Relaxed) {
            return;
        }
        self.inner.clear();
        self.stop.stop();
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        let finished = timeout(CLOSE_DEADLINE, async {
            while tasks.finishing.join_next().await.is_some() {}
        });
        if finished.await.is_err() {
            tracing::warn!(
                "redis did not answer while the channel layer closed: its connections are dropped"
            );
        }
        tasks.finishing.shutdown().await;
        tasks.endless.shutdown().await;
    }
}

/// Forgets a channel that nobody was told of.
struct Undo<'a> {
    inner: &'a Inner,
    channel: Option<&'a ChannelName>,
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Some(channel) = self.channel {
            self.inner.forget(channel, Vec::new());
        }
    }
}

impl fmt::Debug for RedisPubSubChannelLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisPubSubChannelLayer")
            .field("servers", &self.inner.servers)
            .finish_non_exhaustive()
    }
}
