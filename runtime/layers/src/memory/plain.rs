//! Plain channels, which hold messages before anybody receives them.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::mailbox::{Mailbox, MailboxSender, mailbox};
use crate::name::ChannelName;

/// So often, at most, unused channels are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct PlainChannels(Mutex<Table>);

#[derive(Debug)]
struct Table {
    channels: HashMap<ChannelName, Plain>,
    swept: Instant,
}

#[derive(Debug)]
struct Plain {
    sender: MailboxSender,
    /// Keeps the mailbox open while nobody receives.
    _held: Mailbox,
}

/// The sender and the receiving end of the table itself.
const OWN_HANDLES: usize = 2;

impl Default for PlainChannels {
    fn default() -> Self {
        Self(Mutex::new(Table {
            channels: HashMap::new(),
            swept: Instant::now(),
        }))
    }
}

impl PlainChannels {
    /// The mailbox of a channel, made where it is missing.
    pub(super) fn mailbox_of(&self, channel: &ChannelName, capacity: usize) -> MailboxSender {
        let mut table = self.0.lock();
        if let Some(plain) = table.channels.get(channel) {
            return plain.sender.clone();
        }
        table.sweep();
        let (sender, held) = mailbox(capacity);
        let plain = Plain {
            sender: sender.clone(),
            _held: held,
        };
        table.channels.insert(channel.clone(), plain);
        sender
    }

    pub(super) fn clear(&self) {
        self.0.lock().channels.clear();
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().channels.len()
    }
}

impl Table {
    /// Senders may name a new channel with every message: those whose messages have all expired go,
    /// unless somebody holds on to them: a receiver, a group that sends through the mailbox its
    /// member joined with, or a sender about to send.
    fn sweep(&mut self) {
        let now = Instant::now();
        if now.saturating_duration_since(self.swept) >= SWEEP_INTERVAL {
            self.swept = now;
            self.channels
                .retain(|_, plain| plain.sender.handles() > OWN_HANDLES || !plain.sender.is_empty());
        }
    }
}
