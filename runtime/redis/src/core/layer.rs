//! The layer itself.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use laureola_layers::directory::Directory;
use laureola_layers::name::random_hex;
use laureola_layers::{ChannelLayer, ChannelName, GroupName, LayerError, Mailbox, mailbox};
use laureola_message::{Channels, Message};
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::config::RedisConfig;
use crate::core::clock::Clock;
use crate::core::codec::Codec;
use crate::core::group;
use crate::core::key::Keys;
use crate::core::leaving::Leaving;
use crate::core::listen::Listen;
use crate::core::membership::Membership;
use crate::core::queue::{Complaints, Queue};
use crate::core::receive::Receive;
use crate::core::script::Scripts;
use crate::core::shard::{Shard, millis};
use crate::error::{RedisFault, backend};
use crate::link::Link;
use crate::stop::Stopper;
use crate::throttle::Throttle;

/// How long closing may take.
const CLOSE_DEADLINE: Duration = Duration::from_secs(5);
/// How many prefixes channels may be made with: each has a connection of its own.
const MAX_PREFIXES: usize = 16;

/// A channel layer through Redis, in the keys and bytes of `channels_redis.core.RedisChannelLayer`.
///
/// Connections: one for all commands, one that receives for every channel of this process (per
/// prefix given to `new_channel`; the usual `specific` is one), and one per plain channel that is
/// listened to. While Redis is away, calls fail at once with [`LayerError::Backend`]; connections,
/// and after a restart of Redis also the memberships of this process, come back by themselves.
///
/// Delivery is at most once. A channel keeps the order in which one process sends to it. Beyond
/// what the specification allows to be lost (expiry, capacity), a message is lost where the
/// connection dies between the server's pop and its answer, and with a process that dies.
///
/// [`ChannelLayer::close`] leaves every group; dropping the layer without it ends its tasks, and
/// leaves the members to `group_expiry`.
pub struct RedisChannelLayer {
    inner: Arc<Inner>,
    closed: AtomicBool,
    /// Prefixes whose channels are received for.
    received: Mutex<HashSet<Box<str>>>,
    stop: Stopper,
    tasks: Mutex<Tasks>,
}

/// What all operations share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: RedisConfig,
    /// Identifies this process in its channels' names.
    client_prefix: Box<str>,
    pub(crate) clock: Clock,
    pub(crate) codec: Arc<Codec>,
    pub(crate) scripts: Arc<Scripts>,
    directory: Arc<Directory>,
    shard: Arc<Shard>,
    pub(crate) over_capacity: Throttle,
    complaints: Arc<Complaints>,
}

/// The tasks; they end with the layer.
#[derive(Debug, Default)]
struct Tasks {
    /// End by themselves when they are told to stop.
    finishing: JoinSet<()>,
    /// Go on until they are aborted.
    endless: JoinSet<()>,
}

impl Inner {
    /// The server that holds what is called `name`: a group, or the non-local name of a channel.
    pub(crate) fn shard(&self, _name: &str) -> &Arc<Shard> {
        &self.shard
    }

    /// What a channel of this process is received from.
    fn queue(&self, channel: &ChannelName) -> Queue {
        let shard = self.shard(channel.non_local());
        Queue {
            link: Arc::clone(&shard.link),
            key: shard.keys.channel(channel),
            expiry: self.config.expiry,
            codec: Arc::clone(&self.codec),
            scripts: Arc::clone(&self.scripts),
            complaints: Arc::clone(&self.complaints),
        }
    }
}

