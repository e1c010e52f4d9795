//! The bounded queue behind a channel.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use laureola_message::Delivery;
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::notice::{Notice, Notices};
use crate::relay::Relay;

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
        notices: Notices::default(),
        gave_up: false,
        fed: false,
        feeder: None,
        left: Vec::new(),
        relay: None,
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
    /// Give the channel up: what waits in it goes, nothing more is taken, and its consumer gets
    /// [`Notice::Overflowed`]. For clients that fetch everything anew when they reconnect, and must
    /// not go on with a gap.
    Close,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It waits in the mailbox.
    Queued,
    /// The receiver's [`Relay`] took it.
    Relayed,
    /// It waits, and an older one was dropped for it.
    DroppedOldest,
    /// The mailbox was full; it was dropped.
    Full,
    /// The mailbox was full; it was given up with everything in it.
    GaveUp,
    /// Nobody receives from the mailbox any more; it was dropped.
    Closed,
}

impl Pushed {
    /// Whether a delivery was lost for want of room: this one, an older one, or all of them.
    #[must_use]
    pub fn lost_one(self) -> bool {
        matches!(self, Self::Full | Self::DroppedOldest | Self::GaveUp)
    }
}

struct Shared {
    waiting: VecDeque<Waiting>,
    capacity: usize,
    /// One a receiver. Several only where several receivers share a plain channel; then all are
    /// woken, since one that was woken alone might just be going away.
    wakers: Vec<Waker>,
    receivers: usize,
    notices: Notices,
    /// Overflowed under [`Overflow::Close`].
    gave_up: bool,
    /// Whether a task brings a delivery only when one is wanted, and takes back what is left.
    fed: bool,
    feeder: Option<Waker>,
    /// What the last receiver left untaken, if somebody takes it back.
    left: Vec<Arc<Delivery>>,
    relay: Option<Arc<dyn Relay>>,
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
    /// receiver is waiting. A [`Relay`] is asked first; what it takes needs no room.
    pub fn push(&self, delivery: Arc<Delivery>, overflow: Overflow, expires: Option<Instant>) -> Pushed {
        let mut dropped = None;
        let mut shared = self.0.lock();
        if shared.receivers == 0 || shared.gave_up {
            return Pushed::Closed;
        }
        if shared.relay.as_ref().is_some_and(|relay| relay.relay(&delivery)) {
            return Pushed::Relayed;
        }
        if shared.waiting.len() >= shared.capacity {
            shared.drop_expired(Instant::now());
        }
        if shared.waiting.len() >= shared.capacity {
            match overflow {
                Overflow::DropNewest => return Pushed::Full,
                Overflow::DropOldest => dropped = shared.waiting.pop_front(),
                Overflow::Close => {
                    shared.gave_up = true;
                    let waiting = std::mem::take(&mut shared.waiting);
                    shared.notices.add(Notice::Overflowed);
                    let wakers = std::mem::take(&mut shared.wakers);
                    drop(shared);
                    drop(waiting);
                    wakers.into_iter().for_each(Waker::wake);
                    return Pushed::GaveUp;
                }
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

    /// Tells the receiver of something that is no message. It takes no room; the same notice twice,
    /// untaken, is one.
    pub fn notify(&self, notice: Notice) {
        let wakers = {
            let mut shared = self.0.lock();
            shared.notices.add(notice);
            std::mem::take(&mut shared.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Another receiving end, which competes with those that exist for every delivery.
    #[must_use]
    pub fn subscribe(&self) -> Mailbox {
        self.0.lock().receivers += 1;
        Mailbox(Arc::clone(&self.0))
    }

    /// How many senders and receiving ends there are, this one included.
    #[must_use]
    pub fn handles(&self) -> usize {
        Arc::strong_count(&self.0)
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

    /// Takes back what no receiver has taken, in order, for a backend that ends and puts it where it
    /// came from.
    #[must_use]
    pub fn take_back(&self) -> Vec<Arc<Delivery>> {
        let mut shared = self.0.lock();
        let mut left = std::mem::take(&mut shared.left);
        left.extend(shared.waiting.drain(..).map(|waiting| waiting.delivery));
        left
    }

    /// Waits until nobody receives any more. A receiver may [subscribe](Self::subscribe) anew even
    /// then. One task at a time may call this or [`wanted`](Self::wanted).
    pub async fn closed(&self) {
        poll_fn(|cx| {
            let mut shared = self.0.lock();
            if shared.receivers == 0 {
                return Poll::Ready(());
            }
            shared.feeder = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
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

/// What a mailbox brings.
#[derive(Clone, Debug)]
pub enum Received {
    /// A message.
    Delivery(Arc<Delivery>),
    /// Something else its consumer may want to know.
    Notice(Notice),
}

/// The receiving end of a mailbox.
pub struct Mailbox(Arc<Mutex<Shared>>);

impl Mailbox {
    /// The next notice, or else the next delivery that has not expired; waits for it without a
    /// deadline. Cancel-safe.
    pub async fn next(&mut self) -> Received {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// [`Mailbox::next`], to be polled beside other sources.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        // One lock for both: a notice between two of them would find nobody to wake.
        let mut shared = self.0.lock();
        if let Some(notice) = shared.notices.take() {
            return Poll::Ready(Received::Notice(notice));
        }
        poll_delivery(shared, cx).map(Received::Delivery)
    }

    /// The next delivery that has not expired, whatever notices there are; waits for it without a
    /// deadline. Cancel-safe.
    pub async fn recv(&mut self) -> Arc<Delivery> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// [`Mailbox::recv`], to be polled beside other sources.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Arc<Delivery>> {
        poll_delivery(self.0.lock(), cx)
    }

    /// Has `relay` take what it can from now on, what waits already first. For a mailbox with one receiver; the relay
    /// before it goes. It is kept until the mailbox is dropped.
    pub fn set_relay(&mut self, relay: Arc<dyn Relay>) {
        let mut shared = self.0.lock();
        let now = Instant::now();
        // Those that expired are left to be dropped by whoever takes the others.
        shared
            .waiting
            .retain(|waiting| waiting.expires.is_some_and(|at| at <= now) || !relay.relay(&waiting.delivery));
        let _before = shared.relay.replace(relay);
        drop(shared);
    }

    /// The next delivery, if one waits.
    pub fn try_recv(&mut self) -> Option<Arc<Delivery>> {
        pop(&mut self.0.lock())
    }
}

fn poll_delivery(mut shared: MutexGuard<'_, Shared>, cx: &mut Context<'_>) -> Poll<Arc<Delivery>> {
    if let Some(delivery) = pop(&mut shared) {
        return Poll::Ready(delivery);
    }
    let mut stale = Vec::new();
    if !shared.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
        if shared.wakers.len() >= shared.receivers {
            // A receiver waits in one place at a time, so one of these is of a place it has left.
            // Those who still wait come back when they are woken.
            stale = std::mem::take(&mut shared.wakers);
        }
        shared.wakers.push(cx.waker().clone());
    }
    let feeder = shared.feeder.take();
    drop(shared);
    stale.into_iter().chain(feeder).for_each(Waker::wake);
    Poll::Pending
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
        let (waiting, wakers, _relay) = {
            let mut shared = self.0.lock();
            shared.receivers -= 1;
            // It may hold the last of a connection, whose end must not come under this lock.
            let relay = if shared.receivers == 0 {
                shared.relay.take()
            } else {
                None
            };
            let (waiting, wakers) = if shared.receivers > 0 {
                // What this receiver was woken for goes to the others.
                (VecDeque::new(), std::mem::take(&mut shared.wakers))
            } else if shared.fed {
                let left = std::mem::take(&mut shared.waiting);
                shared.left = left.into_iter().map(|waiting| waiting.delivery).collect();
                (VecDeque::new(), shared.feeder.take().into_iter().collect())
            } else {
                let waiting = std::mem::take(&mut shared.waiting);
                (waiting, shared.feeder.take().into_iter().collect())
            };
            (waiting, wakers, relay)
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
mod tests;
