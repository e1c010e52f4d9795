//! Where a message for channels of this process goes: into their mailboxes, each bounded, so that
//! a consumer that is too slow is the only one that loses something.

use std::sync::Arc;

use laureola_layers::directory::Directory;
use laureola_layers::group::CHUNK;
use laureola_layers::mailbox::Overflow;
use laureola_layers::{GroupName, Notice};
use laureola_message::{Delivery, Str};

use crate::core::complaints::Complaints;
use crate::core::dispatch::{Dispatch, Members};

/// The mailboxes of this process.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) directory: Directory,
    /// With `membership = "process"`.
    pub(crate) dispatch: Option<Dispatch>,
    pub(crate) overflow: Overflow,
    pub(crate) complaints: Complaints,
}

impl Local {
    /// Delivers to those of `channels` that are here. Never waits for a consumer.
    pub(crate) async fn deliver(&self, channels: &[Str], delivery: &Arc<Delivery>) {
        let Some(dispatch) = &self.dispatch else {
            return self.deliver_to(channels, delivery).await;
        };
        // A group message for this process: usually its dispatcher is all there is.
        let dispatched = |name: &Str| dispatch.members(name.as_str());
        let groups: Vec<_> = channels.iter().filter_map(dispatched).collect();
        if groups.is_empty() {
            return self.deliver_to(channels, delivery).await;
        }
        if groups.len() < channels.len() {
            // Some other process added channels of ours by name: they may be local members as well.
            let named = |name: &&Str| {
                !groups
                    .iter()
                    .any(|(group, _)| dispatch.contains(group, name.as_str()))
            };
            let named: Vec<_> = channels.iter().filter(named).cloned().collect();
            self.deliver_to(&named, delivery).await;
        }
        for (group, members) in groups {
            self.fan_out(&group, &members, delivery).await;
        }
    }

    /// Tells every channel of this process.
    pub(crate) async fn notify(&self, notice: Notice) {
        self.directory.notify(notice).await;
    }

    pub(crate) fn clear(&self) {
        self.directory.clear();
        if let Some(dispatch) = &self.dispatch {
            dispatch.clear();
        }
    }

    async fn deliver_to(&self, channels: &[Str], delivery: &Arc<Delivery>) {
        let mut victim = None;
        let full = self
            .directory
            .deliver_or(channels, delivery, self.overflow, |channel| {
                victim.get_or_insert_with(|| channel.to_owned());
            })
            .await;
        if let Some(channel) = victim {
            self.complaints.overflowed(full, None, &channel, self.overflow);
        }
    }

    async fn fan_out(&self, group: &GroupName, members: &Members, delivery: &Arc<Delivery>) {
        let (mut full, mut victim) = (0, None);
        for (number, chunk) in members.chunks(CHUNK).enumerate() {
            if number > 0 {
                tokio::task::yield_now().await;
            }
            for (channel, mailbox) in chunk {
                if mailbox.push(Arc::clone(delivery), self.overflow, None).lost_one() {
                    full += 1;
                    victim = Some(channel);
                }
            }
        }
        if let Some(channel) = victim {
            self.complaints
                .overflowed(full, Some(group), channel.as_str(), self.overflow);
        }
    }
}
