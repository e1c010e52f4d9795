//! The byte stream of a connection, whatever carries it.
//!
//! Sockets of the kernel can be written from any task, at once, as far as the kernel takes it; all
//! others (TLS, a stream of HTTP/2) have one task that writes what waits.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustix::io::retry_on_intr;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream, tcp, unix};

/// A stream that is no socket of the kernel's.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static> Duplex for S {}

impl fmt::Debug for dyn Duplex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Duplex")
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// TLS, or a stream within an HTTP/2 connection.
    Other(Box<dyn Duplex>),
}

impl Stream {
    /// Looks at bytes without taking them, as many as fit `buf`, until `decide` has an answer. It
    /// is told, too, whether the client has ended its side; what it cannot decide then is an error.
    pub(crate) async fn peek_until<T>(
        &self,
        buf: &mut [u8],
        decide: impl Fn(&[u8], bool) -> Option<T>,
    ) -> io::Result<T> {
        let mut look = |socket: BorrowedFd<'_>, ended: bool| {
            let (_, count) = recv(socket, &mut *buf, RecvFlags::PEEK)?;
            let bytes = &buf[..count.min(buf.len())];
            let ended = ended || bytes.is_empty();
            match decide(bytes, ended) {
                Some(answer) => Ok(answer),
                None if ended => Err(ErrorKind::UnexpectedEof.into()),
                None if bytes.len() == buf.len() => Err(ErrorKind::InvalidData.into()),
                // To tokio this means: ready again when there is more.
                None => Err(ErrorKind::WouldBlock.into()),
            }
        };
        loop {
            let looked = match self {
                Self::Tcp(stream) => {
                    let ended = stream.ready(Interest::READABLE).await?.is_read_closed();
                    stream.try_io(Interest::READABLE, || look(stream.as_fd(), ended))
                }
                Self::Unix(stream) => {
                    let ended = stream.ready(Interest::READABLE).await?.is_read_closed();
                    stream.try_io(Interest::READABLE, || look(stream.as_fd(), ended))
                }
                Self::Other(_) => Err(ErrorKind::Unsupported.into()),
            };
            match looked {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                looked => return looked,
            }
        }
    }

    /// The two directions, for two owners.
    pub(crate) fn into_split(self) -> (ReadHalf, WriteHalf) {
        match self {
            Self::Tcp(stream) => {
                let (read, write) = stream.into_split();
                (ReadHalf::Tcp(read), WriteHalf::Tcp(write))
            }
            Self::Unix(stream) => {
                let (read, write) = stream.into_split();
                (ReadHalf::Unix(read), WriteHalf::Unix(write))
            }
            Self::Other(stream) => {
                let (read, write) = tokio::io::split(stream);
                let write = Lane {
                    stream: write,
                    unflushed: false,
                };
                (ReadHalf::Other(Box::new(read)), WriteHalf::Other(Box::new(write)))
            }
        }
    }
}

/// `$self` as the stream in it, pinned.
macro_rules! each {
    ($type:ident, $self:expr, $stream:ident => $do:expr) => {
        match &mut *$self {
            $type::Tcp($stream) => {
                let $stream = Pin::new($stream);
                $do
            }
            $type::Unix($stream) => {
                let $stream = Pin::new($stream);
                $do
            }
            $type::Other($stream) => {
                let $stream = Pin::new($stream);
                $do
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(Self, self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        each!(Self, self, stream => stream.poll_write(cx, buf))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(Self, self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(Self, self, stream => stream.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        each!(Self, self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::Unix(_) => true,
            Self::Other(stream) => stream.is_write_vectored(),
        }
    }
}

/// The reading direction.
#[derive(Debug)]
pub(crate) enum ReadHalf {
    Tcp(tcp::OwnedReadHalf),
    Unix(unix::OwnedReadHalf),
    Other(Box<tokio::io::ReadHalf<Box<dyn Duplex>>>),
}

impl ReadHalf {
    /// Ready once nothing more can come than what the kernel holds already, which is not read.
    /// Says whether the client broke off, so that not even that can. For a client whose bytes
    /// nobody wants now; never ready where only reading would tell.
    pub(crate) async fn closed(&self) -> bool {
        // A socket is ready for urgent data, of which there is none, or closed.
        let closed = match self {
            Self::Tcp(stream) => stream.as_ref().ready(Interest::PRIORITY).await,
            Self::Unix(stream) => stream.as_ref().ready(Interest::PRIORITY).await,
            Self::Other(_) => std::future::pending().await,
        };
        if closed.is_ok_and(|ready| !ready.is_read_closed()) {
            return std::future::pending().await;
        }
        let error = match self {
            Self::Tcp(stream) => stream.as_ref().take_error(),
            Self::Unix(stream) => stream.as_ref().take_error(),
            Self::Other(_) => Ok(None),
        };
        !matches!(error, Ok(None))
    }
}

impl AsyncRead for ReadHalf {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        each!(Self, self, stream => stream.poll_read(cx, buf))
    }
}

/// The writing direction. Dropping the half of a kernel's socket sends FIN.
#[derive(Debug)]
pub(crate) enum WriteHalf {
    Tcp(tcp::OwnedWriteHalf),
    Unix(unix::OwnedWriteHalf),
    Other(Box<Lane>),
}

fn offer(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| send(socket, bytes, SendFlags::NOSIGNAL))?)
}

/// A stream that only its own task writes.
#[derive(Debug)]
pub(crate) struct Lane {
    stream: tokio::io::WriteHalf<Box<dyn Duplex>>,
    unflushed: bool,
}

impl WriteHalf {
    /// Writes what the kernel takes now. `WouldBlock` where that is nothing, and always where only
    /// one task may write.
    ///
    /// Asks the kernel, not tokio's record of what it said last: for a fan-out that is one more cache line of each
    /// member's. Whoever waits afterwards goes by that record, and corrects it.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => offer(stream.as_ref().as_fd(), bytes),
            Self::Unix(stream) => offer(stream.as_ref().as_fd(), bytes),
            Self::Other(_) => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// [`WriteHalf::try_write`] of several slices in one call.
    pub(crate) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write_vectored(slices),
            Self::Unix(stream) => stream.try_write_vectored(slices),
            Self::Other(_) => Err(ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes some of `slices`, which are not empty; else wakes the task when it can.
    pub(crate) fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            let written = match self {
                Self::Tcp(stream) => stream.try_write_vectored(slices),
                Self::Unix(stream) => stream.try_write_vectored(slices),
                Self::Other(lane) => {
                    lane.unflushed = true;
                    ready!(Pin::new(&mut lane.stream).poll_write_vectored(cx, slices))
                }
            };
            match written {
                Ok(0) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Err(error) if error.kind() == ErrorKind::WouldBlock => ready!(self.poll_writable(cx))?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return Poll::Ready(other),
            }
        }
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.as_ref().poll_write_ready(cx),
            Self::Unix(stream) => stream.as_ref().poll_write_ready(cx),
            Self::Other(_) => Poll::Ready(Err(ErrorKind::WouldBlock.into())),
        }
    }

    /// Passes on what a layer in between holds back.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Self::Other(lane) = self
            && lane.unflushed
        {
            ready!(Pin::new(&mut lane.stream).poll_flush(cx))?;
            lane.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Whether dropping it tells the client that nothing more comes.
    pub(crate) fn ends_by_drop(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// Ends the direction, where that takes more than a drop.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(_) | Self::Unix(_) => Poll::Ready(Ok(())),
            Self::Other(lane) => Pin::new(&mut lane.stream).poll_shutdown(cx),
        }
    }
}
