//! Counting deliveries, and a sink that does nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::time::Duration;

use laureola_asgi::send::CommandSink;
use laureola_asgi::{Command, Payload, TrySendError};
use tokio::sync::Notify;

use crate::room::{DEADLINE, RoomError};

/// What arrived, all members together, and one waiter for a number of arrivals.
///
/// Every delivery costs two atomic additions, for ours and for the baselines alike.
#[derive(Debug, Default)]
pub struct Tally {
    arrived: AtomicUsize,
    bytes: AtomicU64,
    expected: AtomicUsize,
    complete: Notify,
}

impl Tally {
    /// Nothing has arrived.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Counts one arrival of `bytes` bytes, and wakes the waiter if it was the last one expected.
    pub fn add(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, SeqCst);
        let arrived = self.arrived.fetch_add(1, SeqCst) + 1;
        if arrived == self.expected.load(SeqCst) {
            self.complete.notify_one();
        }
    }

    /// The bytes so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(SeqCst)
    }

    /// Announces `more` arrivals. To be called before they can happen, by one task.
    pub fn expect(&self, more: usize) {
        self.expected.fetch_add(more, SeqCst);
    }

    /// Waits for everything announced.
    ///
    /// # Errors
    /// [`RoomError::Missing`] if some of it does not arrive within [`DEADLINE`].
    pub async fn arrived(&self) -> Result<(), RoomError> {
        self.arrived_within(DEADLINE).await
    }

    async fn arrived_within(&self, deadline: Duration) -> Result<(), RoomError> {
        let expected = self.expected.load(SeqCst);
        let all = async {
            // A permit may be left over from an earlier round, hence the loop.
            while self.arrived.load(SeqCst) < expected {
                self.complete.notified().await;
            }
        };
        match tokio::time::timeout(deadline, all).await {
            Ok(()) => Ok(()),
            Err(_) => Err(RoomError::Missing {
                arrived: self.arrived.load(SeqCst),
                expected,
            }),
        }
    }
}

/// Stands behind a consumer's sender where a server has its socket: counts what would be written.
///
/// An accept counts as an arrival of no bytes.
#[derive(Clone, Debug)]
pub struct CountingSink(Arc<Tally>);

impl CountingSink {
    /// A sink that counts in `tally`.
    #[must_use]
    pub fn new(tally: &Arc<Tally>) -> Self {
        Self(Arc::clone(tally))
    }
}

impl CommandSink for CountingSink {
    fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        match command {
            Command::WebSocketAccept { .. } => self.0.add(0),
            Command::WebSocketSend(Payload::Frame(frame)) => self.0.add(frame.bytes().len()),
            Command::WebSocketSend(payload) => self.0.add(payload.len()),
            other => {
                let text = format!("a bench's member sent {}", other.message_type());
                return Err(TrySendError::protocol(text));
            }
        }
        Ok(())
    }

    fn poll_ready(&self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use laureola_message::Frame;

    #[tokio::test]
    async fn counts_the_bytes_that_a_socket_would_get() {
        let tally = Tally::new();
        let sink = CountingSink::new(&tally);
        tally.expect(3);
        sink.try_send(Command::accept()).unwrap();
        let frame = Frame::text("hello");
        sink.try_send(Command::WebSocketSend(Payload::Frame(frame)))
            .unwrap();
        sink.try_send(Command::WebSocketSend("hello".into())).unwrap();
        tally.arrived().await.unwrap();
        assert_eq!(tally.bytes(), 7 + 5);
        assert!(sink.try_send(Command::close(1000)).is_err());
    }

    #[tokio::test]
    async fn says_how_many_are_missing() {
        let tally = Tally::new();
        tally.expect(2);
        tally.add(1);
        let error = tally.arrived_within(Duration::from_millis(5)).await.unwrap_err();
        assert_eq!(error.to_string(), "1 of 2 deliveries arrived within 30 seconds");
    }
}
