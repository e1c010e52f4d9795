//! What a WebSocket's application and its driver share.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use laureola_asgi::exchange::{Body, Denial, ResponseFuture};
use laureola_asgi::send::CommandSink;
use laureola_asgi::{CloseCode, Command, Disconnected, Payload, SendError, TrySendError};
use laureola_message::{Frame, Frames, Str};
use parking_lot::Mutex;
use tracing::debug;

use super::close;
use super::deflate::Outgoing;
use super::outbound::{Outbound, Refused, Stage};
use crate::clock::Tick;
use crate::shared::Shared;

/// What an application makes of a handshake.
#[derive(Debug)]
pub(crate) enum Decision {
    /// 101, with these.
    Accept {
        subprotocol: Option<HeaderValue>,
        headers: HeaderMap,
    },
    /// 403.
    Refuse,
    /// This response.
    Deny(Response<Body>),
    /// The same, in parts.
    DenyInParts(Box<ResponseFuture>),
    /// It ended, or failed, without one.
    None,
}

#[derive(Debug)]
struct Handshake {
    /// `None` once it is over.
    open: Option<Box<Undecided>>,
    /// Kept until the server takes it.
    decision: Option<Box<Decision>>,
    /// Where the parts of a denial go.
    denial: Option<Denial>,
}

/// What a handshake needs until it is decided.
#[derive(Debug)]
struct Undecided {
    server: Option<Waker>,
    /// The client's subprotocols.
    offers: Box<[Box<str>]>,
}

/// See the module's documentation.
// In order of use: see `Outbound`.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Socket {
    pub(crate) outbound: Outbound,
    pub(crate) shared: Arc<Shared>,
    accepted: AtomicBool,
    /// The window its messages are compressed by, in bits; `None` where they are not.
    window: Option<u8>,
    /// The driver does not read: the application is slow, and its silence not the client's.
    pub(crate) deaf: AtomicBool,
    /// Tick of the client's last frame.
    pub(crate) heard: AtomicU32,
    /// Tick of our last ping, 0 for none.
    pub(crate) pinged: AtomicU32,
    /// Tick of the handshake.
    pub(crate) opened: Tick,
    /// The code the server wants the socket closed with, 0 for none. The driver does it, once the
    /// application has its disconnect event.
    asked: AtomicU32,
    handshake: Mutex<Handshake>,
}

/// First bytes of frames: FIN and the opcode.
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;

impl Socket {
    pub(crate) fn new(shared: Arc<Shared>, offers: Box<[Box<str>]>, window: Option<u8>) -> Self {
        let limits = &shared.options.limits;
        Self {
            outbound: Outbound::new(limits.websocket_outbound_bytes, limits.websocket_outbound_cap),
            window,
            handshake: Mutex::new(Handshake {
                open: Some(Box::new(Undecided { server: None, offers })),
                decision: None,
                denial: None,
            }),
            accepted: AtomicBool::new(false),
            heard: AtomicU32::new(shared.clock.now()),
            pinged: AtomicU32::new(0),
            deaf: AtomicBool::new(false),
            opened: shared.clock.now(),
            asked: AtomicU32::new(0),
            shared,
        }
    }

