//! The bytes below `h2`: watched for floods, and for what the client owes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::frames::{self, Found, Frames};
use crate::limits::Limits;
use crate::stream::Stream;
use crate::turn::{Said, TURN, Turn};

/// Floods are counted anew after this time.
const WINDOW: Duration = Duration::from_secs(10);

/// Bytes read for nothing once our side has ended: a socket closed over unread bytes is reset, and
/// the GOAWAY is lost with it. What the windows allow of a body, little of anything else.
const LINGER_BYTES: usize = 1024 * 1024;
const LINGER_BYTES_OF_HEADS: usize = 128 * 1024;

/// What a client did that ends its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offence {
    /// Its first frame was not SETTINGS (RFC 9113 §3.4).
    NoSettings,
    /// It opens streams to reset them.
    Resets,
    /// It has us answer PING and SETTINGS all the time.
    Controls,
}

/// Seen from the wire, read by the connection. Both are polled by one task: the lock is never
/// contended.
#[derive(Debug)]
pub(super) struct Owed(Mutex<Seen>);

#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) begun: Instant,
    /// Whether the client's SETTINGS came.
    pub(super) settings: bool,
    /// Since when a header block is incomplete.
    pub(super) block: Option<Instant>,
    /// Since when the client does not take what we write.
    pub(super) stalled: Option<Instant>,
    /// When the last byte came.
    pub(super) heard: Instant,
    pub(super) offence: Option<Offence>,
    /// Whether the client takes promises.
    pub(super) pushes: bool,
    counts: Counts,
    max_resets: u32,
    max_controls: u32,
}

/// Of one window of time.
#[derive(Clone, Copy, Debug)]
struct Counts {
    since: Instant,
    opened: u32,
    resets: u32,
    controls: u32,
}

impl Counts {
    const fn new(since: Instant) -> Self {
        Self {
            since,
            opened: 0,
            resets: 0,
            controls: 0,
        }
    }
}

impl Owed {
    pub(super) fn new(limits: &Limits) -> Arc<Self> {
        let now = Instant::now();
        Arc::new(Self(Mutex::new(Seen {
            begun: now,
            settings: false,
            block: None,
            stalled: None,
            heard: now,
            offence: None,
            pushes: true,
            counts: Counts::new(now),
            max_resets: limits.http2_max_resets,
            max_controls: limits.http2_max_controls,
        })))
    }

    pub(super) fn seen(&self) -> Seen {
        *self.0.lock()
    }
}

impl Seen {
    fn frame(&mut self, kind: u8) {
        if !self.settings {
            self.settings = kind == frames::SETTINGS;
            if !self.settings {
                self.offence = Some(Offence::NoSettings);
            }
            return;
        }
        let counts = &mut self.counts;
        match kind {
            frames::HEADERS => counts.opened += 1,
            frames::RST_STREAM => {
                counts.resets += 1;
                // A client that asks a lot may cancel a lot, but not most of what it asked for.
                if counts.resets > self.max_resets && counts.resets > counts.opened / 2 {
                    self.offence = Some(Offence::Resets);
                }
            }
            frames::PING | frames::SETTINGS => {
                counts.controls += 1;
                if counts.controls > self.max_controls {
                    self.offence = Some(Offence::Controls);
                }
            }
            _ => {}
        }
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
    frames: Frames,
    owed: Arc<Owed>,
    /// Bytes discarded since our side was shut down.
    lingered: Option<usize>,
    turn: Turn,
}

impl Wire {
    pub(super) fn new(stream: Stream, owed: Arc<Owed>) -> Self {
        Self {
            stream,
            frames: Frames::new(),
            owed,
            lingered: None,
            turn: Turn::default(),
        }
    }

    fn heard(&mut self, bytes: &[u8]) {
        let now = Instant::now();
        let mut seen = self.owed.0.lock();
        seen.heard = now;
        if now - seen.counts.since > WINDOW {
            seen.counts = Counts::new(now);
        }
        self.frames.scan(bytes, |found| match found {
            Found::Frame(kind) => seen.frame(kind),
            Found::Setting(frames::ENABLE_PUSH, value) => seen.pushes = value == 1,
            Found::Setting(..) => {}
        });
        if self.frames.open_block() {
            seen.block.get_or_insert(now);
        } else {
            seen.block = None;
        }
    }

    /// Notes whether the client takes what we write.
    fn written<T>(&self, result: Poll<T>) -> Poll<T> {
        let mut seen = self.owed.0.lock();
        if result.is_ready() {
            seen.stalled = None;
        } else if seen.stalled.is_none() {
            seen.stalled = Some(Instant::now());
        }
        result
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.turn.poll(cx));
        let before = buf.filled().len();
        let read = this.turn.poll_read(cx, &mut this.stream, buf);
        let bytes = &buf.filled()[before..];
        if !bytes.is_empty() {
            this.heard(bytes);
        }
        let said = if this.frames.in_body() {
            Said::Body
        } else {
            Said::Head
        };
        this.turn.took(bytes.len(), said);
        ready!(read)?;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(result)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.lingered.is_none() {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            this.lingered = Some(0);
        }
        let most = if this.frames.in_body() {
            LINGER_BYTES
        } else {
            LINGER_BYTES_OF_HEADS
        };
        let mut bytes = [0; TURN];
        loop {
            ready!(this.turn.poll(cx));
            let mut buf = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut this.stream).poll_read(cx, &mut buf);
            this.turn.took(buf.filled().len(), Said::Waste);
            ready!(read)?;
            let lingered = this.lingered.get_or_insert(0);
            *lingered += buf.filled().len();
            if buf.filled().is_empty() || *lingered > most {
                return Poll::Ready(Ok(()));
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
