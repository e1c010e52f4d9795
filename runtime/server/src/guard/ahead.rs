//! Bytes read before hyper wants them, to see the end of the stream behind them.
//!
//! While a response is awaited hyper looks for the client's leaving, but not once a part of the
//! next request is in its buffer. Then the guard does it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};

/// Bytes held at most. Behind more than these a client's leaving is seen when something is written.
const MAX_AHEAD: usize = 16 * 1024;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    bytes: Vec<u8>,
    taken: usize,
}

impl Ahead {
    /// Reads on, as far as there is room. Ready with an error at the stream's end.
    pub(super) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut (impl AsyncRead + Unpin),
    ) -> Poll<io::Error> {
        while self.bytes.len() < MAX_AHEAD {
            let mut bytes = [0; 4096];
            let mut buf = ReadBuf::new(&mut bytes);
            let read = ready!(Pin::new(&mut *stream).poll_read(cx, &mut buf));
            match read {
                Ok(()) if buf.filled().is_empty() => {
                    return Poll::Ready(io::ErrorKind::UnexpectedEof.into());
                }
                Ok(()) => self.bytes.extend_from_slice(buf.filled()),
                Err(error) => return Poll::Ready(error),
            }
        }
        Poll::Pending
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Moves what is there into `buf`; whether there is more.
    pub(super) fn take(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let left = &self.bytes[self.taken..];
        let now = left.len().min(buf.remaining());
        buf.put_slice(&left[..now]);
        self.taken += now;
        self.taken < self.bytes.len()
    }

    /// What was not taken.
    pub(super) fn into_rest(mut self) -> Bytes {
        self.bytes.drain(..self.taken);
        self.bytes.into()
    }
}
