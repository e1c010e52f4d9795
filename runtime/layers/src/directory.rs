//! Which mailboxes this process has, by channel name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use laureola_message::Batch;
use parking_lot::RwLock;

use crate::group::{AHEAD, CHUNK};
use crate::mailbox::{MailboxSender, Overflow};
use crate::measure::FanOut;
use crate::name::ChannelName;
use crate::notice::Notice;

/// A process's channels and their mailboxes. Every backend that receives for this process fans
/// out through it.
#[derive(Debug, Default)]
pub struct Directory(RwLock<Entries>);

#[derive(Debug, Default)]
struct Entries {
    mailboxes: HashMap<ChannelName, MailboxSender>,
    /// How often an entry was taken out or replaced, or one entered under a name that may have been looked for before.
    changes: u64,
}

/// The mailboxes that stood behind a list of channels, by [`Directory::resolve`].
#[derive(Debug)]
pub struct Resolved {
    /// Each with its channel's place in the list.
    mailboxes: Box<[(usize, MailboxSender)]>,
}

impl Directory {
    /// An empty directory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Enters a new channel, or one whose name stands there; what stood there goes.
    pub fn insert(&self, channel: ChannelName, mailbox: MailboxSender) {
        let mut entries = self.0.write();
        if entries.mailboxes.insert(channel, mailbox).is_some() {
            entries.changes += 1;
        }
    }

    /// Enters a channel unless something stands there under its name; whether it did.
    pub fn insert_new(&self, channel: &ChannelName, mailbox: MailboxSender) -> bool {
        let mut entries = self.0.write();
        match entries.mailboxes.entry(channel.clone()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(mailbox);
                entries.changes += 1;
                true
            }
        }
    }

    /// Takes a channel out.
    pub fn remove(&self, channel: &ChannelName) -> Option<MailboxSender> {
        let mut entries = self.0.write();
        entries.changes += 1;
        entries.mailboxes.remove(channel)
    }

    /// The mailbox of a channel of this process.
    #[must_use]
    pub fn get(&self, channel: &str) -> Option<MailboxSender> {
        self.0.read().mailboxes.get(channel).cloned()
    }

    /// Takes every channel out.
    pub fn clear(&self) {
        let mut entries = self.0.write();
        entries.changes += 1;
        entries.mailboxes.clear();
    }

    /// The number of channels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.read().mailboxes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.read().mailboxes.is_empty()
    }

    /// Every channel's name.
    #[must_use]
    pub fn names(&self) -> Vec<ChannelName> {
        self.0.read().mailboxes.keys().cloned().collect()
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
                let Some(mailbox) = here.mailboxes.get(name) else {
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

    /// Looks those of `channels` up that are here, for messages that come to the same ones.
    ///
    /// Its mailboxes live as long as it does; whoever keeps it asks for [`Directory::changes`] before it, and before each
    /// use.
    #[must_use]
    pub fn resolve<S: AsRef<str>>(&self, channels: &[S]) -> Resolved {
        let here = self.0.read();
        let mailbox = |(place, name): (usize, &S)| Some((place, here.mailboxes.get(name.as_ref())?.clone()));
        Resolved {
            mailboxes: channels.iter().enumerate().filter_map(mailbox).collect(),
        }
    }

    /// How often something happened after which looking channels up would find other mailboxes.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.0.read().changes
    }

    /// Tells every channel's receiver of something that is no message, a chunk at a time.
    pub async fn notify(&self, notice: Notice) {
        let mailboxes: Vec<_> = self.0.read().mailboxes.values().cloned().collect();
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

impl Resolved {
    /// Delivers to each, as [`Directory::deliver_or`] does. `overflowed` is told the place of a channel.
    pub async fn deliver_or(
        &self,
        batch: &Batch,
        overflow: Overflow,
        mut overflowed: impl FnMut(usize) + Send,
    ) -> usize {
        let measured = FanOut::begin();
        let mut full = 0;
        for (number, chunk) in self.mailboxes.chunks(CHUNK).enumerate() {
            if number > 0 {
                tokio::task::yield_now().await;
            }
            for few in chunk.chunks(AHEAD) {
                few.iter().for_each(|(_, mailbox)| mailbox.glance());
                for (place, mailbox) in few {
                    let lost = mailbox.push_batch(batch, overflow, None);
                    if lost > 0 {
                        full += lost;
                        overflowed(*place);
                    }
                }
            }
        }
        measured.end(full);
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::mailbox;

    fn name(text: &str) -> ChannelName {
        ChannelName::new(text).expect("a name")
    }

    #[test]
    fn what_was_looked_up_holds_until_it_would_be_found_otherwise() {
        let directory = Directory::new();
        let (a, b) = (name("specific.a!a"), name("specific.a!b"));
        directory.insert(a.clone(), mailbox(1).0);
        let find = || directory.resolve(&[&a, &b].map(ChannelName::as_str));
        assert_eq!(find().mailboxes.len(), 1);
        let mut changes = directory.changes();
        for (change, length) in [
            (
                &(|| assert!(directory.insert_new(&b, mailbox(1).0))) as &dyn Fn(),
                2,
            ),
            (&|| directory.insert(a.clone(), mailbox(1).0), 2),
            (&|| drop(directory.remove(&b)), 1),
            (&|| directory.clear(), 0),
        ] {
            change();
            assert_ne!(directory.changes(), changes);
            changes = directory.changes();
            assert_eq!(find().mailboxes.len(), length);
        }
        directory.insert_new(&a, mailbox(1).0);
        changes = directory.changes();
        assert!(!directory.insert_new(&a, mailbox(1).0), "it stands there");
        assert_eq!(directory.changes(), changes);
    }
}
