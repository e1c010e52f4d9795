//! A stream of HTTP/2 as a WebSocket's connection (RFC 8441 §5): END_STREAM is FIN, RST_STREAM is
//! RST, and the windows hold back who is too fast.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use h2::{RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::pipe::poll_capacity;

/// The most bytes of one write: they are copied, and their window is taken from other streams.
const MAX_WRITE: usize = 16 * 1024;

/// See the module's documentation. Dropped before its end, the stream is reset.
#[derive(Debug)]
pub(super) struct Tunnel {
    receive: RecvStream,
    /// Received, and not read.
    unread: Bytes,
    send: SendStream<Bytes>,
    ended: bool,
}

impl Tunnel {
    pub(super) fn new(receive: RecvStream, send: SendStream<Bytes>) -> Self {
        Self {
            receive,
            unread: Bytes::new(),
            send,
            ended: false,
        }
    }
}

fn broken(error: h2::Error) -> io::Error {
    io::Error::new(ErrorKind::ConnectionReset, error)
}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.unread.is_empty() {
            match ready!(self.receive.poll_data(cx)) {
                Some(Ok(part)) => self.unread = part,
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
                None => return Poll::Ready(Ok(())),
            }
        }
        let taken = self.unread.len().min(buf.remaining());
        buf.put_slice(&self.unread[..taken]);
        self.unread.advance(taken);
        let released = self.receive.flow_control().release_capacity(taken);
        Poll::Ready(released.map_err(broken))
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = slices
            .iter()
            .map(|slice| slice.len())
            .sum::<usize>()
            .min(MAX_WRITE);
        if wanted == 0 {
            return Poll::Ready(Ok(0));
        }
        self.send.reserve_capacity(wanted);
        let Some(capacity) = ready!(poll_capacity(&mut self.send, cx)) else {
            return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
        };
        let length = wanted.min(capacity);
        let mut bytes = BytesMut::with_capacity(length);
        for slice in slices {
            let room = length - bytes.len();
            bytes.extend_from_slice(&slice[..slice.len().min(room)]);
        }
        let sent = self.send.send_data(bytes.freeze(), false);
        Poll::Ready(sent.map(|()| length).map_err(broken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// `h2` writes on its own account.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.ended {
            self.ended = true;
            self.send.send_data(Bytes::new(), true).map_err(broken)?;
        }
        Poll::Ready(Ok(()))
    }
}
