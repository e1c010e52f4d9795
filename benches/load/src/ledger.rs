//! Who has to get which message, and who got it: losses, duplicates, order.
//!
//! A sender numbers its messages, so for each member and sender one number says all, as long as nothing is wrong: the
//! next one that has to come. What was left out is in a set, in case it comes later.

mod room;

use std::collections::HashSet;

use room::Room;

/// So many messages that were left out are remembered; more count as lost at once, and as duplicates if they come.
const MAX_GAPS: usize = 4 << 20;

/// What a delivery was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The member had not got it before; with `complete`, it was the last one to get it.
    Fresh {
        /// Whether all members have it now.
        complete: bool,
    },
    /// The member had it already.
    Duplicate,
    /// Nobody sent it to this room.
    Stray,
}

/// The figures of a ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that were sent.
    pub messages: u64,
    /// Deliveries that they should have made.
    pub expected: u64,
    /// Deliveries they made, each counted once.
    pub delivered: u64,
    /// Deliveries of something the member had already.
    pub duplicates: u64,
    /// Deliveries that came after a later one of the same sender.
    pub reordered: u64,
    /// Deliveries of something that was never sent to the room.
    pub strays: u64,
    /// Messages that some member had not got in time.
    pub timeouts: u64,
}

impl Counts {
    /// Deliveries that never came.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.expected - self.delivered
    }
}

/// All rooms. Member `id` is in room `id / members`, and its first `senders` members send.
#[derive(Debug)]
pub struct Ledger {
    members: usize,
    senders: usize,
    rooms: Vec<Room>,
    /// For each member and sender the number that comes next.
    next: Vec<u32>,
    gone: Vec<bool>,
    gaps: HashSet<(usize, u32)>,
    counts: Counts,
}

impl Ledger {
    /// `rooms` rooms of `members` members, of whom `senders` send.
    #[must_use]
    pub fn new(rooms: usize, members: usize, senders: usize) -> Self {
        Self {
            members,
            senders,
            rooms: (0..rooms).map(|_| Room::new(members, senders)).collect(),
            next: vec![0; rooms * members * senders],
            gone: vec![false; rooms * members],
            gaps: HashSet::new(),
            counts: Counts::default(),
        }
    }

    /// The figures.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Messages that are on their way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.rooms.iter().map(Room::in_flight).sum()
    }

    /// The next sender of `room`, in turn, of those that are still there; `None` without any.
    pub fn next_sender(&mut self, room: usize) -> Option<usize> {
        let first = room * self.members;
        (0..self.senders)
            .map(|_| self.rooms[room].take_turn())
            .find(|sender| !self.gone[first + sender])
    }

    /// A message of `sender` leaves: returns its number.
    pub fn sent(&mut self, room: usize, sender: usize, now: u64) -> u32 {
        let (number, members) = self.rooms[room].send(sender, now);
        self.counts.messages += 1;
        self.counts.expected += u64::from(members);
        number
    }

    /// Member `id` got message `number` of `sender` in `room`.
    #[inline]
    pub fn delivered(&mut self, id: usize, room: usize, sender: usize, number: u32) -> Verdict {
        let strange = id >= self.gone.len() || sender >= self.senders || id / self.members != room;
        if strange || number >= self.rooms[room].sent_by(sender) {
            self.counts.strays += 1;
            return Verdict::Stray;
        }
        let slot = id * self.senders + sender;
        let next = self.next[slot];
        if number == next {
            self.next[slot] = next + 1;
        } else if number > next {
            self.leave_out(slot, next..number);
            self.next[slot] = number + 1;
        } else if self.gaps.remove(&(slot, number)) {
            self.counts.reordered += 1;
        } else {
            self.counts.duplicates += 1;
            return Verdict::Duplicate;
        }
        self.counts.delivered += 1;
        Verdict::Fresh {
            complete: self.rooms[room].arrived(sender, number),
        }
    }

    /// Member `id` will get nothing more. Returns how many messages are complete without it.
    pub fn member_gone(&mut self, id: usize) -> usize {
        if id >= self.gone.len() || std::mem::replace(&mut self.gone[id], true) {
            return 0;
        }
        let room = id / self.members;
        let mut complete = 0;
        for sender in 0..self.senders {
            let slot = id * self.senders + sender;
            for number in self.rooms[room].under_way(sender) {
                if number >= self.next[slot] || self.gaps.contains(&(slot, number)) {
                    complete += usize::from(self.rooms[room].arrived(sender, number));
                }
            }
        }
        self.rooms[room].member_left();
        complete
    }

    /// Gives up what was sent before `before` and is not complete. Returns the rooms, one for each message.
    pub fn expire(&mut self, before: u64) -> Vec<usize> {
        let mut expired = Vec::new();
        for (number, room) in self.rooms.iter_mut().enumerate() {
            let count = room.expire(before);
            self.counts.timeouts += count as u64;
            expired.extend(std::iter::repeat_n(number, count));
        }
        expired
    }

    fn leave_out(&mut self, slot: usize, numbers: std::ops::Range<u32>) {
        for number in numbers {
            if self.gaps.len() < MAX_GAPS {
                self.gaps.insert((slot, number));
            }
        }
    }
}

#[cfg(test)]
mod tests;
