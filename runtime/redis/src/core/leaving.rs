//! Memberships that are to end, for whoever cannot wait for it.

use std::collections::{HashMap, HashSet};

use laureola_layers::{ChannelName, GroupName};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::throttle::Throttle;

/// How many wait at most.
const CAPACITY: usize = 100_000;

/// The memberships the background task removes next: a set, so that one that is given up twice
/// counts once.
///
/// Holds at most 100,000, which takes a Redis that is away for long. What comes on top is
/// dropped, with a warning: such members stay in their group while this process lives, and then
/// until another process removes them, as if this one had crashed.
#[derive(Debug, Default)]
pub(crate) struct Leaving {
    waiting: Mutex<Waiting>,
    pub(crate) added: Notify,
    overflow: Throttle,
}

#[derive(Debug, Default)]
struct Waiting {
    groups: HashMap<GroupName, HashSet<ChannelName>>,
    len: usize,
    overflowed: bool,
}

impl Leaving {
    /// Puts memberships of one channel in. Never waits.
    pub(crate) fn add(&self, channel: &ChannelName, groups: impl IntoIterator<Item = GroupName>) {
        let mut dropped = 0;
        {
            let mut waiting = self.waiting.lock();
            for group in groups {
                if waiting.len >= CAPACITY {
                    dropped += 1;
                    waiting.overflowed = true;
                } else if waiting.groups.entry(group).or_default().insert(channel.clone()) {
                    waiting.len += 1;
                }
            }
        }
        self.added.notify_one();
        if let Some(members) = self.overflow.note(dropped) {
            tracing::warn!(
                members,
                "too many members are to leave their groups: these stay until this process has ended"
            );
        }
    }

    /// Takes about `limit` memberships out, grouped.
    pub(crate) fn take(&self, limit: usize) -> Vec<(GroupName, Vec<ChannelName>)> {
        let mut waiting = self.waiting.lock();
        let (mut taken, mut count) = (Vec::new(), 0);
        while count < limit {
            let Some(group) = waiting.groups.keys().next().cloned() else {
                break;
            };
            let members = waiting.groups.remove(&group).unwrap_or_default();
            count += members.len();
            taken.push((group, members.into_iter().collect()));
        }
        waiting.len -= count;
        taken
    }

    /// Whether memberships were ever dropped.
    pub(crate) fn overflowed(&self) -> bool {
        self.waiting.lock().overflowed
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.lock().len == 0
    }

    pub(crate) fn clear(&self) {
        *self.waiting.lock() = Waiting::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(number: usize) -> (ChannelName, GroupName) {
        (
            ChannelName::new(format!("specific.a!{number}")).expect("a name"),
            GroupName::new(format!("group{}", number % 7)).expect("a name"),
        )
    }

    #[test]
    fn equal_memberships_count_once_and_come_out_grouped() {
        let leaving = Leaving::default();
        for number in (0..20).chain(0..20) {
            let (channel, group) = names(number);
            leaving.add(&channel, [group]);
        }
        let taken = leaving.take(1_000);
        assert_eq!(taken.len(), 7);
        assert_eq!(taken.iter().map(|(_, members)| members.len()).sum::<usize>(), 20);
        assert!(leaving.is_empty());
        assert!(leaving.take(1).is_empty());
    }

    #[tokio::test]
    async fn what_does_not_fit_is_dropped() {
        let leaving = Leaving::default();
        for number in 0..CAPACITY + 5 {
            let (channel, group) = names(number);
            leaving.add(&channel, [group]);
        }
        assert!(leaving.overflowed());
        let taken = leaving.take(usize::MAX);
        assert_eq!(
            taken.iter().map(|(_, members)| members.len()).sum::<usize>(),
            CAPACITY
        );
    }
}
