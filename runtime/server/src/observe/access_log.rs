//! The access log: one line for each HTTP response and each turn of a WebSocket's life.
//!
//! Lines are put together by whoever ends a request, in a buffer of the process, and written by one
//! thread, many at a time. The buffer is bounded: where the file or pipe is slower than the server,
//! lines are dropped, and the log says how many; requests never wait for it.
//!
//! # Layout
//! - this file: [`AccessLog`]
//! - [`format`](mod@format): [`Format`], what a line looks like
//! - `entry`: what there is to write; `daphne`, `combined`, `json`, `template`: how
//! - `escape`: no client writes lines of its own
//! - `date`: the time of day, formatted once a second
//! - `writer`: the buffer and its thread

mod combined;
mod daphne;
mod date;
mod entry;
mod escape;
pub mod format;
mod json;
mod template;
mod writer;

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use entry::{Entry, Event};
pub use format::{Format, FormatError};

use date::Now;
use writer::{Target, Writer};

/// A running access log. Clones share it; the last one dropped writes out what waits, for which it
/// has two seconds.
///
/// Cost: about a microsecond per line, and one thread. At most 1 MiB of lines waits.
#[derive(Clone)]
pub struct AccessLog {
    format: Arc<Format>,
    writer: Arc<Writer>,
}

impl AccessLog {
    /// A log on standard output (`--access-log -`).
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn stdout(format: Format) -> io::Result<Self> {
        Self::with(format, Target::Sink(Box::new(io::stdout())))
    }

    /// A log that is appended to a file, which is made if need be (`--access-log FILE`).
    ///
    /// # Errors
    /// The file cannot be opened, or the system has no thread left.
    pub fn file(format: Format, path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::with(format, Target::open(path.into())?)
    }

    /// A log into anything. Only its own thread writes, whole lines, and flushes behind them.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn writer(format: Format, writer: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with(format, Target::Sink(Box::new(writer)))
    }

    fn with(format: Format, target: Target) -> io::Result<Self> {
        Ok(Self {
            format: Arc::new(format),
            writer: Arc::new(Writer::start(target)?),
        })
    }

    /// Has a file opened anew, by its name: for log rotation, which renames it. Returns at once. If
    /// it cannot be opened, the log says so and goes on in the old one.
    pub fn reopen(&self) {
        self.writer.reopen();
    }

    /// Waits until everything that was logged is written, but not longer than `deadline`; whether it
    /// is. Blocks its thread.
    pub fn flush(&self, deadline: Duration) -> bool {
        self.writer.flush(deadline)
    }

    /// Lines that were dropped so far, because they came faster than they could be written.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.writer.dropped()
    }

    /// Whether lines hold what a client says of itself; if not, nobody has to copy it.
    pub(crate) fn names_agents(&self) -> bool {
        self.format.names_agents()
    }

    /// Whether lines hold the request's id.
    pub(crate) fn names_ids(&self) -> bool {
        self.format.names_ids()
    }

    pub(crate) fn log(&self, entry: &Entry<'_>) {
        thread_local! {
            static SCRATCH: RefCell<(Vec<u8>, Now)> = RefCell::default();
        }
        SCRATCH.with_borrow_mut(|(line, now)| {
            line.clear();
            if self.format.line(line, entry, now.tick()) {
                line.push(b'\n');
                self.writer.push(line);
            }
        });
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog")
            .field("format", &self.format)
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
