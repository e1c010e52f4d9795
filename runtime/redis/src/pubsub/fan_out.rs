//! From what was published to the mailboxes of this process.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use laureola_layers::MailboxSender;
use laureola_layers::directory::Directory;
use laureola_layers::group::{BATCH, BATCH_BYTES, Groups, fan_out};
use laureola_layers::mailbox::Overflow;
use laureola_message::{Batch, Codec, Delivery};

use super::inbox::{Outbox, Published};
use super::name::Names;
use crate::core::complaints::Complaints;

/// So many messages are looked through for those that can leave together.
const LOOK: usize = 4 * BATCH;

/// The channels and groups of this process, and how messages for them are read.
#[derive(Debug)]
pub(crate) struct FanOut {
    pub(crate) names: Names,
    pub(crate) directory: Arc<Directory>,
    pub(crate) groups: Groups,
    pub(crate) codec: Codec,
    pub(crate) overflow: Overflow,
    pub(crate) complaints: Complaints,
}

/// Messages to one Redis channel, in order.
struct Topic {
    name: Bytes,
    payloads: Vec<Bytes>,
}

impl FanOut {
    /// Delivers what comes; one task per server. No mailbox ever makes it wait.
    ///
    /// Messages to one group that came while others were delivered leave together. Those to a channel keep their place
    /// among all others; two groups have no order between them.
    pub(crate) async fn run(self: Arc<Self>, mut outbox: Outbox) {
        let mut messages = Vec::new();
        while outbox.take(&mut messages, LOOK).await > 0 {
            let mut topics = Topics::default();
            for Published { topic, payload } in messages.drain(..) {
                if let Some(mailbox) = self.mailbox_of(&topic) {
                    self.deliver_all(&mut topics).await;
                    self.deliver_to(&mailbox, &topic, payload);
                } else {
                    topics.add(topic, payload);
                }
            }
            self.deliver_all(&mut topics).await;
            // A burst's memory is not kept.
            messages.shrink_to(BATCH);
            // What came meanwhile is read before the next look, so that it can leave together.
            tokio::task::yield_now().await;
        }
    }

    /// A channel's name goes before a group's, as in the reference.
    fn mailbox_of(&self, topic: &[u8]) -> Option<MailboxSender> {
        self.directory.get(std::str::from_utf8(topic).ok()?)
    }

    fn deliver_to(&self, mailbox: &MailboxSender, topic: &[u8], payload: Bytes) {
        let topic = String::from_utf8_lossy(topic);
        let Some(delivery) = self.open(&topic, payload) else {
            return;
        };
        if mailbox.push(delivery, self.overflow, None).lost_one() {
            self.complaints.overflowed(1, None, &topic, self.overflow);
        }
    }

    async fn deliver_all(&self, topics: &mut Topics) {
        for Topic { name, payloads } in topics.take() {
            self.deliver(&name, payloads).await;
        }
    }

    async fn deliver(&self, topic: &[u8], payloads: Vec<Bytes>) {
        let Some(topic) = std::str::from_utf8(topic).ok() else {
            return;
        };
        let Some(group) = self.names.group_of(topic) else {
            return;
        };
        let mut payloads = payloads.into_iter().peekable();
        while payloads.peek().is_some() {
            // Members stay until they leave, whatever their age.
            let Some(members) = self.groups.members(&group, Duration::MAX) else {
                return;
            };
            let (mut deliveries, mut bytes) = (Vec::new(), 0);
            while let Some(payload) = payloads.next_if(|next| {
                deliveries.len() < BATCH && (deliveries.is_empty() || bytes + next.len() <= BATCH_BYTES)
            }) {
                bytes += payload.len();
                deliveries.extend(self.open(topic, payload));
            }
            let full = fan_out(&members, &Batch::new(deliveries), self.overflow, None).await;
            if full > 0 {
                // Which of its members is not known here.
                self.complaints.overflowed(full, Some(&group), "", self.overflow);
            }
        }
    }

    fn open(&self, topic: &str, payload: Bytes) -> Option<Arc<Delivery>> {
        match self.codec.open(payload, now()) {
            Ok((message, _)) => Some(Arc::new(Delivery::new(message))),
            Err(error) => {
                self.complaints.malformed(topic, &error);
                None
            }
        }
    }
}

/// Messages by Redis channel, in the order of each one's first.
#[derive(Default)]
struct Topics {
    topics: Vec<Topic>,
    places: HashMap<Bytes, usize>,
}

impl Topics {
    fn add(&mut self, name: Bytes, payload: Bytes) {
        // Most often it is the last one once more.
        let place = match self.topics.last() {
            Some(last) if last.name == name => self.topics.len() - 1,
            _ => *self.places.entry(name.clone()).or_insert(self.topics.len()),
        };
        match self.topics.get_mut(place) {
            Some(topic) => topic.payloads.push(payload),
            None => self.topics.push(Topic {
                name,
                payloads: vec![payload],
            }),
        }
    }

    fn take(&mut self) -> Vec<Topic> {
        self.places.clear();
        std::mem::take(&mut self.topics)
    }
}

/// Unix time in seconds.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_gathered_by_channel_and_keep_their_order() {
        let mut topics = Topics::default();
        for (name, payload) in [
            ("a", "1"),
            ("b", "1"),
            ("a", "2"),
            ("a", "3"),
            ("b", "2"),
            ("c", "1"),
        ] {
            topics.add(Bytes::from(name), Bytes::from(payload));
        }
        let gathered: Vec<_> = topics
            .take()
            .into_iter()
            .map(|Topic { name, payloads }| [&[name], &*payloads].concat())
            .collect();
        assert_eq!(
            gathered,
            [vec!["a", "1", "2", "3"], vec!["b", "1", "2"], vec!["c", "1"]]
        );
        assert!(topics.take().is_empty());
        topics.add(Bytes::from("b"), Bytes::from("3"));
        assert_eq!(topics.take().len(), 1, "it is a first one again");
    }
}
