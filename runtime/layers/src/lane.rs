//! One fan-out at a time for each group; what comes meanwhile leaves together.
//!
//! Whoever sends to a small group that nobody fans out to does it at once, so that a lone message does not wait. A large
//! group's message is left to a task, and so is what finds a fan-out under way: the sender goes on. What waits becomes
//! batches; the task lets everybody who is ready have a turn before it takes one, since some of them may have more for it,
//! the first sender among them. Only a runtime with threads of its own has such a task: any other one may stand still from
//! now on. There, and outside a runtime, the first sender serves its message and what comes behind it, unless a runtime
//! with threads can take that over.
//!
//! So all members see a group's messages in the same order, and a busy group costs a member one wake-up, or one write,
//! for a batch. A message reaches those who were members when it was sent.
//!
//! Bounded: [`MAX_WAITING`] messages or [`MAX_BYTES`] wait for a group; further senders wait until a batch has left.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use laureola_message::{Batch, Delivery, Message};
use parking_lot::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::watch;

use crate::group::{BATCH, BATCH_BYTES, Members};
use crate::name::GroupName;
use crate::throttle::Throttle;

/// So many messages wait for a group at most.
const MAX_WAITING: usize = 256;
/// So many bytes of messages wait for a group at most; one message does whatever its size.
const MAX_BYTES: usize = 4 << 20;
/// A group of so many members at most is served in its sender's own task, and `group_send` returns when all have the
/// message. A task more costs a lone message 3 µs, as much as so many mailboxes, or half a write to a socket.
const SMALL: usize = 32;
/// So many runtimes are known for what waits for a group; the newest replaces the oldest.
const RUNTIMES: usize = 4;

/// The groups that are being fanned out to.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: Mutex<HashMap<GroupName, Lane>>,
    /// What full mailboxes lost, for the log: a slow member of a busy group loses something with every batch.
    pub(crate) lost: Throttle,
}

/// What waits for a fan-out to begin, or behind one.
#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<(Members, Message)>,
    bytes: usize,
    /// Dropped when there is room.
    room: Option<watch::Sender<()>>,
    /// Where those run who sent what waits, each once, if it is [driven]: one of them may end before it is fanned out.
    runtimes: Vec<Handle>,
}

/// This task's runtime, if it has threads of its own: a task that nobody waits for gets its turns there.
pub(crate) fn driven() -> Option<Handle> {
    let runtime = Handle::try_current().ok()?;
    (runtime.runtime_flavor() == RuntimeFlavor::MultiThread).then_some(runtime)
}

impl Lane {
    fn push(&mut self, members: &Members, message: Message) {
        self.bytes += message.msgpack().len();
        self.waiting.push_back((Arc::clone(members), message));
    }
}

/// What a sender has to do.
pub(crate) enum Entered {
    /// Fan the message out, and then [`Lanes::leave`].
    First(Message),
    /// Have a task of this runtime fan out what waits, which is the message so far.
    Begins(Handle),
    /// Nothing: it waits behind a fan-out.
    Behind,
    /// Wait until this changes or ends, for there may be room then, and try again.
    Full(Message, watch::Receiver<()>),
}

impl Lanes {
    /// A message for the members of a group. Whoever is told to begin must: others rely on it.
    pub(crate) fn enter(&self, group: &GroupName, members: &Members, message: Message) -> Entered {
        let mut lanes = self.lanes.lock();
        let runtime = driven();
        let Some(lane) = lanes.get_mut(group) else {
            let lane = lanes.entry(group.clone()).or_default();
            return match runtime {
                Some(runtime) if members.len() > SMALL => {
                    lane.push(members, message);
                    Entered::Begins(runtime)
                }
                _ => Entered::First(message),
            };
        };
        let length = message.msgpack().len();
        let fits = lane.waiting.len() < MAX_WAITING && lane.bytes.saturating_add(length) <= MAX_BYTES;
        if !fits && !lane.waiting.is_empty() {
            let room = lane.room.get_or_insert_default();
            return Entered::Full(message, room.subscribe());
        }
        lane.push(members, message);
        if let Some(runtime) = runtime
            && !lane.runtimes.iter().any(|known| known.id() == runtime.id())
        {
            if lane.runtimes.len() == RUNTIMES {
                lane.runtimes.remove(0);
            }
            lane.runtimes.push(runtime);
        }
        Entered::Behind
    }

    /// A fan-out to the group has ended. Whether something waits behind it, which [`Lanes::take`] has to bring.
    pub(crate) fn leave(&self, group: &GroupName) -> bool {
        let mut lanes = self.lanes.lock();
        let waits = lanes.get(group).is_some_and(|lane| !lane.waiting.is_empty());
        if !waits {
            lanes.remove(group);
        }
        waits
    }

    /// A runtime in which what waits for the group can be fanned out, unless it has ended. Each is named once, until
    /// somebody there sends again.
    pub(crate) fn runtime(&self, group: &GroupName) -> Option<Handle> {
        self.lanes.lock().get_mut(group)?.runtimes.pop()
    }

