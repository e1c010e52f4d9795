//! The application's half towards the client.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use laureola_message::Frames;

use crate::event::{Command, Payload};

/// The client has gone; nothing more can reach it (ASGI 2.4: `send` raises `OSError`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client has disconnected")]
pub struct Disconnected;

/// Why a command was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The client has gone.
    #[error(transparent)]
    Disconnected(#[from] Disconnected),
    /// The command does not fit the connection's state. The text is Daphne's where it has one.
    #[error("{0}")]
    Protocol(Box<str>),
}

/// Why [`Sender::try_send`] did not take a command.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrySendError {
    /// The outbound queue is above its high-water mark; here is the command back.
    #[error("the outbound queue is full")]
    Full(Box<Command>),
    /// It can never be taken.
    #[error(transparent)]
    Failed(#[from] SendError),
}

impl TrySendError {
    /// A command that does not fit the connection's state.
    pub fn protocol(text: impl Into<Box<str>>) -> Self {
        Self::Failed(SendError::Protocol(text.into()))
    }

    /// A command of another protocol, or of an extension that is not offered.
    #[must_use]
    pub fn unexpected(command: &Command) -> Self {
        Self::protocol(format!("Cannot handle message type {}!", command.message_type()))
    }

    /// The client has gone.
    #[must_use]
    pub fn disconnected() -> Self {
        Self::Failed(SendError::Disconnected(Disconnected))
    }
}

/// What a server puts behind a [`Sender`]: a bounded way to one client.
pub trait CommandSink: Send + Sync + 'static {
    /// Takes `command` now, in order, or says why not. Never blocks.
    fn try_send(&self, command: Command) -> Result<(), TrySendError>;

    /// Ready when `try_send` may take more, or when it would fail for good. Wakes every task
    /// that waits.
    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// Takes a WebSocket message of a sender that can neither wait nor drop it. See
    /// [`Sender::deliver`]. Without a queue that is made for it, it is a `try_send`.
    fn deliver(&self, payload: Payload) -> Result<(), TrySendError> {
        self.try_send(Command::WebSocketSend(payload))
    }

    /// [`CommandSink::deliver`] of several messages, in order and together. See [`Sender::deliver_frames`].
    fn deliver_frames(&self, frames: &Frames) -> Result<usize, SendError> {
        for (taken, frame) in frames.iter().enumerate() {
            match self.deliver(Payload::Frame(frame.clone())) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => return Ok(taken),
                // Said of all of them, which it is no more.
                Err(TrySendError::Failed(SendError::Protocol(_))) if taken > 0 => return Ok(taken),
                Err(TrySendError::Failed(error)) => return Err(error),
            }
        }
        Ok(frames.len())
    }

    /// Holds messages back, up to [`CommandSink::uncork`]. See [`Sender::cork`]. A sink that cannot sends them at once.
    fn cork(&self) {}

    /// Sends what was held back.
    fn uncork(&self) {}
}

/// Sends commands to one client (ASGI: the `send` callable). Clones share the connection.
#[derive(Clone)]
pub struct Sender(Arc<dyn CommandSink>);

impl Sender {
    /// A sender over a server's sink, or over a middleware's own that wraps another sender.
    pub fn new(sink: impl CommandSink) -> Self {
        Self(Arc::new(sink))
    }

    /// A sender over a sink that its maker keeps, too.
    #[must_use]
    pub fn from_arc(sink: Arc<dyn CommandSink>) -> Self {
        Self(sink)
    }

    /// Sends `command`; waits while the outbound queue is above its high-water mark.
    ///
    /// Cancel-safe: a cancelled call has sent nothing.
    ///
    /// # Errors
    /// [`SendError::Disconnected`] once the client has gone; [`SendError::Protocol`] for a command
    /// out of turn, such as a body before its start.
    pub async fn send(&self, command: Command) -> Result<(), SendError> {
        // The command stands in one place of this future, which every consumer's handlers are made of.
        let mut sent = self.try_send(command);
        loop {
            let back = match sent {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back)) => back,
                Err(TrySendError::Failed(error)) => return Err(error),
            };
            poll_fn(|cx| self.0.poll_ready(cx)).await;
            sent = self.try_send(*back);
        }
    }

    /// Sends `command` if there is room now.
    ///
    /// # Errors
    /// [`TrySendError::Full`] with the command; otherwise as [`Sender::send`].
    pub fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        self.0.try_send(command)
    }

    /// Sends a WebSocket message for a fan-out, which can neither wait for one member nor drop its
    /// message: above the high-water mark it is queued all the same, up to a hard cap. A client that
    /// would owe more than that is closed as a slow consumer (1013), and its application told.
    ///
    /// # Errors
    /// As [`Sender::try_send`], where `Full` comes only from a sink without such a queue.
    pub fn deliver(&self, payload: Payload) -> Result<(), TrySendError> {
        self.0.deliver(payload)
    }

    /// [`Sender::deliver`] of several messages, in order and as one write. Returns how many of them, from the first,
    /// were taken: all, but for a sink without such a queue, when it is full.
    ///
    /// Cost: for a socket without a backlog one write, and no reference counted.
    ///
    /// # Errors
    /// As [`Sender::send`]. [`SendError::Protocol`] means that none was taken.
    pub fn deliver_frames(&self, frames: &Frames) -> Result<usize, SendError> {
        self.0.deliver_frames(frames)
    }

    /// Has WebSocket messages wait for [`Sender::uncork`], so that they leave in one write. For a task that has several to
    /// send and nothing to wait for: it must uncork before it waits for anything, and at its end. Backpressure stays
    /// as it is, and a long queue is not held back.
    pub fn cork(&self) {
        self.0.cork();
    }

    /// Sends what was held back. Harmless, and cheap, where nothing is.
    pub fn uncork(&self) {
        self.0.uncork();
    }
}

impl CommandSink for Sender {
    fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        self.0.try_send(command)
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_ready(cx)
    }

    fn deliver(&self, payload: Payload) -> Result<(), TrySendError> {
        self.0.deliver(payload)
    }

    fn deliver_frames(&self, frames: &Frames) -> Result<usize, SendError> {
        self.0.deliver_frames(frames)
    }

    fn cork(&self) {
        self.0.cork();
    }

    fn uncork(&self) {
        self.0.uncork();
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}
