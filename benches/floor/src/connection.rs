//! One socket, and what it could not take yet.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;

/// What may wait for a client; one with more is dropped.
const MOST_WAITING: usize = 64 << 20;

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Between requests.
    Http,
    Echo,
    /// A member of a room, by the room's number, at this place of its list.
    Member {
        room: usize,
        place: usize,
    },
}

/// A connection. Both buffers have no memory while there is nothing in them.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) state: State,
    /// The beginning of what is not complete.
    pub(crate) partial: Vec<u8>,
    waiting: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            state: State::Http,
            partial: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// Reads once into `buffer`; `None` where there is nothing, 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match retry(|| self.stream.read(buffer)) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            other => other.map(Some),
        }
    }

    /// Writes, now or as soon as the socket takes it.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let taken = if self.waiting.is_empty() {
            self.offer(bytes)?
        } else {
            0
        };
        let rest = &bytes[taken..];
        if self.waiting.len() + rest.len() > MOST_WAITING {
            return Err(io::Error::other("the client does not read"));
        }
        self.waiting.extend_from_slice(rest);
        Ok(())
    }

    /// The socket takes bytes again.
    pub(crate) fn resume(&mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            let taken = self.offer(&waiting);
            self.waiting = waiting;
            match taken? {
                0 => return Ok(()),
                all if all == self.waiting.len() => self.waiting = Vec::new(),
                some => drop(self.waiting.drain(..some)),
            }
        }
        Ok(())
    }

    /// What the kernel takes of `bytes`. Not all of them means that it has no room: a writable event will come.
    fn offer(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match retry(|| self.stream.write(bytes)) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }
}

fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
