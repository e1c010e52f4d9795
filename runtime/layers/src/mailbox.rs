//! The bounded queue behind a channel.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use laureola_message::Delivery;
use parking_lot::Mutex;
use tokio::time::Instant;

/// Makes a mailbox that holds at most `capacity` deliveries (at least one).
///
/// Idle it costs one small allocation; deliveries are shared, so a waiting one costs 24 bytes.
#[must_use]
pub fn mailbox(capacity: usize) -> (MailboxSender, Mailbox) {
    let shared = Arc::new(Mutex::new(Shared {
        waiting: VecDeque::new(),
        capacity: capacity.max(1),
        wakers: Vec::new(),
        receivers: 1,
        fed: false,
        feeder: None,
        left: Vec::new(),
    }));
    (MailboxSender(Arc::clone(&shared)), Mailbox(shared))
}

/// What to do with a delivery that finds its mailbox full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Refuse it (`send`: the sender gets `ChannelFull`; `group_send`: it is dropped).
    DropNewest,
    /// Make room by dropping the one that waited longest (a process's local buffer in
    /// channels_redis).
    DropOldest,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It waits in the mailbox.
    Queued,
    /// It waits, and an older one was dropped for it.
    DroppedOldest,
    /// The mailbox was full; it was dropped.
    Full,
    /// Nobody receives from the mailbox any more; it was dropped.
    Closed,
}

struct Shared {
    waiting: VecDeque<Waiting>,
    capacity: usize,
    /// Several only where several receivers share a plain channel; then all are woken, since one
    /// that was woken alone might just be going away.
    wakers: Vec<Waker>,
    receivers: usize,
    /// Whether a task brings a delivery only when one is wanted, and takes back what is left.
    fed: bool,
    feeder: Option<Waker>,
    /// What the last receiver left untaken, if somebody takes it back.
    left: Vec<Arc<Delivery>>,
}

struct Waiting {
    delivery: Arc<Delivery>,
    expires: Option<Instant>,
}

impl Shared {
    fn drop_expired(&mut self, now: Instant) {
        // The queue is in order of arrival, so expired deliveries stand in front.
        while self
            .waiting
            .front()
            .is_some_and(|first| first.expires.is_some_and(|at| at <= now))
        {
            self.waiting.pop_front();
        }
    }
}

/// The layer's end of a mailbox. Clones share it.
#[derive(Clone)]
pub struct MailboxSender(Arc<Mutex<Shared>>);

impl MailboxSender {
    /// Puts a delivery into the mailbox and wakes its receiver. Never waits.
    ///
    /// `expires` drops it unread at that moment. Cost: one lock, and a wake-up only where the
    /// receiver is waiting.
    pub fn push(&self, delivery: Arc<Delivery>, overflow: Overflow, expires: Option<Instant>) -> Pushed {
        let mut dropped = None;
        let mut shared = self.0.lock();
        if shared.receivers == 0 {
            return Pushed::Closed;
        }
        if shared.waiting.len() >= shared.capacity {
            shared.drop_expired(Instant::now());
        }
        if shared.waiting.len() >= shared.capacity {
            match overflow {
                Overflow::DropNewest => return Pushed::Full,
                Overflow::DropOldest => dropped = shared.waiting.pop_front(),
            }
        }
        shared.waiting.push_back(Waiting { delivery, expires });
        let wakers = std::mem::take(&mut shared.wakers);
        drop(shared);
        wakers.into_iter().for_each(Waker::wake);
        if dropped.is_some() {
            Pushed::DroppedOldest
        } else {
            Pushed::Queued
        }
    }

    /// Another receiving end, which competes with those that exist for every delivery.
    #[must_use]
    pub fn subscribe(&self) -> Mailbox {
        self.0.lock().receivers += 1;
        Mailbox(Arc::clone(&self.0))
    }

    /// Whether a receiving end exists.
    #[must_use]
    pub fn is_received(&self) -> bool {
        self.0.lock().receivers > 0
    }

