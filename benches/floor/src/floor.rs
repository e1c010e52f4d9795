//! The event loop: accepts, reads, answers; a turn is what one wait has brought.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use crate::connection::{Connection, State};

mod reading;
mod rooms;

use rooms::Rooms;

const LISTENER: Token = Token(usize::MAX);

/// Events looked at in one turn.
const EVENTS: usize = 1024;

/// Why the floor cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FloorError {
    #[error("cannot listen on {address}: {source}; is another server there?")]
    Bind { address: SocketAddr, source: io::Error },
    #[error("the event loop failed: {0}")]
    Poll(#[from] io::Error),
}

/// A listening floor.
pub(crate) struct Floor {
    poll: Poll,
    listener: TcpListener,
    connections: Slab<Connection>,
    rooms: Rooms,
    /// Whether a room's messages of one turn leave together.
    join: bool,
    /// Connections that ended in this turn.
    dead: Vec<usize>,
    /// What is read, for one connection at a time.
    buffer: Vec<u8>,
    /// The frame that is being sent.
    frame: Vec<u8>,
}

impl Floor {
    pub(crate) fn bind(address: SocketAddr, join: bool) -> Result<Self, FloorError> {
        let listener = TcpListener::bind(address);
        let mut listener = listener.map_err(|source| FloorError::Bind { address, source })?;
        let poll = Poll::new()?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            listener,
            connections: Slab::new(),
            rooms: Rooms::default(),
            join,
            dead: Vec::new(),
            buffer: vec![0; reading::BUFFER],
            frame: Vec::new(),
        })
    }

    /// Where it listens, with its real port.
    pub(crate) fn local_addr(&self) -> Result<SocketAddr, FloorError> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until the process is ended.
    pub(crate) fn run(&mut self) -> Result<Infallible, FloorError> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            match self.poll.poll(&mut events, None) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept();
                    continue;
                }
                let Token(key) = event.token();
                if event.is_writable() {
                    self.resume(key);
                }
                if event.is_readable() || event.is_read_closed() {
                    self.readable(key);
                }
            }
            self.flush();
            self.bury();
        }
    }

    fn accept(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Err(error) = self.welcome(stream) {
                        eprintln!("a client could not be taken: {error}");
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => return eprintln!("cannot accept: {error}"),
            }
        }
    }

    fn welcome(&mut self, mut stream: mio::net::TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let entry = self.connections.vacant_entry();
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, Token(entry.key()), interest)?;
        entry.insert(Connection::new(stream));
        Ok(())
    }

    fn resume(&mut self, key: usize) {
        if let Some(connection) = self.connections.get_mut(key)
            && connection.resume().is_err()
        {
            self.dead.push(key);
        }
    }

    /// Sends what rooms were told in this turn.
    fn flush(&mut self) {
        while let Some((members, joined)) = self.rooms.next_joined() {
            write_to_all(&mut self.connections, members, joined, &mut self.dead);
        }
    }

    /// Ends the connections that ended: not before the turn's end, for until then rooms are being walked.
    fn bury(&mut self) {
        while let Some(key) = self.dead.pop() {
            // More than one write may have failed.
            let Some(connection) = self.connections.try_remove(key) else {
                continue;
            };
            if let State::Member { room, place } = connection.state
                && let Some(moved) = self.rooms.leave(room, place)
                && let Some(moved) = self.connections.get_mut(moved)
            {
                moved.state = State::Member { room, place };
            }
        }
    }
}

fn write_to_all(connections: &mut Slab<Connection>, members: &[usize], bytes: &[u8], dead: &mut Vec<usize>) {
    for &member in members {
        if let Some(connection) = connections.get_mut(member)
            && connection.write(bytes).is_err()
        {
            dead.push(member);
        }
    }
}
