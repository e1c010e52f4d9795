//! The layer itself.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use laureola_layers::layer::{IS_OPEN, NOT_OURS};
use laureola_layers::{ChannelLayer, ChannelName, GroupName, LayerError, Mailbox, mailbox};
use laureola_message::{Message, SerializersRegistry};
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::config::RedisConfig;
use crate::core::gap::herald;
use crate::core::group;
use crate::core::group::lane::{Entered, Turn};
use crate::core::inner::Inner;
use crate::core::listen::Listen;
use crate::core::receive::Receive;
use crate::core::shard::Shard;
use crate::stop::Stopper;

/// How long closing may take.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);
/// How many prefixes channels may be made with: each has a connection of its own.
const MAX_PREFIXES: usize = 16;

/// A channel layer through Redis, in the keys and bytes of `channels_redis.core.RedisChannelLayer`.
///
/// Connections: one per host for all commands; one that receives for every channel of this process
/// (per prefix given to `new_channel`; the usual `specific` is one); and one per host for each
/// plain channel that is listened to. While a host is away, calls that need it fail at once with
/// [`LayerError::Backend`]; connections, and after a restart of Redis also the memberships of this
/// process, come back by themselves, and every open mailbox gets
/// [`Notice::Disconnected`](laureola_layers::Notice::Disconnected) and then
/// [`Notice::Reconnected`](laureola_layers::Notice::Reconnected).
///
/// Delivery is at most once. A process-specific channel keeps the order in which one process sends
/// to it; so does a plain one as long as there is one host. Beyond what the specification allows
/// to be lost (expiry, capacity), a message is lost where the connection dies between the server's
/// pop and its answer, and with a process that dies.
///
/// A group send takes one or two round trips. What is sent to a group while this process is sending to it waits for
/// that, and then shares the round trips of all that wait (up to 64 messages): in one go, and in the order of sending.
///
/// A mailbox holds as many messages as the channel's capacity;
/// [`RedisConfig::overflow`] says what happens to more, which nobody else pays for. Lost messages
/// are counted in `laureola_layer_dropped_total{reason}`.
///
/// Members of this process never grow older than `group_expiry` while it lives. A message does not
/// say which group it came through, so this holds for groups it joined itself, and not for those
/// another process put a channel of ours into.
///
/// With `membership = "process"` another process can add a channel of ours to a group and discard
/// it again, but not discard one that joined here.
///
/// # Keys of its own
/// Beside the keys of channels_redis, which has no use for them and never sees them: a process that
/// put a channel into a group enters itself into `<prefix>:laureola:processes`, renews
/// `<prefix>:laureola:alive:<process>` and lists its groups in `<prefix>:laureola:groups:<process>`,
/// on the host of the group. Where the second is missing, any other process removes the members;
/// that takes [`RedisConfig::heartbeat`] at most. Members of Python's processes are in no such list
/// and stay; [`RedisChannelLayer::gc`] removes them by their age.
///
/// # End
/// [`ChannelLayer::close`] leaves every group; dropping the layer without it ends its tasks, and
/// leaves the members to the next process of Laureola that finds the heartbeat missing.
pub struct RedisChannelLayer {
    inner: Arc<Inner>,
    closed: AtomicBool,
    /// Prefixes whose channels are received for.
    received: Mutex<HashSet<Box<str>>>,
    stop: Stopper,
    tasks: Mutex<Tasks>,
    /// Where they run.
    runtime: Handle,
}

/// The tasks; they end with the layer.
#[derive(Debug, Default)]
struct Tasks {
    /// End by themselves when they are told to stop.
    finishing: JoinSet<()>,
    /// Go on until they are aborted.
    endless: JoinSet<()>,
}

impl RedisChannelLayer {
    /// Connects to every host, within five seconds.
    ///
    /// # Errors
    /// [`LayerError::Backend`], whose text and source name the host and the reason: an
    /// unsupported URL, a server that cannot be reached, a wrong password; or a
    /// `serializer_format` that is neither `msgpack` nor `json`.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(config: RedisConfig) -> Result<Self, LayerError> {
        Self::connect_with(config, &SerializersRegistry::default()).await
    }

    /// [`RedisChannelLayer::connect`] with serializers of one's own for `serializer_format`.
    ///
    /// # Errors
    /// As [`RedisChannelLayer::connect`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect_with(
        config: RedisConfig,
        serializers: &SerializersRegistry,
    ) -> Result<Self, LayerError> {
        let inner = Arc::new(Inner::connect(config, serializers).await?);
        let stop = Stopper::default();
        let mut tasks = Tasks::default();
        for shard in &inner.shards {
            let returns = shard.link.returns();
            tasks.finishing.spawn(Arc::clone(shard).leave(stop.listener()));
            tasks.finishing.spawn(Arc::clone(shard).live(stop.listener()));
            tasks
                .endless
                .spawn(Arc::clone(shard).refresh(returns, inner.gaps.clone()));
            tasks.endless.spawn(Arc::clone(&shard.link).keep());
        }
        tasks
            .endless
            .spawn(herald(inner.gaps.listener(), Arc::clone(&inner.local)));
        Ok(Self {
            inner,
            closed: AtomicBool::new(false),
            received: Mutex::default(),
            stop,
            tasks: Mutex::new(tasks),
            runtime: Handle::current(),
        })
    }

    pub(crate) fn shards(&self) -> &[Arc<Shard>] {
        &self.inner.shards
    }

    /// The server of a group, or of a non-local name.
    pub(crate) fn shard(&self, name: &str) -> &Arc<Shard> {
        self.inner.shard(name)
    }

    fn open(&self) -> Result<(), LayerError> {
        if self.closed.load(Ordering::Relaxed) {
            Err(LayerError::Closed)
        } else {
            Ok(())
        }
    }

    /// Starts the task that receives for a prefix, if it is not running.
    fn receive_for(&self, prefix: &str, channel: &ChannelName) -> Result<(), LayerError> {
        let mut received = self.received.lock();
        if received.contains(prefix) {
            return Ok(());
        }
        if received.len() >= MAX_PREFIXES {
            return Err(LayerError::Unsupported(
                "new_channel takes at most 16 different prefixes: use a plain channel",
            ));
        }
        received.insert(prefix.into());
        let shard = self.inner.shard(channel.non_local());
        let receive = Receive {
            queue: self.inner.queue(shard, channel),
        };
        self.tasks
            .lock()
            .finishing
            .spawn(receive.run(self.stop.listener()));
        Ok(())
    }
}

