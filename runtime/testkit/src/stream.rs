//! A TCP stream that is read through a buffer and under a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// How long connecting, and one write, may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to 127.0.0.1.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: TcpStream,
    /// Bytes that were read and not yet taken.
    buffer: Vec<u8>,
}

impl Stream {
    pub(crate) fn connect(port: u16) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), PATIENCE)?;
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            socket,
            buffer: Vec::new(),
        })
    }

    pub(crate) fn local_port(&self) -> u16 {
        self.socket
            .local_addr()
            .expect("a connected socket has an address")
            .port()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.write_all(bytes)
    }

    pub(crate) fn shutdown(&self, how: Shutdown) {
        // Fails only if the other side was faster.
        let _ = self.socket.shutdown(how);
    }

    /// What was read and not yet taken.
    pub(crate) fn buffered(&self) -> &[u8] {
        &self.buffer
    }

    /// Reads more into the buffer; 0 is the end of the stream. [`ErrorKind::TimedOut`] at `end`.
    pub(crate) fn fill(&mut self, end: Instant) -> io::Result<usize> {
        let mut chunk = [0; 16 * 1024];
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            self.socket.set_read_timeout(Some(left))?;
            match self.socket.read(&mut chunk) {
                Ok(read) => {
                    self.buffer.extend_from_slice(&chunk[..read]);
                    return Ok(read);
                }
                // A timeout shows as WouldBlock on UNIX; the head of the loop tells whether it was the deadline.
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                    ) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes exactly `count` bytes. [`ErrorKind::UnexpectedEof`] if the stream ends before.
    pub(crate) fn take(&mut self, count: usize, end: Instant) -> io::Result<Vec<u8>> {
        while self.buffer.len() < count {
            if self.fill(end)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.buffer.drain(..count).collect())
    }

    /// Takes everything up to `mark` and drops the mark. [`ErrorKind::UnexpectedEof`] if the stream ends before.
    pub(crate) fn take_until(&mut self, mark: &[u8], end: Instant) -> io::Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.buffer[searched..]
                .windows(mark.len())
                .position(|window| window == mark)
            {
                let taken = self.buffer.drain(..searched + at).collect();
                self.buffer.drain(..mark.len());
                return Ok(taken);
            }
            searched = (self.buffer.len() + 1).saturating_sub(mark.len());
            if self.fill(end)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Takes everything up to the end of the stream.
    pub(crate) fn take_rest(&mut self, end: Instant) -> io::Result<Vec<u8>> {
        while self.fill(end)? > 0 {}
        Ok(self.take_buffered())
    }

    /// Takes what was read so far.
    pub(crate) fn take_buffered(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.buffer)
    }
}
