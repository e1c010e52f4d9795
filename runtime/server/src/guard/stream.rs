//! The scanner between socket and hyper, and the deadlines a slow client meets.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::ahead::Ahead;
use super::aside::Aside;
use super::idle::Idle;
use super::scanner::{Place, Scanner};
use crate::turn::{Said, TURN, Turn};

/// What hyper reads instead of the bytes it must not see. No parser takes a NUL anywhere in a
/// head, and the empty line makes hyper look at it at once: it answers 400, after the responses to
/// earlier requests, and closes.
const POISON: &[u8] = b"\0\r\n\r\n";

/// How long, and for how many bytes, a connection is still read after its last response: a socket
/// closed over unread bytes is reset, and the response is lost with it.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 1024 * 1024;
/// The same behind a head that was refused: no body is known of.
const LINGER_BYTES_OF_HEAD: usize = 64 * 1024;

/// Up to so many bytes it is cheaper to put a head and its body together than to have the kernel go
/// over a list of two.
const SMALL: usize = 512;

/// What stands in `bufs`, in one piece, where it fits.
fn gather<'a>(bufs: &[io::IoSlice<'_>], small: &'a mut [u8; SMALL]) -> Option<&'a [u8]> {
    let mut end = 0;
    for buf in bufs {
        small.get_mut(end..end + buf.len())?.copy_from_slice(buf);
        end += buf.len();
    }
    Some(&small[..end])
}

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadlines {
    /// For a whole head, from its first byte.
    pub(crate) head: Duration,
    /// For the next byte of a body.
    pub(crate) body: Duration,
    /// To take the next byte of a response.
    pub(crate) response: Duration,
    /// To begin its next request.
    pub(crate) idle: Duration,
}

/// What was wrong with a body, for the answer to its request. That is not always the one being
/// answered: bytes are scanned as they come.
#[derive(Debug, Default)]
pub(crate) struct Fault(AtomicU64);

/// See [`Fault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    Malformed,
    TooSlow,
}

impl Fault {
    pub(crate) fn set(&self, request: u64, fault: BodyFault) {
        self.0.store(request << 1 | fault as u64, Ordering::Release);
    }

    /// What is wrong with the body of a connection's so-many-th request, the first being 1.
    pub(crate) fn of(&self, request: u64) -> Option<BodyFault> {
        let fault = self.0.load(Ordering::Acquire);
        (request > 0 && fault >> 1 == request).then_some(match fault & 1 {
            0 => BodyFault::Malformed,
            _ => BodyFault::TooSlow,
        })
    }
}

/// A stream whose reading half is scanned. See [`super`].
#[derive(Debug)]
pub(crate) struct Guard<S> {
    stream: S,
    scanner: Scanner,
    deadlines: Deadlines,
    fault: Arc<Fault>,
    aside: Arc<Aside>,
    /// Set only while the client keeps us waiting.
    timer: Option<Timer>,
    /// What is still to be put in the place of a bad head.
    poison: &'static [u8],
    refused: bool,
    /// Set only while the client does not take what we write.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Bytes discarded since our side was shut down.
    lingered: Option<usize>,
    turn: Turn,
    /// Since the last flush hyper waits for bytes.
    reading: bool,
    ahead: Option<Box<Ahead>>,
    idle: Idle,
}

#[derive(Debug)]
struct Timer {
    place: Place,
    heads: u64,
    sleep: Pin<Box<Sleep>>,
}

impl<S> Guard<S> {
    pub(crate) fn new(stream: S, deadlines: Deadlines, fault: Arc<Fault>, aside: Arc<Aside>) -> Self {
        Self {
            stream,
            scanner: Scanner::new(),
            deadlines,
            fault,
            aside,
            timer: None,
            poison: &[],
            refused: false,
            stalled: None,
            lingered: None,
            turn: Turn::default(),
            reading: false,
            ahead: None,
            idle: Idle::default(),
        }
    }

    /// The stream, and what was read of it that hyper has not seen.
    pub(crate) fn into_inner(self) -> (S, Bytes) {
        let ahead = self.ahead.map(|ahead| ahead.into_rest());
        (self.stream, ahead.unwrap_or_default())
    }

    /// Ends the stream as hyper sees it; `place` says how.
    fn refuse(&mut self, place: Place, fault: BodyFault) {
        self.refused = true;
        self.timer = None;
        match place {
            // Nobody asked anything, so there is nothing to answer.
            Place::Start if fault == BodyFault::TooSlow => {}
            Place::Start | Place::Head => self.poison = POISON,
            // hyper sees the end of the stream within a body: the application, a disconnect.
            _ => self.fault.set(self.scanner.heads(), fault),
        }
    }

    fn serve_poison(&mut self, buf: &mut ReadBuf<'_>) {
        let (now, later) = self.poison.split_at(self.poison.len().min(buf.remaining()));
        buf.put_slice(now);
        self.poison = later;
    }