    /// Waits until a receiver waits for a delivery and none is there. Once the last receiver is
    /// gone it ends with an error that holds what was left untaken, in order, so that a backend
    /// which took it from elsewhere can put it back. One task at a time may call it.
    ///
    /// # Errors
    /// [`Left`] when nobody receives any more.
    pub async fn wanted(&self) -> Result<(), Left> {
        poll_fn(|cx| {
            let mut shared = self.0.lock();
            shared.fed = true;
            if shared.receivers == 0 {
                return Poll::Ready(Err(Left(std::mem::take(&mut shared.left))));
            }
            if shared.waiting.is_empty() && !shared.wakers.is_empty() {
                return Poll::Ready(Ok(()));
            }
            shared.feeder = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// The number of deliveries that wait, expired ones not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        let mut shared = self.0.lock();
        shared.drop_expired(Instant::now());
        shared.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Nobody receives from a mailbox any more; these deliveries stood in it.
#[derive(Debug)]
pub struct Left(pub Vec<Arc<Delivery>>);

/// The receiving end of a mailbox.
pub struct Mailbox(Arc<Mutex<Shared>>);

impl Mailbox {
    /// The next delivery that has not expired; waits for it without a deadline. Cancel-safe.
    pub async fn recv(&mut self) -> Arc<Delivery> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// [`Mailbox::recv`], to be polled beside other sources.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Arc<Delivery>> {
        let mut shared = self.0.lock();
        if let Some(delivery) = pop(&mut shared) {
            return Poll::Ready(delivery);
        }
        if !shared.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            shared.wakers.push(cx.waker().clone());
        }
        let feeder = shared.feeder.take();
        drop(shared);
        if let Some(feeder) = feeder {
            feeder.wake();
        }
        Poll::Pending
    }

    /// Whether other receiving ends exist.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.lock().receivers > 1
    }

    /// The next delivery, if one waits.
    pub fn try_recv(&mut self) -> Option<Arc<Delivery>> {
        pop(&mut self.0.lock())
    }
}

fn pop(shared: &mut Shared) -> Option<Arc<Delivery>> {
    // The clock is read only where something waits.
    if shared.waiting.front()?.expires.is_some() {
        shared.drop_expired(Instant::now());
    }
    let first = shared.waiting.pop_front()?;
    if shared.waiting.is_empty() && shared.waiting.capacity() > 32 {
        // A burst must not keep its memory for the socket's life.
        shared.waiting = VecDeque::new();
    }
    Some(first.delivery)
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let (waiting, wakers) = {
            let mut shared = self.0.lock();
            shared.receivers -= 1;
            if shared.receivers > 0 {
                // What this receiver was woken for goes to the others.
                (VecDeque::new(), std::mem::take(&mut shared.wakers))
            } else if shared.fed {
                let left = std::mem::take(&mut shared.waiting);
                shared.left = left.into_iter().map(|waiting| waiting.delivery).collect();
                (VecDeque::new(), shared.feeder.take().into_iter().collect())
            } else {
                (std::mem::take(&mut shared.waiting), Vec::new())
            }
        };
        drop(waiting);
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for MailboxSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.0.lock();
        f.debug_struct("MailboxSender")
            .field("waiting", &shared.waiting.len())
            .field("capacity", &shared.capacity)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox")
            .field("waiting", &self.0.lock().waiting.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use laureola_message::Message;
    use std::time::Duration;

    fn delivery(number: i64) -> Arc<Delivery> {
        let message = Message::new(&std::collections::BTreeMap::from([("n", number)])).expect("a map");
        Arc::new(Delivery::new(message))
    }

    fn number(delivery: &Arc<Delivery>) -> i64 {
        delivery
            .message()
            .value()
            .get("n")
            .and_then(laureola_message::Value::as_i64)
            .expect("n")
    }

    #[tokio::test]
    async fn deliveries_come_in_order() {
        let (sender, mut mailbox) = mailbox(10);
        let writer = tokio::spawn(async move {
            for n in 0..100 {
                while sender.push(delivery(n), Overflow::DropNewest, None) == Pushed::Full {
                    tokio::task::yield_now().await;
                }
            }
        });
        for n in 0..100 {
            assert_eq!(number(&mailbox.recv().await), n);
        }
        writer.await.expect("no panic");
    }

    #[tokio::test]
    async fn a_full_mailbox_refuses_the_newest_or_drops_the_oldest() {
        let (sender, mut mailbox) = mailbox(2);
        assert_eq!(
            sender.push(delivery(1), Overflow::DropNewest, None),
            Pushed::Queued
        );
        assert_eq!(
            sender.push(delivery(2), Overflow::DropNewest, None),
            Pushed::Queued
        );
        assert_eq!(sender.push(delivery(3), Overflow::DropNewest, None), Pushed::Full);
        assert_eq!(
            sender.push(delivery(4), Overflow::DropOldest, None),
            Pushed::DroppedOldest
        );
        assert_eq!(number(&mailbox.recv().await), 2);
        assert_eq!(number(&mailbox.recv().await), 4);
        assert!(mailbox.try_recv().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn an_expired_delivery_is_never_received_and_makes_room() {
        let (sender, mut mailbox) = mailbox(1);
        let expires = Some(Instant::now() + Duration::from_secs(60));
        sender.push(delivery(1), Overflow::DropNewest, expires);
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(
            sender.push(delivery(2), Overflow::DropNewest, expires),
            Pushed::Queued
        );
        assert!(
            mailbox.try_recv().is_none(),
            "the second had expired when it came"
        );
        sender.push(delivery(3), Overflow::DropNewest, None);
        assert_eq!(number(&mailbox.recv().await), 3);
    }

    #[tokio::test]
    async fn a_mailbox_without_a_receiver_takes_nothing() {
        let (sender, mailbox) = mailbox(1);
        drop(mailbox);
        assert!(!sender.is_received());
        assert_eq!(
            sender.push(delivery(1), Overflow::DropNewest, None),
            Pushed::Closed
        );
        assert!(sender.is_empty());
    }

    #[tokio::test]
    async fn a_feeder_hears_when_a_delivery_is_wanted_and_takes_back_what_was_left() {
        let (sender, mut mailbox) = mailbox(10);
        let feeder = tokio::spawn({
            let sender = sender.clone();
            async move {
                for n in 0.. {
                    if let Err(Left(left)) = sender.wanted().await {
                        return (n, left);
                    }
                    sender.push(delivery(n), Overflow::DropNewest, None);
                }
                unreachable!("the numbers do not end");
            }
        });
        for n in 0..5 {
            assert_eq!(number(&mailbox.recv().await), n);
        }
        // The sixth is asked for by a receiver that then goes away without taking it.
        let mut cx = Context::from_waker(Waker::noop());
        assert!(mailbox.poll_recv(&mut cx).is_pending());
        while sender.is_empty() {
            tokio::task::yield_now().await;
        }
        drop(mailbox);
        let (fed, left) = feeder.await.expect("no panic");
        assert_eq!(fed, 6);
        assert_eq!(left.iter().map(number).collect::<Vec<_>>(), [5]);
    }

    #[tokio::test]
    async fn receivers_compete_and_one_that_leaves_loses_nothing() {
        let (sender, first) = mailbox(10);
        let mut second = sender.subscribe();
        let mut first = first;
        let waits = tokio::spawn(async move { number(&second.recv().await) });
        tokio::task::yield_now().await;
        // The first receiver waits, is woken, and leaves before it takes the delivery.
        let mut cx = Context::from_waker(Waker::noop());
        assert!(first.poll_recv(&mut cx).is_pending());
        sender.push(delivery(7), Overflow::DropNewest, None);
        drop(first);
        assert_eq!(waits.await.expect("no panic"), 7);
    }
}
