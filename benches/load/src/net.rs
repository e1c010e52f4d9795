//! All connections of a run, in one loop on one thread.
//!
//! A turn polls, reads each socket that has something into one shared buffer, lets a [`Handler`] take what is whole
//! there, and at its end writes what the handler left in the outboxes. Only what is cut in the middle is kept, by its
//! own connection. Nothing is allocated for a message.

mod io;
mod link;
mod socket;
mod tcp;
mod timer;

use thiserror::Error;

use crate::wire::frame::FrameError;
use crate::wire::handshake::HandshakeError;
use crate::wire::http::ResponseError;

pub use io::{Io, OUTBOX_LIMIT};
pub use tcp::{Options, Tcp};

/// Why a connection ended, or never began.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Gone {
    /// It was not ready in time.
    #[error("not connected in time")]
    Timeout,
    /// The server closed it.
    #[error("closed by the server")]
    Closed,
    /// The server said why, in a close frame.
    #[error("closed by the server with code {0}")]
    Code(u16),
    /// The kernel has no port to connect from.
    #[error(
        "no local port is left: connect from more addresses, such as `--source 127.0.0.2 --source 127.0.0.3`"
    )]
    NoPort,
    /// What else the kernel says.
    #[error("{0}")]
    Io(std::io::Error),
    /// No WebSocket came of it.
    #[error("{0}")]
    Handshake(#[from] HandshakeError),
    /// Not what RFC 6455 allows.
    #[error("{0}")]
    Frame(#[from] FrameError),
    /// Not HTTP/1.1 as this client knows it.
    #[error("{0}")]
    Http(#[from] ResponseError),
    /// The application's own protocol said no.
    #[error("the server refused to join")]
    Refused,
}

impl From<std::io::Error> for Gone {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::AddrNotAvailable => Self::NoPort,
            _ => Self::Io(error),
        }
    }
}

/// What a scenario does with bytes.
pub trait Handler {
    /// Connection `id` has had its turn, and is being opened.
    fn begun(&mut self, _id: usize, _io: &mut Io) {}

    /// Connection `id` is open.
    fn opened(&mut self, id: usize, io: &mut Io);

    /// `bytes` have come, those that were not taken before first. Returns how many are taken.
    ///
    /// # Errors
    /// What is wrong with them: the connection is closed then.
    fn received(&mut self, id: usize, bytes: &[u8], io: &mut Io) -> Result<usize, Gone>;

    /// Connection `id` has ended, or never began; not called for those that [`Io::close`] ends.
    fn gone(&mut self, id: usize, why: Gone, io: &mut Io);
}
