//! A socket's driver: the one task that reads from the client, makes events of its messages, and
//! writes what `outbound` could not write at once.
//!
//! It reads through a buffer on the stack: an idle socket holds no byte of one. Whatever happens,
//! the application gets exactly one disconnect event, and the driver ends: by the client's close,
//! its end of stream, or the sweeper that gives an overdue client up.

mod read;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use laureola_asgi::queue::EventSender;
use laureola_asgi::{CloseCode, Event, Payload};
use laureola_message::Str;
use tracing::debug;

use super::close;
use super::codec::{Decoder, Inflation, Item, Rules, Violation};
use super::outbound::Stage;
use super::registry::{Entry, Registry};
use super::socket::Socket;
use crate::limits::Limits;
use crate::running::Present;
use crate::stream::ReadHalf;
use crate::upgrade::Upgrade;

/// First byte of a pong: FIN and its opcode.
const PONG: u8 = 0x8a;
/// How much of what a client still sends after the end is read, and thrown away.
const LINGER_BYTES: usize = 8 * 1024 * 1024;

/// Drives a socket from its accepted handshake to its end. Returns the code of its close, as its
/// application was told.
///
/// `opening` is boxed, as everything here that is large and does not last: this future is held by every socket, and holds
/// whatever it was called with.
pub(crate) async fn drive(opening: Pin<Box<impl Future<Output = Option<Driver>>>>) -> CloseCode {
    let Some(mut driver) = opening.await else {
        return close::BROKEN;
    };
    driver.run().await;
    driver.code
}

/// Takes the stream from hyper; `None` where the client left before it had the response.
pub(crate) async fn open(
    socket: Arc<Socket>,
    events: EventSender,
    upgrade: Upgrade,
    inflation: Inflation,
    present: Present,
) -> Option<Driver> {
    let entry = Registry::enter(&socket);
    let Some((stream, early)) = upgrade.stream().await else {
        debug!("a websocket client left during its handshake");
        return None;
    };
    let (read, write) = stream.into_split();
    socket.hear();
    socket.outbound.attach(write);
    let decoder = Decoder::new(rules(&socket.shared.options.limits), inflation);
    Some(Driver {
        _entry: entry,
        socket,
        read,
        decoder,
        // What came together with the handshake is read first.
        backlog: Backlog::new(None, &early),
        events: Some(events),
        present: Some(present),
        code: close::BROKEN,
    })
}

/// What drives a socket.
pub(crate) struct Driver {
    _entry: Entry,
    socket: Arc<Socket>,
    read: ReadHalf,
    decoder: Decoder,
    backlog: Option<Box<Backlog>>,
    /// `None` once the application has its disconnect event.
    events: Option<EventSender>,
    /// `None` once the client has left.
    present: Option<Present>,
    /// What the application is told.
    code: CloseCode,
}

/// What was read, and still has to wait.
struct Backlog {
    /// The next event.
    event: Option<Event>,
    /// What came behind it.
    bytes: Vec<u8>,
}

impl Backlog {
    fn new(event: Option<Event>, bytes: &[u8]) -> Option<Box<Self>> {
        let waits = event.is_some() || !bytes.is_empty();
        waits.then(|| {
            Box::new(Self {
                event,
                bytes: bytes.to_vec(),
            })
        })
    }
}

/// What there is to do next.
enum Turn {
    /// The application's queue is full; a backlog waits for it.
    Full,
    /// The client closes, or answers our close.
    Closed(CloseCode, Str),
    Broken(Violation),
    /// The end of the stream.
    Gone,
    /// The server wants the socket closed.
    Asked(CloseCode),
    Dead,
}

impl Driver {
    async fn run(&mut self) {
        loop {
            match poll_fn(|cx| self.turn(cx)).await {
                Turn::Full => Box::pin(self.wait_for_room()).await,
                Turn::Closed(code, reason) => {
                    let answer = match code {
                        close::NO_CODE => close::EMPTY,
                        code => close::frame(code, &reason),
                    };
                    // Before the application knows: its end would close the socket with 1000.
                    self.socket.outbound.close(&answer, self.now());
                    self.leave(code, reason);
                    return Box::pin(self.part()).await;
                }
                // The client cannot be understood any more.
                Turn::Broken(violation) => {
                    debug!(%violation, "a websocket failed");
                    let (code, reason) = (violation.code(), violation.reason());
                    self.socket
                        .outbound
                        .close(&close::frame(code, reason), self.now());
                    self.leave(code, Str::from_static(reason));
                    return Box::pin(self.part()).await;
                }
                Turn::Asked(code) => {
                    let reason = close::reason_of(code);
                    self.leave(code, Str::from_static(reason));
                    self.socket
                        .outbound
                        .close(&close::frame(code, reason), self.now());
                }
                Turn::Gone | Turn::Dead => {
                    // As above: a client that only ended its own side would see it, or not.
                    self.socket.outbound.kill();
                    return self.leave(close::BROKEN, Str::default());
                }
            }
        }
    }

    fn now(&self) -> u32 {
        self.socket.shared.clock.now()
    }

