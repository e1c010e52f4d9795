//! Which mailboxes this process has, by channel name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use laureola_message::Batch;
use parking_lot::RwLock;

use crate::group::CHUNK;
use crate::mailbox::{MailboxSender, Overflow};
use crate::measure::FanOut;
use crate::name::ChannelName;
use crate::notice::Notice;

/// A process's channels and their mailboxes. Every backend that receives for this process fans
/// out through it.
#[derive(Debug, Default)]
pub struct Directory(RwLock<HashMap<ChannelName, MailboxSender>>);

impl Directory {
    /// An empty directory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters a channel; what stood there under its name goes.
    pub fn insert(&self, channel: ChannelName, mailbox: MailboxSender) {
        self.0.write().insert(channel, mailbox);
    }

    /// Enters a channel unless something stands there under its name; whether it did.
    pub fn insert_new(&self, channel: &ChannelName, mailbox: MailboxSender) -> bool {
        match self.0.write().entry(channel.clone()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(mailbox);
                true
            }
        }
    }

    /// Takes a channel out.
    pub fn remove(&self, channel: &ChannelName) -> Option<MailboxSender> {
        self.0.write().remove(channel)
    }

    /// The mailbox of a channel of this process.
    #[must_use]
    pub fn get(&self, channel: &str) -> Option<MailboxSender> {
        self.0.read().get(channel).cloned()
    }

    /// Takes every channel out.
    pub fn clear(&self) {
        self.0.write().clear();
    }

    /// The number of channels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.read().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.read().is_empty()
    }

    /// Every channel's name.
    #[must_use]
    pub fn names(&self) -> Vec<ChannelName> {
        self.0.read().keys().cloned().collect()
    }

    /// Delivers to those of `channels` that are here, and yields to other tasks between chunks.
    /// Returns how many deliveries found a full mailbox. Unknown names are channels that have
    /// closed since: nobody can receive for them.
    pub async fn deliver<S: AsRef<str> + Sync>(
        &self,
        channels: &[S],
        batch: &Batch,
        overflow: Overflow,
    ) -> usize {
        self.deliver_or(channels, batch, overflow, |_| {}).await
    }

    /// [`Directory::deliver`] that names each channel whose mailbox was full. `overflowed` is
    /// called under a lock: it must be short, and must not come back to this directory.
    pub async fn deliver_or<S: AsRef<str> + Sync>(
        &self,
        channels: &[S],
        batch: &Batch,
        overflow: Overflow,
        mut overflowed: impl FnMut(&str) + Send,
    ) -> usize {
        let measured = FanOut::begin();
        let mut full = 0;
        for (number, chunk) in channels.chunks(CHUNK).enumerate() {
            if number > 0 {
                tokio::task::yield_now().await;
            }
            let here = self.0.read();
            for name in chunk.iter().map(AsRef::as_ref) {
                let Some(mailbox) = here.get(name) else {
                    continue;
                };
                let lost = mailbox.push_batch(batch, overflow, None);
                if lost > 0 {
                    full += lost;
                    overflowed(name);
                }
            }
        }
        measured.end(full);
        full
    }

    /// Tells every channel's receiver of something that is no message, a chunk at a time.
    pub async fn notify(&self, notice: Notice) {
        let mailboxes: Vec<_> = self.0.read().values().cloned().collect();
        for (number, chunk) in mailboxes.chunks(CHUNK).enumerate() {
            if number > 0 {
                tokio::task::yield_now().await;
            }
            for mailbox in chunk {
                mailbox.notify(notice);
            }
        }
    }
}
