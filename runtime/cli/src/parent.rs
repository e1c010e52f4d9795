//! A worker's line to its parent: standard input, one end of a pair of sockets.
//!
//! The worker writes a byte when it serves, and then one a second as a sign of life. When the other
//! end closes, the parent is no more, and nobody would stop the worker but itself.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdStream;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::{Interval, interval};

/// How often a worker shows that it lives.
pub(crate) const PULSE: Duration = Duration::from_secs(1);

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

    /// Shows signs of life for as long as the parent is there; ready when it has gone.
    pub(crate) async fn gone(&mut self) {
        let Some(line) = &mut self.0 else {
            return std::future::pending().await;
        };
        loop {
            tokio::select! {
                readable = line.stream.readable() => {
                    let read = line.stream.try_read(&mut [0; 16]);
                    match (readable, read) {
                        (Ok(()), Ok(1..)) => {}
                        (Ok(()), Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {}
                        _ => return,
                    }
                }
                _ = line.pulse.tick() => if line.ready {
                    line.say();
                },
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