impl ChannelLayer for RedisChannelLayer {
    async fn new_channel(&self, prefix: &str) -> Result<(ChannelName, Mailbox), LayerError> {
        self.open()?;
        let name = ChannelName::process_specific(prefix, self.inner.process.as_str())?;
        self.receive_for(prefix, &name)?;
        let (sender, receiver) = mailbox(self.inner.capacities.of(name.as_str()));
        self.inner.local.directory.insert(name.clone(), sender);
        Ok((name, receiver))
    }

    async fn reopen(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        self.open()?;
        let prefix = channel
            .prefix_of(self.inner.process.as_str())
            .ok_or(LayerError::Unsupported(NOT_OURS))?;
        self.receive_for(prefix, channel)?;
        let (sender, receiver) = mailbox(self.inner.capacities.of(channel.as_str()));
        if self.inner.local.directory.insert_new(channel, sender) {
            Ok(receiver)
        } else {
            Err(LayerError::Unsupported(IS_OPEN))
        }
    }

    async fn listen(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        self.open()?;
        if channel.is_process_specific() {
            return Err(LayerError::Unsupported(
                "only a plain channel can be listened to; a process-specific one has its mailbox",
            ));
        }
        let (sender, receiver) = mailbox(1);
        let queue = |shard: &Arc<Shard>| self.inner.queue(shard, channel);
        let listen = Listen {
            queues: self.inner.shards.iter().map(queue).collect(),
            mailbox: sender,
            gaps: self.inner.gaps.listener(),
        };
        let mut tasks = self.tasks.lock();
        // Those whose mailbox is gone.
        while tasks.finishing.try_join_next().is_some() {}
        tasks.finishing.spawn(listen.run(self.stop.listener()));
        Ok(receiver)
    }

    async fn send(&self, channel: &ChannelName, message: Message) -> Result<(), LayerError> {
        self.open()?;
        self.inner.send(channel, &message).await
    }

    async fn group_add(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        self.open()?;
        self.inner.group_add(group, channel).await
    }

    async fn group_discard(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        self.inner.group_discard(group, channel).await
    }

    async fn group_send(&self, group: &GroupName, message: Message) -> Result<(), LayerError> {
        self.open()?;
        match self.inner.lanes.enter(group, message) {
            Entered::First(message) => {
                let _others = Others { layer: self, group };
                group::send(&self.inner, group, &message).await
            }
            Entered::Behind(done) => done.await.unwrap_or(Err(LayerError::Closed)),
            Entered::Beside(message) => group::send(&self.inner, group, &message).await,
        }
    }

    async fn close_channel(&self, channel: &ChannelName, groups: Vec<GroupName>) -> Result<(), LayerError> {
        self.inner.close_channel(channel, groups).await
    }

    fn abandon_channel(&self, channel: &ChannelName, groups: Vec<GroupName>) {
        self.inner.abandon_channel(channel, groups);
    }

    async fn flush(&self) -> Result<(), LayerError> {
        self.inner.local.clear();
        for shard in &self.inner.shards {
            shard.joined.clear();
            shard.leaving.clear();
            shard.flush().await?;
        }
        Ok(())
    }

    async fn close(&self) {
        if self.closed.swap(true, Ordering::Relaxed) {
            return;
        }
        self.stop.stop();
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        let finished = timeout(CLOSE_DEADLINE, async {
            while tasks.finishing.join_next().await.is_some() {}
            // Where it fails, others find this process dead and remove its members.
            join_all(self.inner.shards.iter().map(|shard| shard.farewell())).await;
        });
        if finished.await.is_err() {
            tracing::warn!(
                "redis did not answer while the channel layer closed: members may stay in their groups until \
                 another process of Laureola removes them, or group_expiry"
            );
        }
        tasks.finishing.shutdown().await;
        tasks.endless.shutdown().await;
        self.inner.local.clear();
    }
}

/// Whose turn it is when a group send has ended, if only because its sender gave up.
struct Others<'a> {
    layer: &'a RedisChannelLayer,
    group: &'a GroupName,
}

impl Drop for Others<'_> {
    fn drop(&mut self) {
        let RedisChannelLayer {
            inner,
            tasks,
            runtime,
            ..
        } = self.layer;
        if inner.lanes.leave(self.group) {
            let turn = Turn::of(&inner.lanes, self.group);
            let mut tasks = tasks.lock();
            while tasks.finishing.try_join_next().is_some() {}
            tasks
                .finishing
                .spawn_on(group::send_waiting(Arc::clone(inner), turn), runtime);
        }
    }
}

impl fmt::Debug for RedisChannelLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisChannelLayer")
            .field("config", &self.inner.config)
            .field("process", &self.inner.process)
            .finish_non_exhaustive()
    }
}