    /// The client sent nothing: is it late?
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let place = self.scanner.place();
        let heads = self.scanner.heads();
        let limit = match place {
            Place::Head => self.deadlines.head,
            // The first head begins with the connection; before later ones it may idle.
            Place::Start if heads == 0 => self.deadlines.head,
            Place::Body | Place::Chunks => self.deadlines.body,
            Place::Start | Place::Tunnel => return Poll::Pending,
        };
        let timer = self.timer.get_or_insert_with(|| Timer {
            place,
            heads,
            sleep: Box::pin(sleep(limit)),
        });
        ready!(timer.sleep.as_mut().poll(cx));
        self.refuse(place, BodyFault::TooSlow);
        Poll::Ready(())
    }

    /// Every request is answered: does the next one not come?
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let heads = self.scanner.heads();
        let rests = self.scanner.place() == Place::Start && self.aside.answered() == heads;
        if !rests || heads == 0 || self.refused || self.lingered.is_some() {
            return Poll::Pending;
        }
        self.idle.poll_over(cx, heads, self.deadlines.idle)
    }

    /// What a write came to; a client that takes nothing for too long is an error.
    fn written(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let limit = self.deadlines.response;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// A deadline covers a whole head, but only the wait for the next byte of a body.
    fn keep_timer(&mut self) {
        let place = self.scanner.place();
        let heads = self.scanner.heads();
        let in_head = |place| matches!(place, Place::Head | Place::Start);
        let same_head = |timer: &Timer| in_head(place) && in_head(timer.place) && timer.heads == heads;
        if !self.timer.as_ref().is_some_and(same_head) {
            self.timer = None;
        }
    }
}

impl<S: AsyncRead + Unpin> Guard<S> {
    fn poll_source(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(ahead) = &mut self.ahead else {
            let read = self.turn.poll_read(cx, &mut self.stream, buf);
            self.reading = read.is_pending();
            return read;
        };
        if !ahead.take(buf) {
            self.ahead = None;
        }
        Poll::Ready(Ok(()))
    }

    /// hyper does not read: has the client left? Ready with an error, which ends the connection.
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let next_is_here = self.scanner.heads() > self.aside.requests()
            || (self.scanner.heads() > 0 && self.scanner.place() == Place::Head);
        if std::mem::take(&mut self.reading) || self.refused || self.lingered.is_some() || !next_is_here {
            return Poll::Pending;
        }
        let ahead = self.ahead.get_or_insert_default();
        let before = ahead.len();
        let gone = ahead.poll_fill(cx, &mut self.stream);
        match ahead.len() {
            0 => self.ahead = None,
            // Should hyper wait for bytes after all, here they are.
            after if after > before => cx.waker().wake_by_ref(),
            _ => {}
        }
        gone
    }

    /// Discards what still comes. Ready at the client's end, or when that is late.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let most = match self.scanner.place() {
            Place::Body | Place::Chunks | Place::Tunnel => LINGER_BYTES,
            Place::Start | Place::Head => LINGER_BYTES_OF_HEAD,
        };
        let lingered = self.lingered.get_or_insert(0);
        let mut bytes = [0; TURN];
        while self.turn.poll(cx).is_ready() {
            let mut buf = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut self.stream).poll_read(cx, &mut buf);
            self.turn.took(buf.filled().len(), Said::Waste);
            match read {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() && *lingered < most => {
                    *lingered += buf.filled().len();
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        let timer = self.timer.get_or_insert_with(|| Timer {
            place: Place::Tunnel,
            heads: 0,
            sleep: Box::pin(sleep(LINGER)),
        });
        timer.sleep.as_mut().poll(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.refused {
            this.serve_poison(buf);
            return Poll::Ready(Ok(()));
        }
        // hyper reads a head until it is whole, and begins to parse it anew each time.
        if this.turn.poll(cx).is_pending() {
            // hyper waits for bytes all the same: nobody has to look whether the client is gone.
            this.reading = true;
            return Poll::Pending;
        }
        let start = buf.filled().len();
        let read = this.poll_source(cx, buf);
        let count = buf.filled().len() - start;
        let scanned = this.scanner.scan(&buf.filled()[start..]);
        let said = match this.scanner.place() {
            Place::Body | Place::Chunks | Place::Tunnel => Said::Body,
            Place::Start | Place::Head => Said::Head,
        };
        this.turn.took(count, said);
        match read? {
            Poll::Ready(()) => {
                if let Err(bad) = scanned {
                    buf.set_filled(start + bad);
                    this.refuse(this.scanner.place(), BodyFault::Malformed);
                    this.serve_poison(buf);
                } else if this.timer.is_some() {
                    this.keep_timer();
                }
                Poll::Ready(Ok(()))
            }
            Poll::Pending => {
                ready!(this.poll_late(cx));
                this.serve_poison(buf);
                Poll::Ready(Ok(()))
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.written(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // hyper flushes whenever it has written everything, and each time it has been woken.
        while let Some(bytes) = this.aside.waiting() {
            let written = Pin::new(&mut this.stream).poll_write(cx, &bytes);
            let count = ready!(this.written(cx, written))?;
            this.aside.written(count);
        }
        ready!(Pin::new(&mut this.stream).poll_flush(cx))?;
        if let Poll::Ready(error) = this.poll_gone(cx) {
            return Poll::Ready(Err(error));
        }
        if this.poll_idle(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingered.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            this.timer = None;
            // Between two requests there is nothing more to come.
            if !this.refused && this.scanner.place() == Place::Start {
                return Poll::Ready(Ok(()));
            }
        }
        this.poll_linger(cx).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut small = [0; SMALL];
        let written = match gather(bufs, &mut small) {
            Some(bytes) => Pin::new(&mut self.stream).poll_write(cx, bytes),
            None => Pin::new(&mut self.stream).poll_write_vectored(cx, bufs),
        };
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
