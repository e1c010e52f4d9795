//! Which groups this process's channels are in.

use std::collections::{HashMap, HashSet};

use laureola_layers::{ChannelName, GroupName};
use parking_lot::Mutex;

/// The memberships this process must refresh, and leave when it stops: those that stand in one
/// server. With `membership = "process"` the channels are dispatchers.
///
/// Only those it made itself: of a channel of ours that another process adds to a group we do not
/// know, and its message does not say it either.
#[derive(Debug, Default)]
pub(crate) struct Membership(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    channels: HashMap<ChannelName, HashSet<GroupName>>,
    /// How many channels are in each.
    groups: HashMap<GroupName, usize>,
}

impl Membership {
    /// True if the channel is the first one of this process in the group.
    pub(crate) fn add(&self, channel: &ChannelName, group: &GroupName) -> bool {
        let mut state = self.0.lock();
        let State { channels, groups } = &mut *state;
        let added = match channels.get_mut(channel) {
            Some(joined) => joined.insert(group.clone()),
            None => channels
                .insert(channel.clone(), HashSet::from([group.clone()]))
                .is_none(),
        };
        let members = groups.entry(group.clone()).or_default();
        *members += usize::from(added);
        added && *members == 1
    }

    pub(crate) fn remove(&self, channel: &ChannelName, group: &GroupName) {
        let mut state = self.0.lock();
        let Some(joined) = state.channels.get_mut(channel) else {
            return;
        };
        let removed = joined.remove(group);
        if joined.is_empty() {
            state.channels.remove(channel);
        }
        if removed {
            state.uncount(group);
        }
    }

    /// Forgets a channel and returns its groups.
    pub(crate) fn take(&self, channel: &ChannelName) -> HashSet<GroupName> {
        let mut state = self.0.lock();
        let groups = state.channels.remove(channel).unwrap_or_default();
        for group in &groups {
            state.uncount(group);
        }
        groups
    }

    pub(crate) fn contains(&self, channel: &ChannelName, group: &GroupName) -> bool {
        let state = self.0.lock();
        state
            .channels
            .get(channel)
            .is_some_and(|groups| groups.contains(group))
    }

    /// Whether any channel of this process is in the group.
    pub(crate) fn has(&self, group: &GroupName) -> bool {
        self.0.lock().groups.contains_key(group)
    }

    /// The members of each group.
    pub(crate) fn by_group(&self) -> HashMap<GroupName, Vec<ChannelName>> {
        let mut groups: HashMap<_, Vec<_>> = HashMap::new();
        for (channel, joined) in &self.0.lock().channels {
            for group in joined {
                groups.entry(group.clone()).or_default().push(channel.clone());
            }
        }
        groups
    }

    pub(crate) fn clear(&self) {
        *self.0.lock() = State::default();
    }
}

impl State {
    fn uncount(&mut self, group: &GroupName) {
        if let Some(members) = self.groups.get_mut(group) {
            *members -= 1;
            if *members == 0 {
                self.groups.remove(group);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_counts_from_its_first_channel_to_its_last() {
        let joined = Membership::default();
        let room = GroupName::new("room").expect("a name");
        let [a, b] = ["specific.a!1", "specific.a!2"].map(|name| ChannelName::new(name).expect("a name"));
        assert!(joined.add(&a, &room));
        assert!(!joined.add(&a, &room), "again");
        assert!(!joined.add(&b, &room), "the second");
        joined.remove(&a, &room);
        joined.remove(&a, &room);
        assert!(joined.has(&room) && !joined.contains(&a, &room));
        assert_eq!(joined.by_group()[&room], vec![b.clone()]);
        assert_eq!(joined.take(&b), HashSet::from([room.clone()]));
        assert!(!joined.has(&room));
    }
}
