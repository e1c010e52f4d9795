//! The messages of a run, as its clients send and get them.

use crate::errors::Errors;
use crate::ledger::{Ledger, Verdict};
use crate::mark::{Finder, Mark};
use crate::net::{Gone, Io};
use crate::outcome::Latencies;
use crate::protocol::Template;
use crate::websocket::Client;

/// Who sends what to whom, and what came of it.
#[derive(Debug)]
pub(super) struct Traffic {
    pub(super) ledger: Ledger,
    pub(super) latencies: Latencies,
    pub(super) send_lags: Latencies,
    pub(super) errors: Errors,
    /// Deliveries while measuring.
    pub(super) deliveries: u64,
    /// Texts that carry no message of ours.
    pub(super) others: u64,
    /// Members that came to be; clients that do not read.
    pub(super) connected: u64,
    pub(super) slow_connected: u64,
    pub(super) slow_closed: u64,
    /// When the last delivery came, in microseconds.
    pub(super) last: u64,
    /// Measuring goes from here to there, in microseconds.
    pub(super) from: u64,
    pub(super) to: u64,
    /// Whether a message that is complete lets the next one leave.
    pub(super) follows: bool,
    finder: Finder,
    templates: Vec<Template>,
    members: usize,
    everybody: usize,
    slow_joined: Vec<bool>,
}

impl Traffic {
    /// `slow` clients come after the members of all rooms. One template, or one for each room.
    pub(super) fn new(
        rooms: usize,
        members: usize,
        senders: usize,
        slow: usize,
        bytes: usize,
        templates: Vec<Template>,
    ) -> Self {
        Self {
            ledger: Ledger::new(rooms, members, senders),
            latencies: Latencies::default(),
            send_lags: Latencies::default(),
            errors: Errors::default(),
            deliveries: 0,
            others: 0,
            connected: 0,
            slow_connected: 0,
            slow_closed: 0,
            last: 0,
            from: u64::MAX,
            to: u64::MAX,
            follows: false,
            finder: Finder::new(bytes),
            templates,
            members,
            everybody: rooms * members,
            slow_joined: vec![false; slow],
        }
    }

    /// The next sender of `room` sends a message that was due at `due`.
    pub(super) fn send(&mut self, room: usize, due: u64, io: &mut Io) {
        let Some(sender) = self.ledger.next_sender(room) else {
            self.errors.add(&"a message had no sender left in its room");
            return;
        };
        let Some(outbox) = io.outbox(room * self.members + sender) else {
            self.errors
                .add(&"a message could not be sent: the server does not read");
            return;
        };
        let mark = Mark {
            room: room as u32,
            sender: sender as u32,
            number: self.ledger.sent(room, sender, due),
            due: due as u32,
        };
        self.templates[room % self.templates.len()].put(mark, outbox);
    }

    /// Gives up what was sent before `before`; where messages follow each other, the next ones leave.
    pub(super) fn expire(&mut self, before: u64, io: &mut Io) {
        for room in self.ledger.expire(before) {
            self.errors.add(&"a message was not complete in time");
            self.follow(room, io);
        }
    }

    #[inline]
    fn follow(&mut self, room: usize, io: &mut Io) {
        if self.follows {
            let now = io.now();
            self.send(room, now, io);
        }
    }
}

impl Client for Traffic {
    fn joined(&mut self, id: usize, _: &mut Io) {
        match id.checked_sub(self.everybody) {
            None => self.connected += 1,
            Some(slow) => {
                self.slow_joined[slow] = true;
                self.slow_connected += 1;
            }
        }
    }

    #[inline]
    fn message(&mut self, id: usize, text: &[u8], io: &mut Io) {
        if id >= self.everybody {
            return;
        }
        let Some(mark) = self.finder.find(text) else {
            self.others += 1;
            return;
        };
        let (room, sender) = (mark.room as usize, mark.sender as usize);
        match self.ledger.delivered(id, room, sender, mark.number) {
            Verdict::Fresh { complete } => {
                let (now, due) = (io.now(), u64::from(mark.due));
                self.last = now;
                if (self.from..self.to).contains(&now) {
                    self.deliveries += 1;
                }
                if (self.from..self.to).contains(&due) {
                    self.latencies.record(now.saturating_sub(due));
                }
                if complete {
                    self.follow(room, io);
                }
            }
            Verdict::Duplicate => {}
            Verdict::Stray => self.errors.add(&"a message came that nobody sent to this room"),
        }
    }

    fn gone(&mut self, id: usize, why: Gone, io: &mut Io) {
        if let Some(slow) = id.checked_sub(self.everybody) {
            // A server may close who does not read; one that never came to be is an error.
            if self.slow_joined[slow] {
                self.slow_closed += 1;
            } else {
                self.errors.add(&why);
            }
            return;
        }
        self.errors.add(&why);
        let room = id / self.members;
        for _ in 0..self.ledger.member_gone(id) {
            self.follow(room, io);
        }
    }
}
