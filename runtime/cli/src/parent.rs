//! A worker's line to its parent: standard input, one end of a pair of sockets.
//!
//! The worker writes a byte when it serves, and then one a second as a sign of life. The parent writes
//! [`STOP`] and [`NOW`]: with signals a service manager that sends them to every process of a service
//! would say twice what it means once. When the other end closes, the parent is no more, and nobody
//! would stop the worker but itself.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdStream;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::{Interval, interval};

/// How often a worker shows that it lives.
pub(crate) const PULSE: Duration = Duration::from_secs(1);

/// The parent asks to stop.
pub(crate) const STOP: u8 = b's';
/// The parent asks to end at once.
pub(crate) const NOW: u8 = b'n';

/// What a worker hears of its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Stop,
    Now,
    /// Nothing more: it is no more.
    Gone,
}

/// See the module's documentation; without a parent nothing here does anything.
#[derive(Debug)]
pub(crate) struct Parent(Option<Line>);

#[derive(Debug)]
struct Line {
    stream: UnixStream,
    pulse: Interval,
    ready: bool,
}

impl Parent {
    /// The parent of a worker. Within a runtime.
    pub(crate) fn of_worker() -> io::Result<Self> {
        let stdin = io::stdin().as_fd().try_clone_to_owned()?;
        let stream = StdStream::from(stdin);
        stream.set_nonblocking(true)?;
        Ok(Self(Some(Line {
            stream: UnixStream::from_std(stream)?,
            pulse: interval(PULSE),
            ready: false,
        })))
    }

    /// For a process that is nobody's worker.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// The worker serves.
    pub(crate) fn ready(&mut self) {
        if let Some(line) = &mut self.0 {
            line.ready = true;
            line.say();
        }
    }

    /// Whether there is one.
    pub(crate) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Shows signs of life until the parent says something, or nothing any more.
    pub(crate) async fn hear(&mut self) -> Heard {
        let Some(line) = &mut self.0 else {
            return std::future::pending().await;
        };
        loop {
            let readable = tokio::select! {
                readable = line.stream.readable() => readable,
                _ = line.pulse.tick() => {
                    if line.ready {
                        line.say();
                    }
                    continue;
                }
            };
            let mut byte = [0];
            match readable.and_then(|()| line.stream.try_read(&mut byte)) {
                Ok(1) if byte[0] == NOW => return Heard::Now,
                Ok(1) => return Heard::Stop,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                _ => {
                    self.0 = None;
                    return Heard::Gone;
                }
            }
        }
    }
}

impl Line {
    /// A parent that does not read gets no more than fits the socket.
    fn say(&self) {
        let _ = self.stream.try_write(b".");
    }
}