    /// The application's decision, once.
    pub(crate) fn poll_decision(&self, cx: &mut Context<'_>) -> Poll<Decision> {
        let mut handshake = self.handshake.lock();
        match handshake.decision.take() {
            Some(decision) => Poll::Ready(*decision),
            None => {
                if let Some(open) = &mut handshake.open {
                    open.server = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// The handshake ends without the application: whatever it sends now finds no client.
    pub(crate) fn abandon(&self) {
        let open = self.handshake.lock().open.take();
        drop(open);
        self.outbound.kill();
    }

    /// The application has ended; `failed` if by an error, a panic, or an abort.
    pub(crate) fn application_ended(&self, failed: bool) {
        if self.decide(Decision::None) {
            self.outbound.kill();
            return;
        }
        if let Some(denial) = self.denial() {
            denial.application_ended(failed);
        }
        let (code, reason) = if let Some(code) = self.asked() {
            // It ended because it was told so: the driver's close frame and this one are the same.
            (code, close::reason_of(code))
        } else if failed {
            (close::FAILED, "internal error")
        } else {
            (close::NORMAL, "")
        };
        self.outbound
            .close(&close::frame(code, reason), self.shared.clock.now());
    }

    /// Has the driver close the socket, after the application's disconnect event.
    pub(crate) fn ask_to_close(&self, code: CloseCode) {
        self.asked.store(code.into(), Ordering::Release);
        self.outbound.wake_driver();
    }

    /// The code the server wants the socket closed with.
    pub(crate) fn asked(&self) -> Option<CloseCode> {
        CloseCode::try_from(self.asked.load(Ordering::Acquire))
            .ok()
            .filter(|code| *code != 0)
    }

    /// A frame came from the client.
    pub(crate) fn hear(&self) {
        self.heard.store(self.shared.clock.now(), Ordering::Relaxed);
    }

    /// Settles the handshake. Returns whether it was still open.
    fn decide(&self, decision: Decision) -> bool {
        let open = {
            let mut handshake = self.handshake.lock();
            let Some(open) = handshake.open.take() else {
                return false;
            };
            if matches!(decision, Decision::Accept { .. }) {
                self.accepted.store(true, Ordering::Release);
            }
            handshake.decision = Some(Box::new(decision));
            open
        };
        open.server.into_iter().for_each(Waker::wake);
        true
    }

    pub(super) fn denial(&self) -> Option<Denial> {
        self.handshake.lock().denial.clone()
    }

    pub(super) fn set_denial(&self, denial: Denial) {
        self.handshake.lock().denial = Some(denial);
    }

    /// Whether the application has still to decide.
    pub(super) fn is_undecided(&self) -> bool {
        self.handshake.lock().open.is_some()
    }

    /// The application decides; `text` is for one that does it twice.
    pub(super) fn settle(&self, decision: Decision, text: &'static str) -> Result<(), TrySendError> {
        let accepts = matches!(decision, Decision::Accept { .. });
        if self.decide(decision) {
            if !accepts {
                self.outbound.kill();
            }
            Ok(())
        } else if self.is_open() {
            Err(TrySendError::protocol(text))
        } else {
            Err(TrySendError::disconnected())
        }
    }

    /// A subprotocol for the response. A client fails the connection over one it did not offer
    /// (RFC 6455 §4.1), so that is an error here, where somebody can see it.
    fn offered(&self, name: &str) -> Result<HeaderValue, TrySendError> {
        let handshake = self.handshake.lock();
        let is_offer = |open: &Undecided| open.offers.iter().any(|offer| **offer == *name);
        let offered = handshake.open.as_deref().is_none_or(is_offer);
        let value = HeaderValue::from_str(name).ok().filter(|_| offered);
        value.ok_or_else(|| {
            TrySendError::protocol(format!("the client did not offer the subprotocol {name:?}"))
        })
    }

    fn is_open(&self) -> bool {
        self.accepted.load(Ordering::Acquire) && self.outbound.stage() == Stage::Open
    }

    /// Closes the socket because its client does not take what waits for it: with 1013, in the place
    /// of that. The application has its disconnect at once.
    pub(crate) fn give_up_slow(&self) {
        let frame = close::frame(close::SLOW, close::reason_of(close::SLOW));
        if self.outbound.stage() != Stage::Open {
            return;
        }
        // Before the driver is woken.
        self.asked.store(close::SLOW.into(), Ordering::Release);
        if self.outbound.cut_short(&frame, self.shared.clock.now()) {
            self.shared.metrics.slow_consumer();
            debug!("a websocket client is too slow");
        }
    }

    /// How its messages are compressed, where that was agreed on.
    fn outgoing(&self) -> Option<Outgoing<'_>> {
        let window = self.window?;
        let settings = self.shared.options.websocket_compression.as_ref()?;
        Some(Outgoing { settings, window })
    }

    /// The frame of a message, compressed where that was agreed on and is worth it.
    fn framed<'a>(&self, payload: &'a Payload) -> Cow<'a, Bytes> {
        let outgoing = self.outgoing();
        let encode = |first, payload: &[u8]| {
            let compressed = outgoing.and_then(|outgoing| outgoing.once(first, payload));
            Cow::Owned(compressed.unwrap_or_else(|| Frame::encode(first, payload)))
        };
        match payload {
            Payload::Frame(frame) => {
                let compressed = outgoing.and_then(|outgoing| outgoing.shared(frame));
                Cow::Borrowed(compressed.unwrap_or_else(|| frame.bytes()))
            }
            Payload::Text(text) => encode(TEXT, text.as_bytes()),
            Payload::Binary(bytes) => encode(BINARY, bytes),
        }
    }

    /// Whether messages may be sent at all.
    fn check_accepted(&self) -> Result<(), SendError> {
        if self.accepted.load(Ordering::Acquire) {
            Ok(())
        } else if !self.is_undecided() {
            Err(Disconnected.into())
        } else {
            let text = "Socket has not been accepted, so cannot send over it";
            Err(SendError::Protocol(text.into()))
        }
    }

    /// What became of a fan-out's `messages`, `bytes` of them.
    fn delivered(
        &self,
        outcome: Result<(), Refused>,
        messages: usize,
        bytes: usize,
    ) -> Result<(), SendError> {
        match outcome {
            Ok(()) => {
                self.shared.metrics.sent(messages, bytes);
                return Ok(());
            }
            Err(Refused::Slow) => self.give_up_slow(),
            Err(Refused::Closed | Refused::Full) => {}
        }
        Err(Disconnected.into())
    }

    fn send(&self, payload: Payload) -> Result<(), TrySendError> {
        self.check_accepted()?;
        let full = |payload| Err(TrySendError::Full(Box::new(Command::WebSocketSend(payload))));
        // Before the frame is built: a sender that waits tries again and again. One that is built is not built again.
        if !matches!(payload, Payload::Frame(_)) && self.outbound.is_full() {
            return full(payload);
        }
        let frame = self.framed(&payload);
        match self.outbound.push(&frame, self.shared.clock.now()) {
            Ok(()) => {
                self.shared.metrics.sent(1, frame.len());
                Ok(())
            }
            Err(Refused::Closed | Refused::Slow) => Err(TrySendError::disconnected()),
            Err(Refused::Full) => {
                drop(frame);
                full(payload)
            }
        }
    }

    fn close(&self, code: CloseCode, reason: &Str) -> Result<(), TrySendError> {
        if !close::is_sendable(code) {
            let text =
                format!("invalid close code {code} (must be 1000 to 1003, 1007 to 1014, or 3000 to 4999)");
            return Err(TrySendError::protocol(text));
        }
        if self.decide(Decision::Refuse) {
            self.outbound.kill();
            return Ok(());
        }
        // The server closes it already, with a code of its own.
        if self.asked().is_some() {
            return Err(TrySendError::disconnected());
        }
        if self
            .outbound
            .close(&close::frame(code, reason), self.shared.clock.now())
        {
            Ok(())
        } else {
            Err(TrySendError::disconnected())
        }
    }
}

impl CommandSink for Socket {
    fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        match command {
            Command::WebSocketSend(payload) => self.send(payload),
            Command::WebSocketAccept { subprotocol, headers } => {
                let subprotocol = subprotocol.map(|name| self.offered(&name)).transpose()?;
                let decision = Decision::Accept { subprotocol, headers };
                self.settle(decision, "Socket has already been accepted")
            }
            Command::WebSocketClose { code, reason } => self.close(code, &reason),
            Command::WebSocketDeny(response) if response.status().is_informational() => Err(
                TrySendError::protocol("the status of a denial must be 200 or above"),
            ),
            Command::WebSocketDeny(response) => self.settle(
                Decision::Deny(*response),
                "Socket has been accepted, so cannot be denied",
            ),
            command @ Command::WebSocketHttpResponseStart { .. } => self.deny_start(command),
            command @ Command::WebSocketHttpResponseBody { .. } => self.deny_body(command),
            other => Err(TrySendError::unexpected(&other)),
        }
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(denial) = self.denial() {
            return denial.poll_ready(cx);
        }
        self.outbound.poll_ready(cx)
    }

    fn deliver(&self, payload: Payload) -> Result<(), TrySendError> {
        self.check_accepted()?;
        let frame = self.framed(&payload);
        let outcome = self.outbound.deliver(&frame, self.shared.clock.now());
        Ok(self.delivered(outcome, 1, frame.len())?)
    }

    fn deliver_frames(&self, frames: &Frames) -> Result<usize, SendError> {
        self.outbound.glance();
        self.check_accepted()?;
        let now = self.shared.clock.now();
        let (joined, outcome) = match self.outgoing() {
            None => {
                let joined = frames.joined();
                let parts = frames.iter().map(Frame::bytes);
                (joined, self.outbound.deliver_all(joined, parts, now))
            }
            Some(outgoing) => {
                let form = |frame| outgoing.shared(frame).unwrap_or_else(|| frame.bytes());
                let (joined, parts) = frames.deflated_once(outgoing.window, form);
                (joined, self.outbound.deliver_all(joined, parts.iter(), now))
            }
        };
        self.delivered(outcome, frames.len(), joined.len())?;
        Ok(frames.len())
    }

    fn cork(&self) {
        self.outbound.cork();
    }

    fn uncork(&self) {
        self.outbound.uncork(self.shared.clock.now());
    }
}
