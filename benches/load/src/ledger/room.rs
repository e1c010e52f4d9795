//! The messages that are on their way in one room.

use std::collections::VecDeque;
use std::ops::Range;

/// A message, until all members have it.
#[derive(Clone, Copy, Debug)]
struct Flight {
    missing: u32,
    sent: u64,
}

/// The flights of one sender: those that are over leave at the front.
#[derive(Clone, Debug, Default)]
struct Sender {
    first: u32,
    flights: VecDeque<Flight>,
}

#[derive(Debug)]
pub(super) struct Room {
    present: u32,
    senders: Vec<Sender>,
    turn: usize,
    in_flight: usize,
}

impl Room {
    pub(super) fn new(members: usize, senders: usize) -> Self {
        Self {
            present: u32::try_from(members).unwrap_or(u32::MAX),
            senders: vec![Sender::default(); senders],
            turn: 0,
            in_flight: 0,
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(super) fn take_turn(&mut self) -> usize {
        let turn = self.turn;
        self.turn = (turn + 1) % self.senders.len();
        turn
    }

    /// How many messages `sender` has sent.
    #[inline]
    pub(super) fn sent_by(&self, sender: usize) -> u32 {
        let sender = &self.senders[sender];
        sender.first + sender.flights.len() as u32
    }

    /// Returns the message's number and how many members have to get it.
    pub(super) fn send(&mut self, sender: usize, now: u64) -> (u32, u32) {
        let number = self.sent_by(sender);
        self.senders[sender].flights.push_back(Flight {
            missing: self.present,
            sent: now,
        });
        self.in_flight += 1;
        (number, self.present)
    }

    /// One member less has to get it; whether it was the last one.
    #[inline]
    pub(super) fn arrived(&mut self, sender: usize, number: u32) -> bool {
        let sender = &mut self.senders[sender];
        let Some(at) = number.checked_sub(sender.first) else {
            // It was given up before.
            return false;
        };
        let flight = &mut sender.flights[at as usize];
        if flight.missing == 0 {
            return false;
        }
        flight.missing -= 1;
        let complete = flight.missing == 0;
        if complete {
            self.in_flight -= 1;
            sender.forget();
        }
        complete
    }

    /// The numbers that are on their way from `sender`.
    pub(super) fn under_way(&self, sender: usize) -> Range<u32> {
        self.senders[sender].first..self.sent_by(sender)
    }

    pub(super) fn member_left(&mut self) {
        self.present = self.present.saturating_sub(1);
    }

    /// Gives up what was sent before `before`; how many messages that were.
    pub(super) fn expire(&mut self, before: u64) -> usize {
        let mut count = 0;
        for sender in &mut self.senders {
            for flight in &mut sender.flights {
                if flight.missing > 0 && flight.sent < before {
                    flight.missing = 0;
                    count += 1;
                }
            }
            sender.forget();
        }
        self.in_flight -= count;
        count
    }
}

impl Sender {
    fn forget(&mut self) {
        while self.flights.front().is_some_and(|flight| flight.missing == 0) {
            self.flights.pop_front();
            self.first += 1;
        }
    }
}
