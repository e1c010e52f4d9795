//! What a subscribing connection brings, on its way to the task that fans it out.
//!
//! The connection's own task must never wait, or it could not answer for subscriptions: what
//! finds no room here is dropped, newest first, and counted. Redis does worse to a subscriber that
//! does not keep up (`client-output-buffer-limit pubsub`): it cuts the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::core::complaints::DROPPED;
use crate::throttle::Throttle;

/// So many messages wait at most.
const MAX_MESSAGES: usize = 65_536;
/// So many bytes of payload wait at most; one message is taken whatever its size. As much as Redis
/// itself holds for a subscriber.
const MAX_BYTES: usize = 32 << 20;

/// A message as it was published.
#[derive(Debug)]
pub(crate) struct Published {
    /// The Redis channel.
    pub(crate) topic: Bytes,
    pub(crate) payload: Bytes,
}

/// The connection's end.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    queue: mpsc::Sender<Published>,
    shared: Arc<Shared>,
}

/// The end of the task that fans out.
#[derive(Debug)]
pub(crate) struct Outbox {
    queue: mpsc::Receiver<Published>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    bytes: AtomicUsize,
    dropped: Throttle,
}

/// A queue between them.
pub(crate) fn inbox() -> (Inbox, Outbox) {
    let (sender, receiver) = mpsc::channel(MAX_MESSAGES);
    let shared = Arc::new(Shared::default());
    let outbox = Outbox {
        queue: receiver,
        shared: Arc::clone(&shared),
    };
    let inbox = Inbox {
        queue: sender,
        shared,
    };
    (inbox, outbox)
}

impl Inbox {
    /// Takes a message, or drops it where there is no room. Never waits.
    pub(crate) fn put(&self, published: Published) {
        let size = published.payload.len();
        let before = self.shared.bytes.fetch_add(size, Ordering::Relaxed);
        let fits = before == 0 || before.saturating_add(size) <= MAX_BYTES;
        if fits && self.queue.try_send(published).is_ok() {
            return;
        }
        self.shared.bytes.fetch_sub(size, Ordering::Relaxed);
        metrics::counter!(DROPPED, "reason" => "behind").increment(1);
        if let Some(messages) = self.shared.dropped.note(1) {
            tracing::warn!(
                messages,
                "this process cannot keep up with what is published to it: messages are dropped"
            );
        }
    }
}

impl Outbox {
    /// The next messages, up to `limit`, behind those in `messages`: all that are there, once there is one. Returns how
    /// many; 0 once no connection can bring any.
    pub(crate) async fn take(&mut self, messages: &mut Vec<Published>, limit: usize) -> usize {
        let count = self.queue.recv_many(messages, limit).await;
        let taken = messages.iter().rev().take(count);
        let bytes = taken.map(|published| published.payload.len()).sum();
        self.shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(size: usize) -> Published {
        Published {
            topic: Bytes::from_static(b"room"),
            payload: vec![0; size].into(),
        }
    }

    fn waiting(outbox: &mut Outbox) -> usize {
        std::iter::from_fn(|| outbox.queue.try_recv().ok()).count()
    }

    #[test]
    fn what_finds_no_room_is_dropped() {
        let (inbox, mut outbox) = inbox();
        for _ in 0..MAX_MESSAGES + 5 {
            inbox.put(published(1));
        }
        assert_eq!(waiting(&mut outbox), MAX_MESSAGES);
    }

    #[tokio::test]
    async fn a_message_larger_than_all_room_is_taken_alone() {
        let (inbox, mut outbox) = inbox();
        inbox.put(published(MAX_BYTES + 1));
        inbox.put(published(1));
        let mut taken = Vec::new();
        assert_eq!(outbox.take(&mut taken, 9).await, 1);
        assert_eq!(taken[0].payload.len(), MAX_BYTES + 1, "the large one");
        inbox.put(published(2));
        assert_eq!(outbox.take(&mut taken, 9).await, 1, "room again");
    }
}
