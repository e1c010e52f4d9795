//! What clients say: requests until a handshake, frames afterwards.

use std::io;

use crate::connection::State;
use crate::floor::{Floor, write_to_all};
use crate::frame::{self, NoFrame};
use crate::head::{self, Wish};

/// Asked of a socket at once.
const READ: usize = 64 << 10;

/// A frame that is as long as may be, and one more read.
pub(super) const BUFFER: usize = (1 << 20) + 64 + READ;

impl Floor {
    pub(super) fn readable(&mut self, key: usize) {
        let mut buffer = std::mem::take(&mut self.buffer);
        if self.read(key, &mut buffer).is_err() {
            self.dead.push(key);
        }
        self.buffer = buffer;
    }

    /// Reads until there is nothing more; an error ends the connection, and so does its end.
    fn read(&mut self, key: usize, buffer: &mut [u8]) -> io::Result<()> {
        loop {
            let Some(connection) = self.connections.get_mut(key) else {
                return Ok(());
            };
            let kept = connection.partial.len();
            buffer[..kept].copy_from_slice(&connection.partial);
            let Some(read) = connection.read(&mut buffer[kept..kept + READ])? else {
                return Ok(());
            };
            if read == 0 {
                return Err(refused("the end"));
            }
            let bytes = &mut buffer[..kept + read];
            let used = self.take(key, bytes)?;
            if let Some(connection) = self.connections.get_mut(key) {
                connection.partial = bytes[used..].to_vec();
            }
            // Less than asked for is all there was (epoll(7), question 9).
            if read < READ {
                return Ok(());
            }
        }
    }

    /// Answers all that is complete in `bytes`, and returns how long that is.
    fn take(&mut self, key: usize, bytes: &mut [u8]) -> io::Result<usize> {
        let mut used = 0;
        while used < bytes.len() {
            let rest = &mut bytes[used..];
            let taken = match self.connections[key].state {
                State::Http => self.request(key, rest)?,
                state => self.frame(key, state, rest)?,
            };
            match taken {
                Some(length) => used += length,
                None => break,
            }
        }
        Ok(used)
    }

    fn request(&mut self, key: usize, bytes: &[u8]) -> io::Result<Option<usize>> {
        let Some((wish, length)) = head::read(bytes) else {
            if bytes.len() > head::LONGEST {
                return Err(refused("a head without end"));
            }
            return Ok(None);
        };
        let connection = &mut self.connections[key];
        match wish {
            Wish::Hello => connection.write(head::HELLO)?,
            Wish::Echo { key } => {
                connection.state = State::Echo;
                connection.write(&head::accept(key))?;
            }
            Wish::Room { name, key: accept } => {
                connection.write(&head::accept(accept))?;
                let (room, place) = self.rooms.join(name, key);
                connection.state = State::Member { room, place };
            }
        }
        Ok(Some(length))
    }

    fn frame(&mut self, key: usize, state: State, bytes: &mut [u8]) -> io::Result<Option<usize>> {
        let incoming = match frame::read(bytes) {
            Ok(incoming) => incoming,
            Err(NoFrame::Incomplete) => return Ok(None),
            Err(NoFrame::Refused) => return Err(refused("a frame that is not for us")),
        };
        self.frame.clear();
        match (incoming.opcode, state) {
            (frame::PING, _) => self.answer(key, frame::PONG, incoming.payload)?,
            (frame::PONG, _) => {}
            (frame::CLOSE, _) => {
                self.answer(key, frame::CLOSE, incoming.payload)?;
                return Err(refused("a close"));
            }
            (frame::TEXT, State::Member { room, .. }) => {
                frame::write(&mut self.frame, frame::TEXT, incoming.payload);
                if self.join {
                    self.rooms.tell(room, &self.frame);
                } else {
                    let members = self.rooms.members(room);
                    write_to_all(&mut self.connections, members, &self.frame, &mut self.dead);
                }
            }
            (frame::TEXT | frame::BINARY, _) => self.answer(key, incoming.opcode, incoming.payload)?,
            _ => return Err(refused("a reserved opcode")),
        }
        Ok(Some(incoming.length))
    }

    fn answer(&mut self, key: usize, opcode: u8, payload: &[u8]) -> io::Result<()> {
        frame::write(&mut self.frame, opcode, payload);
        self.connections[key].write(&self.frame)
    }
}

/// The connection ends; nobody reads why.
fn refused(what: &'static str) -> io::Error {
    io::Error::other(what)
}
