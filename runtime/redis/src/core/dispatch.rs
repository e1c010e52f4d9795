//! `membership = "process"`: one channel of this process stands in a group for all of them.
//!
//! That channel, the dispatcher, is known to nobody but this process: a message for it is handed
//! to the group's local members in memory. It lives from the first member's coming to the last
//! one's leaving, and the next first member gets another one, so that a late removal of the old
//! one cannot take the new one out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;
use laureola_layers::name::random_hex;
use laureola_layers::{ChannelName, GroupName, MailboxSender};
use parking_lot::Mutex;

/// The groups of this process's channels, with their dispatchers.
#[derive(Debug, Default)]
pub(crate) struct Dispatch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    rooms: HashMap<GroupName, Room>,
    dispatchers: HashMap<ChannelName, GroupName>,
    joined: HashMap<ChannelName, HashSet<GroupName>>,
}

#[derive(Debug)]
struct Room {
    dispatcher: ChannelName,
    /// Whether Redis has it for certain.
    registered: bool,
    /// In the order of joining, as in [`laureola_layers::group`].
    members: IndexMap<ChannelName, MailboxSender>,
    /// The members as a list, kept until membership changes.
    snapshot: Option<Members>,
}

/// Local members of a group.
pub(crate) type Members = Arc<[(ChannelName, MailboxSender)]>;

/// What the first member of a group still has to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Joined {
    /// Nothing: Redis has the dispatcher.
    Known,
    /// Put this dispatcher into the group, then say so to [`Dispatch::registered`]. Several
    /// members that join at a time may be asked; once more does no harm.
    Register(ChannelName),
}

/// What is left to do for a member that left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parted {
    /// It was no local member.
    Stranger,
    /// Nothing: others stay.
    Others,
    /// It was the last one: take this dispatcher out of the group.
    Last(ChannelName),
}

impl Dispatch {
    /// Makes a channel of this process a local member.
    pub(crate) fn join(&self, group: &GroupName, channel: &ChannelName, mailbox: MailboxSender) -> Joined {
        let mut state = self.0.lock();
        let State {
            rooms,
            dispatchers,
            joined,
        } = &mut *state;
        let room = rooms.entry(group.clone()).or_insert_with(|| {
            let dispatcher = dispatcher(channel);
            dispatchers.insert(dispatcher.clone(), group.clone());
            Room {
                dispatcher,
                registered: false,
                members: IndexMap::new(),
                snapshot: None,
            }
        });
        room.members.insert(channel.clone(), mailbox);
        room.snapshot = None;
        joined.entry(channel.clone()).or_default().insert(group.clone());
        if room.registered {
            Joined::Known
        } else {
            Joined::Register(room.dispatcher.clone())
        }
    }

    /// Redis has this dispatcher. False if the group's last member has left meanwhile.
    pub(crate) fn registered(&self, group: &GroupName, dispatcher: &ChannelName) -> bool {
        match self.0.lock().rooms.get_mut(group) {
            Some(room) if room.dispatcher == *dispatcher => {
                room.registered = true;
                true
            }
            _ => false,
        }
    }

    /// Takes a member out of a group.
    pub(crate) fn part(&self, group: &GroupName, channel: &ChannelName) -> Parted {
        let mut state = self.0.lock();
        if let Some(groups) = state.joined.get_mut(channel) {
            groups.remove(group);
            if groups.is_empty() {
                state.joined.remove(channel);
            }
        }
        state.part(group, channel)
    }

    /// Takes a channel out of all its groups; the dispatchers of those that have no member left.
    pub(crate) fn take(&self, channel: &ChannelName) -> Vec<(GroupName, ChannelName)> {
        let mut state = self.0.lock();
        let groups = state.joined.remove(channel).unwrap_or_default();
        let last = groups
            .into_iter()
            .filter_map(|group| match state.part(&group, channel) {
                Parted::Last(dispatcher) => Some((group, dispatcher)),
                Parted::Stranger | Parted::Others => None,
            });
        last.collect()
    }

