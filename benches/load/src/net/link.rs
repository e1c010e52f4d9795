//! One connection's state.

use std::io;
use std::time::Instant;

use mio::net::TcpStream;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not asked for, ended, or closed.
    Absent,
    /// Begun.
    Connecting,
    /// Open, not yet ready.
    Open,
    /// What the scenario wants.
    Ready,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: Option<TcpStream>,
    pub(super) phase: Phase,
    /// When it began.
    pub(super) since: Instant,
    /// Bytes whose end has not come yet.
    pub(super) rest: Vec<u8>,
    /// `false`: what comes stays in the kernel.
    pub(super) reads: bool,
}

impl Link {
    pub(super) fn new() -> Self {
        Self {
            stream: None,
            phase: Phase::Absent,
            since: Instant::now(),
            rest: Vec::new(),
            reads: true,
        }
    }

    pub(super) fn is_connecting(&self) -> bool {
        matches!(self.phase, Phase::Connecting | Phase::Open)
    }

    /// Ends it; the kernel sends what was written.
    pub(super) fn end(&mut self) {
        self.stream = None;
        self.phase = Phase::Absent;
        self.rest = Vec::new();
        self.reads = true;
    }

    /// Writes what it can of `bytes`, and keeps the rest.
    pub(super) fn write(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let Some(stream) = &mut self.stream else {
            bytes.clear();
            return Ok(());
        };
        let mut written = 0;
        while written < bytes.len() {
            match io::Write::write(stream, &bytes[written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.drain(..written);
        Ok(())
    }
}
