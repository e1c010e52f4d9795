//! A layer as one process has it: its connection, and the channels it receives from.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use laureola_layers::name::random_hex;
use laureola_layers::{ChannelName, GroupName, Layer, LayerError};
use laureola_message::Message;
use parking_lot::Mutex;
use tokio::task::AbortHandle;
use tokio::time::{Instant, interval};

use super::channel::{Closed, Kind, LocalChannel};
use super::event_loop::{Outcome, Reply};
use super::notices::Notices;
use super::process::Process;
use super::spec::Spec;

/// How often channels are looked for that nobody receives from any more.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);
/// How long the receiving end of a plain channel is kept for the next receiver.
const PLAIN_IDLE: Duration = Duration::from_secs(30);

/// How long a channel lives that nobody receives from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lifetimes {
    /// After its last receiver was cancelled.
    pub(super) given_up: Duration,
    /// Otherwise.
    pub(super) idle: Duration,
}

/// The part of a layer that a fork does not take along.
#[derive(Debug)]
pub(super) struct State {
    pub(super) process: Arc<Process>,
    spec: Arc<Spec>,
    client_prefix: Box<str>,
    notices: Arc<Notices>,
    lifetimes: Lifetimes,
    layer: Mutex<Option<Layer>>,
    /// One connects, or opens a channel, at a time.
    opening: tokio::sync::Mutex<()>,
    channels: Mutex<HashMap<ChannelName, Arc<LocalChannel>>>,
    sweeper: Mutex<Option<AbortHandle>>,
}

impl State {
    pub(super) fn new(
        process: Arc<Process>,
        spec: Arc<Spec>,
        notices: Arc<Notices>,
        lifetimes: Lifetimes,
    ) -> Arc<Self> {
        let state = Arc::new(Self {
            process: Arc::clone(&process),
            spec,
            client_prefix: random_hex(),
            notices,
            lifetimes,
            layer: Mutex::default(),
            opening: tokio::sync::Mutex::default(),
            channels: Mutex::default(),
            sweeper: Mutex::default(),
        });
        process.enlist(&state);
        state
    }

    /// What stands for this process in its channels' names.
    pub(super) fn client_prefix(&self) -> &str {
        &self.client_prefix
    }

    pub(super) fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The channel of this name, if it is open here.
    pub(super) fn channel(&self, name: &str) -> Option<Arc<LocalChannel>> {
        self.channels.lock().get(name).cloned()
    }

    /// The layer, connected by the first who asks.
    async fn layer(&self) -> Result<Layer, LayerError> {
        if let Some(layer) = self.layer.lock().clone() {
            return Ok(layer);
        }
        let _turn = self.opening.lock().await;
        self.connected().await
    }

    /// The same for the one whose turn it is.
    async fn connected(&self) -> Result<Layer, LayerError> {
        if let Some(layer) = self.layer.lock().clone() {
            return Ok(layer);
        }
        if self.process.alive().is_err() {
            return Err(LayerError::Closed);
        }
        let layer = self.spec.open(&self.client_prefix).await?;
        *self.layer.lock() = Some(layer.clone());
        Ok(layer)
    }

    /// Does something with the layer; once more, if somebody closed it meanwhile.
    async fn with<F: Future<Output = Result<(), LayerError>>>(&self, call: impl Fn(Layer) -> F) -> Outcome {
        let mut result = call(self.layer().await?).await;
        if matches!(result, Err(LayerError::Closed)) {
            result = call(self.layer().await?).await;
        }
        result.map(|()| Reply::Nothing)
    }

    pub(super) async fn send(self: Arc<Self>, channel: ChannelName, message: Message) -> Outcome {
        let send = async |layer: Layer| layer.send_message(&channel, message.clone()).await;
        self.with(send).await
    }

    pub(super) async fn group_send(self: Arc<Self>, group: GroupName, message: Message) -> Outcome {
        let send = async |layer: Layer| layer.group_send_message(&group, message.clone()).await;
        self.with(send).await
    }