    /// The group a dispatcher stands for, and its members.
    pub(crate) fn members(&self, dispatcher: &str) -> Option<(GroupName, Members)> {
        let mut state = self.0.lock();
        let group = state.dispatchers.get(dispatcher)?.clone();
        let room = state.rooms.get_mut(&group)?;
        let members = room.snapshot.get_or_insert_with(|| {
            room.members
                .iter()
                .map(|(name, mailbox)| (name.clone(), mailbox.clone()))
                .collect()
        });
        Some((group, Arc::clone(members)))
    }

    /// Whether a channel is a local member of the group.
    pub(crate) fn contains(&self, group: &GroupName, channel: &str) -> bool {
        let state = self.0.lock();
        state
            .rooms
            .get(group)
            .is_some_and(|room| room.members.contains_key(channel))
    }

    pub(crate) fn clear(&self) {
        *self.0.lock() = State::default();
    }
}

impl State {
    fn part(&mut self, group: &GroupName, channel: &ChannelName) -> Parted {
        let Some(room) = self.rooms.get_mut(group) else {
            return Parted::Stranger;
        };
        if room.members.swap_remove(channel).is_none() {
            return Parted::Stranger;
        }
        room.snapshot = None;
        if !room.members.is_empty() {
            return Parted::Others;
        }
        let dispatcher = room.dispatcher.clone();
        self.rooms.remove(group);
        self.dispatchers.remove(&dispatcher);
        Parted::Last(dispatcher)
    }
}

/// A new channel that is received for where `like` is. The `g.` is for people who look at groups;
/// 120 random bits keep dispatchers apart, and it is as long as any other name.
fn dispatcher(like: &ChannelName) -> ChannelName {
    let random = random_hex();
    ChannelName::new(format!("{}g.{}", like.non_local(), &random[2..]))
        .expect("the name of a channel with as many characters behind the exclamation mark is valid")
}

#[cfg(test)]
mod tests {
    use laureola_layers::mailbox;

    use super::*;

    fn room() -> GroupName {
        GroupName::new("room").expect("a name")
    }

    fn member(number: usize) -> (ChannelName, MailboxSender) {
        let name = ChannelName::process_specific("specific", "0123").expect("a name");
        (name, mailbox(number + 1).0)
    }

    #[test]
    fn only_the_first_member_registers_and_only_the_last_one_ends_it() {
        let dispatch = Dispatch::default();
        let [(a, a_box), (b, b_box)] = [member(0), member(1)];
        let Joined::Register(dispatcher) = dispatch.join(&room(), &a, a_box) else {
            panic!("the first one registers");
        };
        assert_eq!(dispatcher.non_local(), a.non_local());
        assert_eq!(dispatcher.as_str().len(), a.as_str().len());
        assert!(dispatch.registered(&room(), &dispatcher));
        assert_eq!(dispatch.join(&room(), &b, b_box), Joined::Known);
        let (group, members) = dispatch.members(dispatcher.as_str()).expect("a group");
        assert_eq!((group, members.len()), (room(), 2));
        assert!(dispatch.contains(&room(), a.as_str()));

        assert_eq!(dispatch.part(&room(), &a), Parted::Others);
        assert_eq!(dispatch.part(&room(), &a), Parted::Stranger);
        assert_eq!(dispatch.take(&b), [(room(), dispatcher.clone())]);
        assert!(dispatch.members(dispatcher.as_str()).is_none());
        assert!(!dispatch.registered(&room(), &dispatcher), "it is void");
    }

    #[test]
    fn the_next_first_member_gets_another_dispatcher() {
        let dispatch = Dispatch::default();
        let (a, a_box) = member(0);
        let first = dispatch.join(&room(), &a, a_box.clone());
        dispatch.part(&room(), &a);
        assert_ne!(first, dispatch.join(&room(), &a, a_box));
    }

    #[test]
    fn as_long_as_redis_may_not_have_it_everybody_registers() {
        let dispatch = Dispatch::default();
        let [(a, a_box), (b, b_box)] = [member(0), member(1)];
        let first = dispatch.join(&room(), &a, a_box);
        assert_eq!(first, dispatch.join(&room(), &b, b_box));
    }
}