    /// Tells the application, once, that the socket is closed.
    fn leave(&mut self, code: CloseCode, reason: Str) {
        if let Some(events) = self.events.take() {
            self.code = code;
            events.disconnect(code, reason);
        }
        self.present = None;
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let stage = self.socket.outbound.drive(cx, self.now());
        // A client that left while the application was busy: what it sent before is still read.
        let has_left = self.events.is_some() && self.present.is_none();
        if stage == Stage::Dead && !has_left {
            return Poll::Ready(Turn::Dead);
        }
        if self.events.is_some()
            && let Some(code) = self.socket.asked()
        {
            return Poll::Ready(Turn::Asked(code));
        }
        // Messages behind our own close frame are no longer anyone's.
        let wanted = self.events.is_some() && (stage == Stage::Open || has_left);
        if let Some(mut backlog) = self.backlog.take() {
            let mut input = &mut *backlog.bytes;
            if let Some(turn) = self.digest(cx, &mut input, wanted) {
                return Poll::Ready(turn);
            }
        }
        self.read(cx, wanted)
    }

    /// Makes events and answers of bytes that came, up to one that changes everything.
    fn digest(&mut self, cx: &mut Context<'_>, input: &mut &mut [u8], wanted: bool) -> Option<Turn> {
        let mut pongs = Vec::new();
        let turn = loop {
            let payload = match self.decoder.decode(input) {
                Ok(None) => break None,
                Ok(Some(Item::Text(text))) => Payload::Text(text),
                Ok(Some(Item::Binary(bytes))) => Payload::Binary(bytes),
                Ok(Some(Item::Ping(payload))) => {
                    pong(&mut pongs, &payload);
                    continue;
                }
                Ok(Some(Item::Pong)) => continue,
                Ok(Some(Item::Close(code, reason))) => break Some(Turn::Closed(code, reason)),
                Err(violation) => break Some(Turn::Broken(violation)),
            };
            let Some(events) = self.events.as_ref().filter(|_| wanted) else {
                continue;
            };
            // An answer to a ping does not wait for the application's to what came behind it.
            self.answer(&mut pongs);
            self.socket.shared.metrics.received(payload.len());
            let mut event = Some(Event::WebSocketReceive(payload));
            if events.poll_send(cx, &mut event).is_pending() {
                self.backlog = Backlog::new(event, input);
                break Some(Turn::Full);
            }
        };
        self.answer(&mut pongs);
        turn
    }

    /// Sends the answers to pings that came together in one write: that is what a flood costs.
    fn answer(&self, pongs: &mut Vec<u8>) {
        if !pongs.is_empty() {
            let pongs = std::mem::take(pongs).into();
            self.socket.outbound.control(&pongs, self.now());
        }
    }

    /// The application is slow: waits until it takes an event, but not longer than the socket is
    /// open, and with an eye on the client.
    async fn wait_for_room(&mut self) {
        let broke_off = self.until_room().await;
        self.socket.deaf.store(false, Ordering::Relaxed);
        self.socket.hear();
        if broke_off {
            self.backlog = None;
            self.leave(close::BROKEN, Str::default());
        } else if let Some(backlog) = &mut self.backlog {
            // Sent, or no longer anyone's.
            backlog.event = None;
        }
    }

    /// Returns whether the client broke off, so that nothing of what it sent remains.
    async fn until_room(&mut self) -> bool {
        let (Some(backlog), Some(events)) = (&mut self.backlog, &self.events) else {
            return false;
        };
        let (socket, present) = (&self.socket, &mut self.present);
        let Backlog { event, bytes } = &mut **backlog;
        let mut left = pin!(read::left(&mut self.read, bytes));
        socket.deaf.store(true, Ordering::Relaxed);
        poll_fn(|cx| {
            let stage = socket.outbound.drive(cx, socket.shared.clock.now());
            let is_over = present.is_some() && stage != Stage::Open;
            if is_over || socket.asked().is_some() || events.poll_send(cx, event).is_ready() {
                return Poll::Ready(false);
            }
            // It sends nothing more. What it sent before is still for the application, but what
            // the application sends finds nobody, and its time begins to run.
            if present.is_some()
                && let Poll::Ready(broke_off) = left.as_mut().poll(cx)
            {
                present.take();
                socket.outbound.kill();
                if broke_off {
                    return Poll::Ready(true);
                }
            }
            Poll::Pending
        })
        .await
    }

    /// The application is told, the last frame queued: ends the connection as RFC 6455 §7.1.1 has
    /// it, the server first. What still comes is thrown away: a socket closed over unread bytes is
    /// reset, and the close frame is lost with it.
    async fn part(&mut self) {
        self.socket.outbound.finish(self.now());
        let mut more = Some(LINGER_BYTES);
        poll_fn(|cx| {
            if self.socket.outbound.drive(cx, self.now()) == Stage::Dead {
                return Poll::Ready(());
            }
            let ended = read::discard(&mut self.read, cx, &mut more).is_ready();
            if ended && self.socket.outbound.is_over() {
                return Poll::Ready(());
            }
            Poll::Pending
        })
        .await;
    }
}

/// A pong of at most 125 bytes, behind others.
fn pong(pongs: &mut Vec<u8>, payload: &[u8]) {
    pongs.push(PONG);
    pongs.push(u8::try_from(payload.len()).expect("a ping has at most 125 bytes"));
    pongs.extend_from_slice(payload);
}

fn rules(limits: &Limits) -> Rules {
    let limit = |bytes| if bytes == 0 { usize::MAX } else { bytes };
    Rules {
        max_message: limit(limits.websocket_max_message),
        max_frame: limit(limits.websocket_max_frame),
    }
}
