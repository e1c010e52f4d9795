//! The in-memory layer: one process, no server.

mod drain;
mod plain;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use laureola_message::{Batch, Delivery, Message};
use tokio::time::Instant;

use crate::capacity::Capacities;
use crate::directory::Directory;
use crate::error::LayerError;
use crate::group::Groups;
use crate::lane::{Entered, Lanes};
use crate::layer::{ChannelLayer, IS_OPEN, NOT_OURS};
use crate::mailbox::{Mailbox, MailboxSender, Overflow, Pushed, mailbox};
use crate::name::{ChannelName, GroupName, random_hex};

use self::drain::Drain;
use self::plain::PlainChannels;

/// The semantics of Channels' `InMemoryChannelLayer`: a bounded queue per channel, messages that
/// expire, groups; without its copy of every message per member.
///
/// Defaults: capacity 100 messages a channel, expiry 60 s, group expiry 86,400 s. Unlike Channels',
/// a member that is still received for never expires from its group.
///
/// A lone message has reached a group of up to 32 members when `group_send` returns. To a larger group, or to one that a
/// message is just on its way to, a task of the sender's runtime brings it, so that messages sent in a row leave together:
/// then `group_send` returns before the members have it, and waits only where 256 messages or 4 MiB do already. What it
/// accepted arrives also where its sender is cancelled, its runtime ends or the layer is dropped.
///
/// A current-thread runtime, which can stand still, has no such task, nor has who sends outside a runtime: there
/// `group_send` returns when all members have the message, and what others sent behind it unless one of them runs in a
/// multi-thread runtime. Until then it has to be polled, or dropped: who keeps it otherwise holds the group up.
///
/// All members of a group get its messages in the same order; between messages to a group and those to one of its
/// channels, or to another group, there is none.
#[derive(Debug)]
pub struct MemoryLayer {
    capacities: Capacities,
    expiry: Duration,
    group_expiry: Duration,
    process: Box<str>,
    directory: Directory,
    plain: PlainChannels,
    groups: Groups,
    lanes: Arc<Lanes>,
    closed: AtomicBool,
}

impl Default for MemoryLayer {
    fn default() -> Self {
        Self {
            capacities: Capacities::default(),
            expiry: Duration::from_secs(60),
            group_expiry: Duration::from_secs(86_400),
            process: random_hex(),
            directory: Directory::new(),
            plain: PlainChannels::default(),
            groups: Groups::new(),
            lanes: Arc::default(),
            closed: AtomicBool::new(false),
        }
    }
}

impl MemoryLayer {
    /// A layer with Channels' defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many messages wait in a channel at most; default 100, at least 1.
    #[must_use]
    pub fn capacity(mut self, messages: usize) -> Self {
        self.capacities = self.capacities.with_default(messages);
        self
    }

    /// Capacities by channel name; default 100 for every channel.
    #[must_use]
    pub fn capacities(mut self, capacities: Capacities) -> Self {
        self.capacities = capacities;
        self
    }

    /// How long a message waits at most; default 60 s.
    #[must_use]
    pub fn expiry(mut self, expiry: Duration) -> Self {
        self.expiry = expiry;
        self
    }

    /// How long a channel nobody receives from stays in a group; default 86,400 s.
    #[must_use]
    pub fn group_expiry(mut self, expiry: Duration) -> Self {
        self.group_expiry = expiry;
        self
    }

    /// The mailbox of a channel; `None` for a process-specific one that has closed, since there is
    /// no other process it could belong to.
    fn mailbox_of(&self, channel: &ChannelName) -> Option<MailboxSender> {
        if channel.is_process_specific() {
            return self.directory.get(channel.as_str());
        }
        Some(
            self.plain
                .mailbox_of(channel, self.capacities.of(channel.as_str())),
        )
    }

    fn expires(&self) -> Option<Instant> {
        Instant::now().checked_add(self.expiry)
    }

    fn open(&self) -> Result<(), LayerError> {
        if self.closed.load(Ordering::Relaxed) {
            Err(LayerError::Closed)
        } else {
            Ok(())
        }
    }
}

impl ChannelLayer for MemoryLayer {
    async fn new_channel(&self, prefix: &str) -> Result<(ChannelName, Mailbox), LayerError> {
        self.open()?;
        let name = ChannelName::process_specific(prefix, &self.process)?;
        let (sender, receiver) = mailbox(self.capacities.of(name.as_str()));
        self.directory.insert(name.clone(), sender);
        Ok((name, receiver))
    }

    async fn reopen(&self, channel: &ChannelName) -> Result<Mailbox, LayerError> {
        self.open()?;
        if channel.prefix_of(&self.process).is_none() {
            return Err(LayerError::Unsupported(NOT_OURS));
        }
        let (sender, receiver) = mailbox(self.capacities.of(channel.as_str()));
        if self.directory.insert_new(channel, sender) {
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
        Ok(self
            .plain
            .mailbox_of(channel, self.capacities.of(channel.as_str()))
            .subscribe())
    }

    async fn send(&self, channel: &ChannelName, message: Message) -> Result<(), LayerError> {
        self.open()?;
        let Some(mailbox) = self.mailbox_of(channel) else {
            return Ok(());
        };
        match mailbox.push(
            Arc::new(Delivery::new(message)),
            Overflow::DropNewest,
            self.expires(),
        ) {
            Pushed::Full => Err(LayerError::ChannelFull(channel.clone())),
            Pushed::Queued | Pushed::Relayed | Pushed::DroppedOldest | Pushed::GaveUp | Pushed::Closed => {
                Ok(())
            }
        }
    }

    async fn group_add(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        self.open()?;
        if let Some(mailbox) = self.mailbox_of(channel) {
            self.groups.add(group, channel, mailbox);
        }
        Ok(())
    }

    async fn group_discard(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        self.groups.discard(group, channel);
        Ok(())
    }

    async fn group_send(&self, group: &GroupName, mut message: Message) -> Result<(), LayerError> {
        self.open()?;
        let Some(members) = self.groups.members(group, self.group_expiry) else {
            return Ok(());
        };
        loop {
            let drain = || Drain::of(&self.lanes, group, self.expiry);
            match self.lanes.enter(group, &members, message) {
                Entered::First(message) => {
                    let batch = Batch::from(Arc::new(Delivery::new(message)));
                    drain().first(members, batch).await;
                    return Ok(());
                }
                Entered::Begins(runtime) => {
                    drain().go_on(Some(runtime));
                    return Ok(());
                }
                Entered::Behind => return Ok(()),
                Entered::Full(back, mut room) => {
                    message = back;
                    // Its end says the same: a batch has left.
                    let _ = room.changed().await;
                }
            }
        }
    }

    async fn close_channel(&self, channel: &ChannelName, groups: Vec<GroupName>) -> Result<(), LayerError> {
        self.abandon_channel(channel, groups);
        Ok(())
    }

    fn abandon_channel(&self, channel: &ChannelName, groups: Vec<GroupName>) {
        for group in &groups {
            self.groups.discard(group, channel);
        }
        self.directory.remove(channel);
    }

    async fn flush(&self) -> Result<(), LayerError> {
        self.groups.clear();
        self.lanes.forget();
        self.plain.clear();
        self.directory.clear();
        Ok(())
    }

    async fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
