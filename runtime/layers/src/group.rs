//! Group membership, and the fan-out to a group's members.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use laureola_message::Batch;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::mailbox::{MailboxSender, Overflow};
use crate::measure::FanOut;
use crate::name::{ChannelName, GroupName};

/// So many members are served before other tasks get a turn: a group of 10,000 must not hold a
/// worker thread for milliseconds.
pub const CHUNK: usize = 128;

/// So many mailboxes are glanced at before the first of them is served.
pub(crate) const AHEAD: usize = 16;

/// So many messages leave for the same members together at most.
pub const BATCH: usize = 64;
/// So many bytes of messages leave together at most, unless a single one is longer: copying them into one buffer must
/// cost less than it saves.
pub const BATCH_BYTES: usize = 64 << 10;

/// A group's members, as they were once.
pub type Members = Arc<[MailboxSender]>;

/// The groups of one process and their members.
#[derive(Debug, Default)]
pub struct Groups(Mutex<HashMap<GroupName, Group>>);

#[derive(Debug, Default)]
struct Group {
    /// In the order of joining, but that who leaves is replaced by the last one: a fan-out walks through memory, ours
    /// and the kernel's, as it was handed out.
    members: IndexMap<ChannelName, Member>,
    /// The members as a list, kept until membership changes: a busy room does not rebuild it.
    snapshot: Option<Snapshot>,
}

#[derive(Debug)]
struct Snapshot {
    mailboxes: Members,
    made: Instant,
}

#[derive(Debug)]
struct Member {
    mailbox: MailboxSender,
    added: Instant,
}

impl Groups {
    /// No groups.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member; one that is there already counts as added now.
    pub fn add(&self, group: &GroupName, channel: &ChannelName, mailbox: MailboxSender) {
        let mut groups = self.0.lock();
        let group = groups.entry(group.clone()).or_default();
        let member = Member {
            mailbox,
            added: Instant::now(),
        };
        if group.members.insert(channel.clone(), member).is_none() {
            group.snapshot = None;
        }
    }

    /// Removes a member, and with its last one the group.
    pub fn discard(&self, group: &GroupName, channel: &ChannelName) {
        let mut groups = self.0.lock();
        if let Some(entry) = groups.get_mut(group) {
            if entry.members.swap_remove(channel).is_some() {
                entry.snapshot = None;
            }
            if entry.members.is_empty() {
                groups.remove(group);
            }
        }
    }

    /// The members' mailboxes. Members nobody receives for leave once they are older than
    /// `expiry`, and twice that at the latest; a live one stays however old it is.
    #[must_use]
    pub fn members(&self, group: &GroupName, expiry: Duration) -> Option<Members> {
        let mut groups = self.0.lock();
        let name = group;
        let group = groups.get_mut(name)?;
        let now = Instant::now();
        let age = |since| now.saturating_duration_since(since);
        if let Some(snapshot) = group
            .snapshot
            .as_ref()
            .filter(|snapshot| age(snapshot.made) < expiry)
        {
            return Some(Arc::clone(&snapshot.mailboxes));
        }
        group
            .members
            .retain(|_, member| member.mailbox.is_received() || age(member.added) < expiry);
        if group.members.is_empty() {
            groups.remove(name);
            return None;
        }
        let mailboxes: Arc<[_]> = group
            .members
            .values()
            .map(|member| member.mailbox.clone())
            .collect();
        group.snapshot = Some(Snapshot {
            mailboxes: Arc::clone(&mailboxes),
            made: now,
        });
        Some(mailboxes)
    }

    /// The number of members of a group.
    #[must_use]
    pub fn len(&self, group: &GroupName) -> usize {
        self.0.lock().get(group).map_or(0, |group| group.members.len())
    }

    /// Whether no group has a member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Forgets every group.
    pub fn clear(&self) {
        self.0.lock().clear();
    }
}

/// Delivers to every member, a chunk at a time. Returns how many deliveries found no room: a group send drops
/// what does not fit, as the specification wants it.
pub async fn fan_out(
    members: &[MailboxSender],
    batch: &Batch,
    overflow: Overflow,
    expires: Option<Instant>,
) -> usize {
    let measured = FanOut::begin();
    let mut full = 0;
    for (number, chunk) in members.chunks(CHUNK).enumerate() {
        if number > 0 {
            tokio::task::yield_now().await;
        }
        full += push_to(chunk, batch, overflow, expires);
    }
    measured.end(full);
    full
}

/// A part of a [`fan_out`], without a turn for other tasks. Returns how many deliveries found no room.
pub(crate) fn push_to(
    members: &[MailboxSender],
    batch: &Batch,
    overflow: Overflow,
    expires: Option<Instant>,
) -> usize {
    let mut full = 0;
    for few in members.chunks(AHEAD) {
        few.iter().for_each(MailboxSender::glance);
        for mailbox in few {
            full += mailbox.push_batch(batch, overflow, expires);
        }
    }
    full
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::mailbox;

    fn names() -> (GroupName, ChannelName) {
        (
            GroupName::new("room").expect("valid"),
            ChannelName::new("specific.a!b").expect("valid"),
        )
    }

    #[test]
    fn a_group_ends_with_its_last_member() {
        let (room, channel) = names();
        let (sender, _mailbox) = mailbox(1);
        let groups = Groups::new();
        groups.add(&room, &channel, sender.clone());
        groups.add(&room, &channel, sender);
        assert_eq!(groups.len(&room), 1);
        groups.discard(&room, &channel);
        assert!(groups.is_empty());
        groups.discard(&room, &channel);
    }

    #[tokio::test(start_paused = true)]
    async fn only_members_nobody_receives_for_expire() {
        let (room, dead) = names();
        let live = ChannelName::new("specific.a!c").expect("valid");
        let groups = Groups::new();
        let (sender, gone) = mailbox(1);
        groups.add(&room, &dead, sender);
        drop(gone);
        let (sender, _mailbox) = mailbox(1);
        groups.add(&room, &live, sender);
        let expiry = Duration::from_secs(60);
        // Also where the list is made already and membership does not change.
        assert_eq!(groups.members(&room, expiry).expect("the group").len(), 2);
        tokio::time::advance(Duration::from_secs(100)).await;
        let members = groups.members(&room, expiry).expect("the group");
        assert_eq!(members.len(), 1);
        assert_eq!(groups.len(&room), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_group_whose_last_member_expires_is_forgotten() {
        let (room, dead) = names();
        let groups = Groups::new();
        let (sender, gone) = mailbox(1);
        groups.add(&room, &dead, sender);
        drop(gone);
        tokio::time::advance(Duration::from_secs(100)).await;
        assert!(groups.members(&room, Duration::from_secs(60)).is_none());
        assert!(groups.is_empty());
    }
}
