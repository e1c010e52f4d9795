//! Which groups this process's channels are in.

use std::collections::{HashMap, HashSet};

use laureola_layers::{ChannelName, GroupName};
use parking_lot::Mutex;

/// The memberships this process must refresh, and leave when it stops.
///
/// Only those it made itself: of a channel of ours that another process adds to a group we do not
/// know.
#[derive(Debug, Default)]
pub(crate) struct Membership(Mutex<HashMap<ChannelName, HashSet<GroupName>>>);

impl Membership {
    pub(crate) fn add(&self, channel: &ChannelName, group: &GroupName) {
        let mut joined = self.0.lock();
        if let Some(groups) = joined.get_mut(channel) {
            groups.insert(group.clone());
        } else {
            joined.insert(channel.clone(), HashSet::from([group.clone()]));
        }
    }

    pub(crate) fn remove(&self, channel: &ChannelName, group: &GroupName) {
        let mut joined = self.0.lock();
        if let Some(groups) = joined.get_mut(channel) {
            groups.remove(group);
            if groups.is_empty() {
                joined.remove(channel);
            }
        }
    }

    /// Forgets a channel and returns its groups.
    pub(crate) fn take(&self, channel: &ChannelName) -> HashSet<GroupName> {
        self.0.lock().remove(channel).unwrap_or_default()
    }

    pub(crate) fn contains(&self, channel: &ChannelName, group: &GroupName) -> bool {
        self.0
            .lock()
            .get(channel)
            .is_some_and(|groups| groups.contains(group))
    }

    /// The members of each group.
    pub(crate) fn by_group(&self) -> HashMap<GroupName, Vec<ChannelName>> {
        let mut groups: HashMap<_, Vec<_>> = HashMap::new();
        for (channel, joined) in &*self.0.lock() {
            for group in joined {
                groups.entry(group.clone()).or_default().push(channel.clone());
            }
        }
        groups
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }
}
