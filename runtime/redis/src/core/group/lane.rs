//! One call at a time for each group; what comes meanwhile leaves together.
//!
//! Whoever sends to a group that this process sends nothing to does it at once. Whoever finds a send under way waits
//! for its end: then all who wait share one reading of the members, and one call of the script. Nobody uses what was
//! read before it came, for it would miss those who joined meanwhile.
//!
//! Bounded: [`MAX_WAITING`] messages or [`MAX_BYTES`] wait for a group; further ones go on their own.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use laureola_layers::{GroupName, LayerError};
use laureola_message::Message;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// So many messages wait for a group at most.
const MAX_WAITING: usize = 256;
/// So many bytes of messages wait for a group at most; one message does whatever its size.
const MAX_BYTES: usize = 4 << 20;
/// So many messages leave together at most.
const BATCH: usize = 64;

/// The groups that are being sent to.
#[derive(Debug, Default)]
pub(crate) struct Lanes(Mutex<HashMap<GroupName, Lane>>);

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Waiting>,
    bytes: usize,
}

/// A message whose turn has not come, and who waits for it.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) message: Message,
    /// Closed if nobody does any more.
    pub(crate) sender: oneshot::Sender<Result<(), LayerError>>,
}

/// What a sender has to do.
pub(crate) enum Entered {
    /// Send it, and then [`Lanes::leave`].
    First(Message),
    /// Wait for how it went. An error says that the layer has ended.
    Behind(oneshot::Receiver<Result<(), LayerError>>),
    /// Send it, without waiting: too much does.
    Beside(Message),
}

impl Lanes {
    /// A message for a group.
    pub(crate) fn enter(&self, group: &GroupName, message: Message) -> Entered {
        let mut lanes = self.0.lock();
        let Some(lane) = lanes.get_mut(group) else {
            lanes.insert(group.clone(), Lane::default());
            return Entered::First(message);
        };
        let bytes = lane.bytes.saturating_add(message.msgpack().len());
        if !lane.waiting.is_empty() && (lane.waiting.len() == MAX_WAITING || bytes > MAX_BYTES) {
            return Entered::Beside(message);
        }
        let (sender, done) = oneshot::channel();
        lane.bytes = bytes;
        lane.waiting.push_back(Waiting { message, sender });
        Entered::Behind(done)
    }

    /// The first one's send has ended. Whether others wait, whom somebody has to [`Lanes::take`].
    pub(crate) fn leave(&self, group: &GroupName) -> bool {
        let mut lanes = self.0.lock();
        let waits = lanes.get(group).is_some_and(|lane| !lane.waiting.is_empty());
        if !waits {
            lanes.remove(group);
        }
        waits
    }

    /// Those who leave next; none once nobody waits, and nothing is being sent to the group.
    fn take(&self, group: &GroupName) -> Vec<Waiting> {
        let mut lanes = self.0.lock();
        let Some(lane) = lanes.get_mut(group) else {
            return Vec::new();
        };
        let count = lane.waiting.len().min(BATCH);
        let taken: Vec<_> = lane.waiting.drain(..count).collect();
        if taken.is_empty() {
            lanes.remove(group);
        } else {
            lane.bytes -= taken.iter().map(|one| one.message.msgpack().len()).sum::<usize>();
        }
        taken
    }
}

/// The turn of those who wait for a group. If it ends before all had theirs, they hear that the layer has ended.
#[derive(Debug)]
pub(crate) struct Turn {
    lanes: Arc<Lanes>,
    group: GroupName,
    /// Whether all had it.
    is_over: bool,
}

impl Turn {
    /// After [`Lanes::leave`] has said that somebody waits.
    pub(crate) fn of(lanes: &Arc<Lanes>, group: &GroupName) -> Self {
        Self {
            lanes: Arc::clone(lanes),
            group: group.clone(),
            is_over: false,
        }
    }

    pub(crate) fn group(&self) -> &GroupName {
        &self.group
    }

    /// Those who leave next; none at the end. Who gave up is not among them.
    pub(crate) fn next(&mut self) -> Option<Vec<Waiting>> {
        loop {
            let mut waiting = self.lanes.take(&self.group);
            if waiting.is_empty() {
                self.is_over = true;
                return None;
            }
            waiting.retain(|one| !one.sender.is_closed());
            if !waiting.is_empty() {
                return Some(waiting);
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_over {
            let waiting = self.lanes.0.lock().remove(&self.group);
            drop(waiting);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn room() -> GroupName {
        GroupName::new("room").expect("a name")
    }

    fn message(length: usize) -> Message {
        let text = "x".repeat(length);
        Message::new(&BTreeMap::from([("text", text)])).expect("a map")
    }

    fn waits(lanes: &Lanes, length: usize) -> oneshot::Receiver<Result<(), LayerError>> {
        match lanes.enter(&room(), message(length)) {
            Entered::Behind(done) => done,
            Entered::First(_) | Entered::Beside(_) => panic!("it has to wait"),
        }
    }

    #[test]
    fn who_is_alone_goes_at_once_and_leaves_nothing_behind() {
        let lanes = Lanes::default();
        for _ in 0..2 {
            assert!(matches!(lanes.enter(&room(), message(1)), Entered::First(_)));
            assert!(!lanes.leave(&room()));
            assert!(lanes.0.lock().is_empty());
        }
    }

    #[test]
    fn a_group_holds_so_much_and_so_many_leave_together() {
        let lanes = Arc::new(Lanes::default());
        assert!(matches!(lanes.enter(&room(), message(1)), Entered::First(_)));
        let mut done: Vec<_> = (0..MAX_WAITING).map(|_| waits(&lanes, 1)).collect();
        assert!(matches!(lanes.enter(&room(), message(1)), Entered::Beside(_)));
        assert!(lanes.leave(&room()));
        // One of them gives up.
        done.remove(BATCH);
        let mut turn = Turn::of(&lanes, &room());
        let counts: Vec<_> = std::iter::from_fn(|| turn.next().map(|some| some.len())).collect();
        assert_eq!(counts, [BATCH, BATCH - 1, BATCH, BATCH]);
        assert!(lanes.0.lock().is_empty(), "the last look ends the lane");

        assert!(matches!(lanes.enter(&room(), message(1)), Entered::First(_)));
        let _long = waits(&lanes, MAX_BYTES * 2);
        assert!(matches!(lanes.enter(&room(), message(1)), Entered::Beside(_)));
        // The turn that is over ends nobody else's.
        drop(turn);
        assert!(lanes.leave(&room()));
    }

    #[test]
    fn a_turn_that_ends_early_ends_the_waiting() {
        let lanes = Arc::new(Lanes::default());
        let _first = lanes.enter(&room(), message(1));
        let mut done: Vec<_> = (0..=BATCH).map(|_| waits(&lanes, 1)).collect();
        assert!(lanes.leave(&room()));
        let mut turn = Turn::of(&lanes, &room());
        let some = turn.next().expect("they wait");
        drop((some, turn));
        for done in &mut done {
            assert!(matches!(
                done.try_recv(),
                Err(oneshot::error::TryRecvError::Closed)
            ));
        }
        assert!(matches!(lanes.enter(&room(), message(1)), Entered::First(_)));
    }
}