    pub(super) async fn group_add(self: Arc<Self>, group: GroupName, channel: ChannelName) -> Outcome {
        if self
            .channel(channel.as_str())
            .is_none_or(|known| !known.is_open())
            && self.is_own(&channel)
        {
            match self.open(&channel).await {
                // Nobody's any more, or a Rust consumer's, which the layer knows itself.
                Ok(()) | Err(LayerError::Unsupported(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let known = self.channel(channel.as_str());
        if let Some(known) = &known {
            // Before: it may be added even if this fails, and to leave once too often is harmless.
            known.joined(group.clone());
        }
        let add = async |layer: Layer| layer.group_add(&group, &channel).await;
        self.with(add).await
    }

    pub(super) async fn group_discard(self: Arc<Self>, group: GroupName, channel: ChannelName) -> Outcome {
        let discard = async |layer: Layer| layer.group_discard(&group, &channel).await;
        self.with(discard).await?;
        if let Some(known) = self.channel(channel.as_str()) {
            known.left(&group);
        }
        Ok(Reply::Nothing)
    }

    pub(super) async fn new_channel(self: Arc<Self>, prefix: String) -> Outcome {
        let mut made = self.layer().await?.new_channel(&prefix).await;
        if matches!(made, Err(LayerError::Closed)) {
            made = self.layer().await?.new_channel(&prefix).await;
        }
        let (guard, mailbox) = made?;
        let name = guard.name().clone();
        let notices = Arc::clone(&self.notices);
        self.enter(LocalChannel::new(
            name.clone(),
            mailbox,
            Some(guard),
            Kind::Own,
            notices,
        ));
        Ok(Reply::Name(name))
    }

    pub(super) async fn open_channel(self: Arc<Self>, name: ChannelName) -> Outcome {
        self.open(&name).await.map(|()| Reply::Nothing)
    }

    /// Whether a channel of this name can only be this process's.
    fn is_own(&self, name: &ChannelName) -> bool {
        match &*self.spec {
            Spec::Redis(_) => name.prefix_of(&self.client_prefix).is_some(),
            Spec::PubSub(_) => false,
            Spec::Native(..) => name.is_process_specific(),
        }
    }

    /// Receives from a channel that is known by its name only.
    async fn open(self: &Arc<Self>, name: &ChannelName) -> Result<(), LayerError> {
        let _turn = self.opening.lock().await;
        if self.channel(name.as_str()).is_some_and(|known| known.is_open()) {
            return Ok(());
        }
        let layer = self.connected().await?;
        let notices = Arc::clone(&self.notices);
        let channel = if name.is_process_specific() || self.spec.is_pubsub() {
            let (guard, mailbox) = layer.reopen(name).await?;
            LocalChannel::new(name.clone(), mailbox, Some(guard), Kind::Own, notices)
        } else {
            LocalChannel::new(
                name.clone(),
                layer.listen(name).await?,
                None,
                Kind::Plain,
                notices,
            )
        };
        self.enter(channel);
        Ok(())
    }

    fn enter(self: &Arc<Self>, channel: Arc<LocalChannel>) {
        let older = self.channels.lock().insert(channel.name().clone(), channel);
        drop(older);
        let mut sweeper = self.sweeper.lock();
        if sweeper.is_none() {
            let sweep = sweep(Arc::downgrade(self));
            *sweeper = Some(self.process.handle().spawn(sweep).abort_handle());
        }
    }

    /// Forgets every group and message. Channels of this process stay, empty, and receivers that wait
    /// go on waiting, for what comes after.
    pub(super) async fn flush(self: Arc<Self>) -> Outcome {
        let _turn = self.opening.lock().await;
        let layer = self.connected().await?;
        layer.flush().await?;
        let channels: Vec<_> = self.channels.lock().drain().map(|(_, channel)| channel).collect();
        for channel in channels {
            // The old one leaves the layer's directory before the new one enters it.
            drop(channel.interrupt());
            if channel.kind() == Kind::Own
                && let Ok((guard, mailbox)) = layer.reopen(channel.name()).await
            {
                channel.open_again(mailbox, guard);
                self.enter(channel);
            } else {
                channel.ring();
            }
        }
        Ok(Reply::Nothing)
    }

    /// Closes the connections, if no channel of this process needs them; the next call opens new
    /// ones.
    pub(super) async fn close_pools(self: Arc<Self>) -> Outcome {
        if self.spec.is_shared() {
            return Ok(Reply::Nothing);
        }
        let _turn = self.opening.lock().await;
        let is_needed = |channel: &Arc<LocalChannel>| {
            channel.is_open() && (channel.kind() == Kind::Own || channel.is_waited_for())
        };
        if !self.channels.lock().values().any(is_needed) {
            self.disconnect().await;
        }
        Ok(Reply::Nothing)
    }

    /// Leaves every group and closes all connections, at the end.
    pub(super) async fn close(&self) {
        if let Some(sweeper) = self.sweeper.lock().take() {
            sweeper.abort();
        }
        self.disconnect().await;
    }

    async fn disconnect(&self) {
        let channels: Vec<_> = self.channels.lock().drain().map(|(_, channel)| channel).collect();
        let layer = self.layer.lock().take();
        let Some(layer) = layer else {
            return;
        };
        for channel in channels {
            leave(&layer, channel.interrupt()).await;
            channel.ring();
        }
        if !self.spec.is_shared() {
            layer.close().await;
        }
    }

    /// Closes channels that nobody has received from for long.
    async fn sweep(&self) {
        let now = Instant::now();
        let idle: Vec<_> = {
            let channels = self.channels.lock();
            channels
                .values()
                .filter(|channel| self.is_idle(channel, now))
                .cloned()
                .collect()
        };
        let layer = self.layer.lock().clone();
        for channel in idle {
            let Some(closed) = channel.close() else {
                continue;
            };
            {
                let mut channels = self.channels.lock();
                let is_it = |known: &Arc<LocalChannel>| Arc::ptr_eq(known, &channel);
                if channels.get(channel.name().as_str()).is_some_and(is_it) {
                    channels.remove(channel.name().as_str());
                }
            }
            if let Some(layer) = &layer {
                leave(layer, closed).await;
            }
        }
    }

    fn is_idle(&self, channel: &LocalChannel, now: Instant) -> bool {
        if !channel.is_open() {
            return !channel.is_waited_for();
        }
        let Some((idle, given_up)) = channel.idle(now) else {
            return false;
        };
        idle > match (channel.kind(), given_up) {
            (Kind::Plain, _) => PLAIN_IDLE,
            (Kind::Own, true) => self.lifetimes.given_up,
            (Kind::Own, false) => self.lifetimes.idle,
        }
    }
}

/// Takes a channel that closed out of its groups.
async fn leave(layer: &Layer, closed: Closed) {
    for group in &closed.groups {
        if let Err(error) = layer.group_discard(group, &closed.name).await {
            tracing::debug!(%group, channel = %closed.name, %error, "a channel that closed stays in its group");
            break;
        }
    }
    drop(closed.mailbox);
    drop(closed.guard);
    if closed.kind == Kind::Plain {
        // They belong to whoever receives from it next.
        for delivery in closed.returned {
            let sent = layer.send_message(&closed.name, delivery.message().clone()).await;
            if let Err(error) = sent {
                tracing::warn!(channel = %closed.name, %error, "a message that nobody kept is lost");
            }
        }
    }
}

async fn sweep(state: std::sync::Weak<State>) {
    let mut ticks = interval(SWEEP_INTERVAL);
    loop {
        ticks.tick().await;
        match state.upgrade() {
            Some(state) => state.sweep().await,
            None => return,
        }
    }
}
