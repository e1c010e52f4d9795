//! From what was published to the mailboxes of this process.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use laureola_layers::directory::Directory;
use laureola_layers::group::{Groups, fan_out};
use laureola_layers::mailbox::Overflow;
use laureola_message::{Codec, Delivery};

use super::inbox::{Outbox, Published};
use super::name::Names;
use crate::core::complaints::Complaints;

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

impl FanOut {
    /// Delivers what comes, in order; one task per server. No mailbox ever makes it wait.
    pub(crate) async fn run(self: Arc<Self>, mut outbox: Outbox) {
        while let Some(published) = outbox.next().await {
            self.deliver(published).await;
        }
    }

    async fn deliver(&self, Published { topic, payload }: Published) {
        let Ok(topic) = std::str::from_utf8(&topic) else {
            return;
        };
        // A channel's name goes before a group's, as in the reference.
        if let Some(mailbox) = self.directory.get(topic) {
            let Some(delivery) = self.open(topic, payload) else {
                return;
            };
            if mailbox.push(delivery, self.overflow, None).lost_one() {
                self.complaints.overflowed(1, None, topic, self.overflow);
            }
            return;
        }
        let Some(group) = self.names.group_of(topic) else {
            return;
        };
        // Members stay until they leave, whatever their age.
        let Some(members) = self.groups.members(&group, Duration::MAX) else {
            return;
        };
        if let Some(delivery) = self.open(topic, payload) {
            let full = fan_out(&members, &delivery, self.overflow, None).await;
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

/// Unix time in seconds.
pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