impl RedisChannelLayer {
    /// Connects, within five seconds.
    ///
    /// # Errors
    /// [`LayerError::Backend`], whose text and source name the host and the reason: an
    /// unsupported URL, a server that cannot be reached, a wrong password.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn connect(config: RedisConfig) -> Result<Self, LayerError> {
        let [host] = config.hosts.as_slice() else {
            return Err(backend(
                format!("{} Redis hosts are configured", config.hosts.len()),
                RedisFault::Host("exactly one is supported".to_owned()),
            ));
        };
        let link = Arc::new(Link::open(host).await?);
        let shard = Arc::new(Shard {
            link: Arc::clone(&link),
            keys: Keys::new(&config.prefix),
            joined: Membership::default(),
            leaving: Leaving::default(),
            group_expiry: config.group_expiry,
        });
        let stop = Stopper::default();
        let mut tasks = Tasks::default();
        tasks.finishing.spawn(Arc::clone(&shard).leave(stop.listener()));
        tasks.endless.spawn(Arc::clone(&shard).refresh(link.returns()));
        tasks.endless.spawn(link.keep());
        Ok(Self {
            inner: Arc::new(Inner {
                client_prefix: random_hex(),
                clock: Clock::default(),
                codec: Arc::new(Codec::new(config.random_prefix_length)),
                scripts: Arc::new(Scripts::new()),
                directory: Arc::new(Directory::new()),
                shard,
                over_capacity: Throttle::default(),
                complaints: Arc::new(Complaints::default()),
                config,
            }),
            closed: AtomicBool::new(false),
            received: Mutex::default(),
            stop,
            tasks: Mutex::new(tasks),
        })
    }

    fn open(&self) -> Result<(), LayerError> {
        if self.closed.load(Ordering::Relaxed) {
            Err(LayerError::Closed)
        } else {
            Ok(())
        }
    }

    fn is_own(&self, channel: &ChannelName) -> bool {
        self.inner.directory.get(channel.as_str()).is_some()
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
        let receive = Receive {
            queue: self.inner.queue(channel),
            directory: Arc::clone(&self.inner.directory),
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
        let name = ChannelName::process_specific(prefix, &self.inner.client_prefix)?;
        self.receive_for(prefix, &name)?;
        let (sender, receiver) = mailbox(self.inner.config.capacity);
        self.inner.directory.insert(name.clone(), sender);
        Ok((name, receiver))
    }

    async fn listen(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        self.open()?;
        if channel.is_process_specific() {
            return Err(LayerError::Unsupported(
                "only a plain channel can be listened to; a process-specific one has its mailbox",
            ));
        }
        let (sender, receiver) = mailbox(1);
        let listen = Listen {
            queue: self.inner.queue(channel),
            mailbox: sender,
        };
        let mut tasks = self.tasks.lock();
        // Those whose mailbox is gone.
        while tasks.finishing.try_join_next().is_some() {}
        tasks.finishing.spawn(listen.run(self.stop.listener()));
        Ok(receiver)
    }

    async fn send(&self, channel: &ChannelName, message: Message) -> Result<(), LayerError> {
        self.open()?;
        let inner = &self.inner;
        let shard = inner.shard(channel.non_local());
        let envelope = channel
            .is_process_specific()
            .then(|| Channels::One(channel.as_str()));
        let member = inner.codec.seal(&message, envelope);
        let score = inner.clock.next();
        let mut invocation = inner.scripts.send.prepare_invoke();
        invocation
            .key(shard.keys.channel(channel))
            .arg(score.before(inner.config.expiry))
            .arg(inner.config.capacity)
            .arg(score)
            .arg(&*member)
            .arg(millis(inner.config.expiry));
        if shard.link.script::<bool>("send", &invocation).await? {
            Ok(())
        } else {
            Err(LayerError::ChannelFull(channel.clone()))
        }
    }

    async fn group_add(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        self.open()?;
        let shard = self.inner.shard(group.as_str());
        if self.is_own(channel) {
            shard.joined.add(channel, group);
        }
        shard.add(group, channel).await
    }

    async fn group_discard(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        let shard = self.inner.shard(group.as_str());
        shard.joined.remove(channel, group);
        shard.discard(&[(group.clone(), vec![channel.clone()])]).await
    }

    async fn group_send(&self, group: &GroupName, message: Message) -> Result<(), LayerError> {
        self.open()?;
        group::send(&self.inner, group, &message).await
    }

    async fn close_channel(&self, channel: &ChannelName, groups: Vec<GroupName>) -> Result<(), LayerError> {
        self.inner.directory.remove(channel);
        let shard = &self.inner.shard;
        let mut groups: HashSet<_> = groups.into_iter().collect();
        groups.extend(shard.joined.take(channel));
        if groups.is_empty() {
            return Ok(());
        }
        let members: Vec<_> = groups
            .iter()
            .map(|group| (group.clone(), vec![channel.clone()]))
            .collect();
        // Whether this future is dropped or fails: the background task has the rest of it.
        let mut later = LeaveLater {
            leaving: &shard.leaving,
            channel,
            groups,
        };
        shard.discard(&members).await?;
        later.groups.clear();
        Ok(())
    }

    fn abandon_channel(&self, channel: &ChannelName, groups: Vec<GroupName>) {
        self.inner.directory.remove(channel);
        let shard = &self.inner.shard;
        let joined = shard.joined.take(channel);
        if !groups.is_empty() || !joined.is_empty() {
            shard.leaving.add(channel, groups.into_iter().chain(joined));
        }
    }

    async fn flush(&self) -> Result<(), LayerError> {
        let shard = &self.inner.shard;
        self.inner.directory.clear();
        shard.joined.clear();
        shard.leaving.clear();
        shard.flush().await
    }

    async fn close(&self) {
        if self.closed.swap(true, Ordering::Relaxed) {
            return;
        }
        for shard in [&self.inner.shard] {
            for (group, channels) in shard.joined.by_group() {
                for channel in channels {
                    shard.leaving.add(&channel, [group.clone()]);
                }
            }
            shard.joined.clear();
        }
        self.stop.stop();
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        let finished = timeout(CLOSE_DEADLINE, async {
            while tasks.finishing.join_next().await.is_some() {}
        });
        if finished.await.is_err() {
            tracing::warn!(
                "redis did not answer while the channel layer closed: members may stay in their groups until group_expiry"
            );
        }
        tasks.finishing.shutdown().await;
        tasks.endless.shutdown().await;
        self.inner.directory.clear();
    }
}

/// Gives what was not left to the background task.
struct LeaveLater<'a> {
    leaving: &'a Leaving,
    channel: &'a ChannelName,
    groups: HashSet<GroupName>,
}

impl Drop for LeaveLater<'_> {
    fn drop(&mut self) {
        if !self.groups.is_empty() {
            self.leaving.add(self.channel, self.groups.drain());
        }
    }
}

impl fmt::Debug for RedisChannelLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisChannelLayer")
            .field("config", &self.inner.config)
            .field("client_prefix", &self.inner.client_prefix)
            .finish_non_exhaustive()
    }
}
