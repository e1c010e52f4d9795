//! Clients that come, and go or stay.

use crate::cli::ChurnArgs;
use crate::errors::Errors;
use crate::mark::{Finder, Mark};
use crate::net::{Gone, Io};
use crate::outcome::Latencies;
use crate::protocol::Template;
use crate::websocket::{Client, Site};
use crate::wire::frame::{self, Opcode};

/// Code 1000, as a browser that leaves a page properly has it.
const NORMAL: [u8; 2] = 1000_u16.to_be_bytes();

/// Where a visitor is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Visit {
    /// Waiting for others to be connected first.
    Queued,
    /// On its way in since then.
    Arriving(u64),
    /// In, and staying.
    Arrived,
    /// It has said that it leaves, at that time; the server closes.
    Leaving(u64),
    /// Not to come again.
    Absent,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Visitors {
    /// Connects while measuring, and all.
    pub(super) connects: u64,
    pub(super) all_connects: u64,
    pub(super) failed: u64,
    /// Those that are queued or on their way in.
    pub(super) arriving: usize,
    /// Texts that were others'.
    pub(super) others: u64,
    /// From the connection's begin until it is in.
    pub(super) latencies: Latencies,
    pub(super) errors: Errors,
    visits: Vec<Visit>,
    /// Each visit's number, so that a message of an earlier one does not count.
    numbers: Vec<u32>,
    join: bool,
    hold: bool,
    from: u64,
    finder: Finder,
    templates: Vec<Template>,
    room_of: Vec<u32>,
}

impl Visitors {
    pub(super) fn new(args: &ChurnArgs, site: &Site) -> Self {
        let different = if args.protocol.names_rooms() {
            site.rooms.len()
        } else {
            1
        };
        let rooms = site.rooms.iter().take(different);
        Self {
            connects: 0,
            all_connects: 0,
            failed: 0,
            arriving: 0,
            others: 0,
            latencies: Latencies::default(),
            errors: Errors::default(),
            visits: vec![Visit::Absent; args.connections],
            numbers: vec![0; args.connections],
            join: args.join,
            hold: args.hold,
            from: 0,
            finder: Finder::new(args.bytes),
            templates: rooms
                .map(|room| args.protocol.template(room, args.bytes))
                .collect(),
            room_of: site.room_of.clone(),
        }
    }

    /// Client `id` is to come.
    pub(super) fn queue(&mut self, id: usize, io: &mut Io) {
        self.arriving += 1;
        self.numbers[id] = self.numbers[id].wrapping_add(1);
        self.visits[id] = Visit::Queued;
        io.open(id);
    }

    /// What counts begins now.
    pub(super) fn measure(&mut self, io: &mut Io) {
        self.from = io.look();
        self.connects = 0;
    }

    /// Goes on without those that wait too long: for their message, or for the server to close.
    pub(super) fn expire(&mut self, seconds: f64, io: &mut Io) {
        let before = io.now().saturating_sub((seconds * 1e6) as u64);
        for id in 0..self.visits.len() {
            let why = match self.visits[id] {
                Visit::Arriving(since) if since < before => "not joined in time",
                Visit::Leaving(since) if since < before => "not closed by the server in time",
                _ => continue,
            };
            io.close(id);
            self.ended(id, Some(&why), io);
        }
    }

    fn arrived(&mut self, id: usize, io: &mut Io) {
        let Visit::Arriving(since) = self.visits[id] else {
            return;
        };
        self.arriving -= 1;
        self.connects += 1;
        self.all_connects += 1;
        if since >= self.from {
            self.latencies.record(io.now().saturating_sub(since));
        }
        if self.hold {
            self.visits[id] = Visit::Arrived;
            return;
        }
        self.visits[id] = Visit::Leaving(io.now());
        if let Some(outbox) = io.outbox(id) {
            frame::put(outbox, Opcode::Close, &NORMAL);
        }
    }

    /// A visit is over: the next one follows, unless visitors stay.
    fn ended(&mut self, id: usize, why: Option<&dyn ToString>, io: &mut Io) {
        if matches!(self.visits[id], Visit::Queued | Visit::Arriving(_)) {
            self.arriving -= 1;
            self.failed += 1;
        }
        if let Some(why) = why {
            self.errors.add(&why.to_string());
        }
        self.visits[id] = Visit::Absent;
        if !self.hold {
            self.queue(id, io);
        }
    }
}

impl Client for Visitors {
    fn begun(&mut self, id: usize, io: &mut Io) {
        self.visits[id] = Visit::Arriving(io.look());
    }

    fn joined(&mut self, id: usize, io: &mut Io) {
        if !self.join {
            self.arrived(id, io);
            return;
        }
        let mark = Mark {
            room: self.room_of[id],
            sender: id as u32,
            number: self.numbers[id],
            due: 0,
        };
        if let Some(outbox) = io.outbox(id) {
            self.templates[mark.room as usize % self.templates.len()].put(mark, outbox);
        }
    }

    fn message(&mut self, id: usize, text: &[u8], io: &mut Io) {
        match self.finder.find(text) {
            Some(mark) if mark.sender as usize == id && mark.number == self.numbers[id] => {
                self.arrived(id, io);
            }
            _ => self.others += 1,
        }
    }

    fn gone(&mut self, id: usize, why: Gone, io: &mut Io) {
        if matches!(self.visits[id], Visit::Leaving(_)) {
            self.ended(id, None, io);
        } else {
            self.ended(id, Some(&why), io);
        }
    }
}
