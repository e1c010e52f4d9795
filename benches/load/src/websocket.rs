//! WebSocket clients on the loop of [`net`](crate::net).

use crate::net::{Gone, Handler, Io};
use crate::protocol::{Incoming, Protocol};
use crate::target::Target;
use crate::wire::frame::{self, Opcode};
use crate::wire::handshake;

/// What a scenario does with its clients.
pub trait Client {
    /// Client `id` has had its turn, and is being connected.
    fn begun(&mut self, _id: usize, _io: &mut Io) {}

    /// Client `id` is a member of its room.
    fn joined(&mut self, id: usize, io: &mut Io);

    /// Client `id` was sent `text`: the whole message, or the first frame of one in several.
    fn message(&mut self, id: usize, text: &[u8], io: &mut Io);

    /// Client `id` has ended, or never came to be.
    fn gone(&mut self, id: usize, why: Gone, io: &mut Io);
}

/// Where clients go, and as whom.
#[derive(Clone, Debug)]
pub struct Site {
    /// The servers: client `id` goes to number `id` modulo their count.
    pub targets: Vec<Target>,
    /// Complete header lines of the handshake.
    pub headers: Vec<String>,
    /// How messages look.
    pub protocol: Protocol,
    /// The rooms' names.
    pub rooms: Vec<String>,
    /// The room of each client.
    pub room_of: Vec<u32>,
}

impl Site {
    /// The name of the room of client `id`.
    #[must_use]
    pub fn room(&self, id: usize) -> &str {
        &self.rooms[self.room_of[id] as usize]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Handshake,
    Joining,
    Joined,
}

/// The clients of a run, and the scenario that they play.
#[derive(Debug)]
pub struct WebSockets<C> {
    /// The scenario.
    pub client: C,
    site: Site,
    states: Vec<State>,
}

impl<C: Client> WebSockets<C> {
    /// Clients of `site`, one for each entry of its `room_of`.
    pub fn new(site: Site, client: C) -> Self {
        Self {
            client,
            states: vec![State::Handshake; site.room_of.len()],
            site,
        }
    }

    #[inline]
    fn text(&mut self, id: usize, text: &[u8], io: &mut Io) -> Result<(), Gone> {
        let protocol = self.site.protocol;
        if protocol.joins_by_opening() {
            self.client.message(id, text, io);
            return Ok(());
        }
        let mut answer = Vec::new();
        let incoming = protocol.incoming(text, self.site.room(id), &mut answer);
        if !answer.is_empty()
            && let Some(outbox) = io.outbox(id)
        {
            outbox.extend_from_slice(&answer);
        }
        match incoming {
            Incoming::Message => self.client.message(id, text, io),
            Incoming::Handled => {}
            Incoming::Joined if self.states[id] == State::Joining => self.join(id, io),
            Incoming::Joined => {}
            Incoming::Refused => return Err(Gone::Refused),
        }
        Ok(())
    }

    fn join(&mut self, id: usize, io: &mut Io) {
        self.states[id] = State::Joined;
        io.ready(id);
        self.client.joined(id, io);
    }
}

impl<C: Client> Handler for WebSockets<C> {
    fn begun(&mut self, id: usize, io: &mut Io) {
        self.client.begun(id, io);
    }

    fn opened(&mut self, id: usize, io: &mut Io) {
        let target = &self.site.targets[id % self.site.targets.len()];
        let path = target.path_of(self.site.room(id));
        let request = handshake::request(target, &path, &self.site.headers);
        self.states[id] = State::Handshake;
        if let Some(outbox) = io.outbox(id) {
            outbox.extend_from_slice(&request);
        }
    }

    fn received(&mut self, id: usize, bytes: &[u8], io: &mut Io) -> Result<usize, Gone> {
        let mut taken = 0;
        if self.states[id] == State::Handshake {
            let Some(head) = handshake::response(bytes)? else {
                return Ok(0);
            };
            taken = head;
            self.states[id] = State::Joining;
            if self.site.protocol.joins_by_opening() {
                self.join(id, io);
            }
        }
        while let Some(header) = frame::header(&bytes[taken..])? {
            let rest = &bytes[taken..];
            let Some(payload) = rest.get(header.start..header.end) else {
                break;
            };
            taken += header.end;
            match header.opcode {
                Opcode::Text | Opcode::Binary => self.text(id, payload, io)?,
                Opcode::Ping => {
                    if let Some(outbox) = io.outbox(id) {
                        frame::put(outbox, Opcode::Pong, payload);
                    }
                }
                Opcode::Close => return Err(closed(payload)),
                // The mark is in a message's first frame.
                Opcode::Continuation | Opcode::Pong => {}
            }
        }
        Ok(taken)
    }

    fn gone(&mut self, id: usize, why: Gone, io: &mut Io) {
        self.client.gone(id, why, io);
    }
}

fn closed(payload: &[u8]) -> Gone {
    match payload {
        [high, low, ..] => Gone::Code(u16::from_be_bytes([*high, *low])),
        _ => Gone::Closed,
    }
}