    /// The messages that leave next, all for the same members; `None` once nothing waits, and the group has no fan-out.
    pub(crate) fn take(&self, group: &GroupName) -> Option<(Members, Batch)> {
        let mut lanes = self.lanes.lock();
        let lane = lanes.get_mut(group)?;
        let Some((members, first)) = lane.waiting.pop_front() else {
            lanes.remove(group);
            return None;
        };
        let mut length = first.msgpack().len();
        let mut messages = vec![first];
        while let Some((others, message)) = lane.waiting.front() {
            let longer = length + message.msgpack().len();
            if messages.len() == BATCH || longer > BATCH_BYTES || !Arc::ptr_eq(others, &members) {
                break;
            }
            length = longer;
            messages.extend(lane.waiting.pop_front().map(|(_, message)| message));
        }
        lane.bytes -= length;
        let room = lane.room.take();
        drop(lanes);
        drop(room);
        let deliveries = messages
            .into_iter()
            .map(|message| Arc::new(Delivery::new(message)));
        Some((members, Batch::new(deliveries.collect::<Vec<_>>())))
    }

    /// Gives up what waits for any group. Fan-outs under way end as they would.
    pub(crate) fn forget(&self) {
        let given_up: Vec<_> = self.lanes.lock().values_mut().map(std::mem::take).collect();
        drop(given_up);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::mailbox;

    fn message(length: usize) -> Message {
        let text = "x".repeat(length);
        Message::new(&std::collections::BTreeMap::from([("text", text)])).expect("a map")
    }

    fn members() -> Members {
        Arc::new([mailbox(1).0])
    }

    fn many(count: usize) -> Members {
        (0..count).map(|_| mailbox(1).0).collect()
    }

    fn room() -> GroupName {
        GroupName::new("room").expect("a name")
    }

    /// Waits behind a fan-out, or finds no room.
    fn waits(lanes: &Lanes, members: &Members, length: usize) -> bool {
        match lanes.enter(&room(), members, message(length)) {
            Entered::Behind => true,
            Entered::Full(..) => false,
            Entered::First(_) | Entered::Begins(_) => panic!("a fan-out is under way"),
        }
    }

    #[test]
    fn a_lone_message_goes_at_once_and_leaves_nothing_behind() {
        let (lanes, members) = (Lanes::default(), members());
        for _ in 0..2 {
            assert!(matches!(
                lanes.enter(&room(), &members, message(1)),
                Entered::First(_)
            ));
            assert!(!lanes.leave(&room()));
            assert!(lanes.lanes.lock().is_empty());
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_large_groups_first_message_waits_for_what_comes_with_it() {
        let (lanes, small, large) = (Lanes::default(), many(SMALL), many(SMALL + 1));
        let first = lanes.enter(&room(), &small, message(1));
        assert!(matches!(first, Entered::First(_)));
        assert!(!lanes.leave(&room()));

        let first = lanes.enter(&room(), &large, message(1));
        assert!(matches!(first, Entered::Begins(_)));
        let more = (0..).take_while(|_| waits(&lanes, &large, 1)).count();
        assert_eq!(more, MAX_WAITING - 1, "it counts");
        let (_, batch) = lanes.take(&room()).expect("they wait");
        assert_eq!(batch.len(), BATCH);
    }

    #[tokio::test]
    async fn where_no_runtime_goes_on_by_itself_a_large_group_is_its_senders() {
        let (lanes, large) = (Lanes::default(), many(SMALL + 1));
        let first = lanes.enter(&room(), &large, message(1));
        assert!(matches!(first, Entered::First(_)));
    }

    #[test]
    fn what_comes_meanwhile_leaves_together_up_to_the_limits() {
        let (lanes, members) = (Lanes::default(), members());
        assert!(matches!(
            lanes.enter(&room(), &members, message(1)),
            Entered::First(_)
        ));
        for length in
            std::iter::repeat_n(1, BATCH + 1).chain([BATCH_BYTES / 2, BATCH_BYTES / 2, BATCH_BYTES + 1])
        {
            assert!(waits(&lanes, &members, length));
        }
        assert!(lanes.leave(&room()));
        let taken: Vec<_> =
            std::iter::from_fn(|| lanes.take(&room()).map(|(_, batch)| batch.len())).collect();
        assert_eq!(taken, [BATCH, 2, 1, 1]);
        assert!(lanes.lanes.lock().is_empty(), "the last look ends the lane");
    }

    #[test]
    fn a_message_is_for_those_who_were_members_when_it_was_sent() {
        let (lanes, before, after) = (Lanes::default(), members(), members());
        let _ = lanes.enter(&room(), &before, message(1));
        for members in [&before, &before, &after, &before] {
            assert!(waits(&lanes, members, 1));
        }
        for (members, count) in [(&before, 2), (&after, 1), (&before, 1)] {
            let (of, batch) = lanes.take(&room()).expect("it waits");
            assert!(Arc::ptr_eq(&of, members));
            assert_eq!(batch.len(), count);
        }
    }

    #[tokio::test]
    async fn a_group_holds_so_much_and_says_when_there_is_room() {
        let (lanes, members) = (Lanes::default(), members());
        let _ = lanes.enter(&room(), &members, message(1));
        let taken = (0..).take_while(|_| waits(&lanes, &members, 1)).count();
        assert_eq!(taken, MAX_WAITING);
        let Entered::Full(_, mut room_again) = lanes.enter(&room(), &members, message(1)) else {
            panic!("it is full");
        };
        lanes.take(&room()).expect("they wait");
        let _ = room_again.changed().await;
        assert!(waits(&lanes, &members, 1));

        lanes.forget();
        assert!(waits(&lanes, &members, MAX_BYTES * 2), "one of any size");
        assert!(!waits(&lanes, &members, 1));
    }
}
