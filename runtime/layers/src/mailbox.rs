//! The bounded queue behind a channel.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use laureola_message::{Batch, Delivery};
use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::notice::Notice;
use crate::relay::Relay;

mod queue;
mod wakers;

use queue::Queue;
use wakers::Wakers;

/// Makes a mailbox that holds at most `capacity` deliveries (at least one).
///
/// Idle it costs one small allocation; deliveries are shared, so a waiting one costs 24 bytes.
#[must_use]
pub fn mailbox(capacity: usize) -> (MailboxSender, Mailbox) {
    let shared = Arc::new(Mutex::new(Shared {
        queue: Queue::new(capacity),
        wakers: Wakers::default(),
        receivers: 1,
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

// In order of use: what a relayed batch asks for is in the lock's cache line.
#[repr(C)]
struct Shared {
    relay: Option<Arc<dyn Relay>>,
    receivers: usize,
    queue: Queue,
    /// One a receiver. Several only where several receivers share a plain channel; then all are
    /// woken, since one that was woken alone might just be going away.
    wakers: Wakers,
    /// Whether a task brings a delivery only when one is wanted, and takes back what is left.
    fed: bool,
    feeder: Option<Waker>,
    /// What the last receiver left untaken, if somebody takes it back.
    left: Vec<Arc<Delivery>>,
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
        let mut outcome = Pushed::Relayed;
        self.push_each(&Batch::from(delivery), overflow, expires, |pushed| {
            outcome = pushed;
        });
        outcome
    }

    /// Has the processor fetch what the first step of a push needs, if a fan-out says it for several mailboxes before it
    /// pushes to them: their cache misses then overlap. Changes nothing.
    pub(crate) fn glance(&self) {
        std::hint::black_box(self.0.is_locked());
    }

    /// [`MailboxSender::push`] of several deliveries, under one lock and with one wake-up. Returns how many were lost for
    /// want of room, as [`Pushed::lost_one`] has it.
    pub fn push_batch(&self, batch: &Batch, overflow: Overflow, expires: Option<Instant>) -> usize {
        let mut lost = 0;
        self.push_each(batch, overflow, expires, |pushed| {
            lost += usize::from(pushed.lost_one());
        });
        lost
    }

    /// Says of each delivery that no relay takes what becomes of it.
    fn push_each(
        &self,
        batch: &Batch,
        overflow: Overflow,
        expires: Option<Instant>,
        mut became: impl FnMut(Pushed),
    ) {
        let mut guard = self.0.lock();
        let shared = &mut *guard;
        if shared.receivers == 0 || shared.queue.gave_up {
            return batch.iter().for_each(|_| became(Pushed::Closed));
        }
        let (mut dropped, mut wakes) = (Vec::new(), false);
        let mut put = |delivery: &Arc<Delivery>| {
            let pushed = shared.queue.put(delivery, overflow, expires, &mut dropped);
            wakes |= !matches!(pushed, Pushed::Full | Pushed::Closed);
            became(pushed);
        };
        match &shared.relay {
            Some(relay) => relay.relay(batch, &mut put),
            None => batch.iter().for_each(put),
        }
        if !wakes {
            return;
        }
        let wakers = std::mem::take(&mut shared.wakers);
        drop(guard);
        drop(dropped);
        wakers.wake();
    }

    /// Tells the receiver of something that is no message. It takes no room; the same notice twice,
    /// untaken, is one.
    pub fn notify(&self, notice: Notice) {
        let wakers = {
            let mut shared = self.0.lock();
            shared.queue.notices.add(notice);
            std::mem::take(&mut shared.wakers)
        };
        wakers.wake();
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
            if shared.queue.waiting.is_empty() && !shared.wakers.is_empty() {
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
        left.extend(shared.queue.waiting.drain(..).map(|waiting| waiting.delivery));
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
        shared.queue.drop_expired(Instant::now());
        shared.queue.waiting.len()
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
        self.poll_next_of(cx).map(|(received, _)| received)
    }

    /// [`Mailbox::poll_next`] that says, too, how many deliveries wait behind it. What has expired may be among them.
    pub fn poll_next_of(&mut self, cx: &mut Context<'_>) -> Poll<(Received, usize)> {
        // One lock for all: a notice between two of them would find nobody to wake.
        let mut shared = self.0.lock();
        if let Some(notice) = shared.queue.notices.take() {
            return Poll::Ready((Received::Notice(notice), shared.queue.waiting.len()));
        }
        poll_delivery(shared, cx).map(|(delivery, behind)| (Received::Delivery(delivery), behind))
    }

    /// The next delivery that has not expired, whatever notices there are; waits for it without a
    /// deadline. Cancel-safe.
    pub async fn recv(&mut self) -> Arc<Delivery> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// [`Mailbox::recv`], to be polled beside other sources.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Arc<Delivery>> {
        poll_delivery(self.0.lock(), cx).map(|(delivery, _)| delivery)
    }

    /// Has `relay` take what it can from now on, what waits already first. For a mailbox with one receiver; the relay
    /// before it goes. It is kept until the mailbox is dropped.
    pub fn set_relay(&mut self, relay: Arc<dyn Relay>) {
        let mut shared = self.0.lock();
        let now = Instant::now();
        // Those that expired are left to be dropped by whoever takes the others.
        shared.queue.waiting.retain(|waiting| {
            let mut stays = waiting.expires.is_some_and(|at| at <= now);
            if !stays {
                let batch = Batch::from(Arc::clone(&waiting.delivery));
                relay.relay(&batch, &mut |_| stays = true);
            }
            stays
        });
        let _before = shared.relay.replace(relay);
        drop(shared);
    }

    /// The next delivery, if one waits.
    pub fn try_recv(&mut self) -> Option<Arc<Delivery>> {
        self.0.lock().queue.pop()
    }
}

/// The next delivery, and how many wait behind it.
fn poll_delivery(mut shared: MutexGuard<'_, Shared>, cx: &mut Context<'_>) -> Poll<(Arc<Delivery>, usize)> {
    if let Some(delivery) = shared.queue.pop() {
        return Poll::Ready((delivery, shared.queue.waiting.len()));
    }
    let mut stale = Wakers::default();
    if !shared.wakers.hold(cx.waker()) {
        if shared.wakers.len() >= shared.receivers {
            // A receiver waits in one place at a time, so one of these is of a place it has left.
            // Those who still wait come back when they are woken.
            stale = std::mem::take(&mut shared.wakers);
        }
        shared.wakers.push(cx.waker().clone());
    }
    let feeder = shared.feeder.take();
    drop(shared);
    stale.wake();
    feeder.into_iter().for_each(Waker::wake);
    Poll::Pending
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        let (waiting, wakers, feeder, _relay) = {
            let mut shared = self.0.lock();
            shared.receivers -= 1;
            // It may hold the last of a connection, whose end must not come under this lock.
            let relay = if shared.receivers == 0 {
                shared.relay.take()
            } else {
                None
            };
            let (waiting, wakers, feeder) = if shared.receivers > 0 {
                // What this receiver was woken for goes to the others.
                (Default::default(), std::mem::take(&mut shared.wakers), None)
            } else {
                let mut waiting = std::mem::take(&mut shared.queue.waiting);
                if shared.fed {
                    shared.left = waiting.drain(..).map(|waiting| waiting.delivery).collect();
                }
                (waiting, Wakers::default(), shared.feeder.take())
            };
            (waiting, wakers, feeder, relay)
        };
        drop(waiting);
        wakers.wake();
        feeder.into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for MailboxSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.0.lock();
        f.debug_struct("MailboxSender")
            .field("waiting", &shared.queue.waiting.len())
            .field("capacity", &shared.queue.capacity)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox")
            .field("waiting", &self.0.lock().queue.waiting.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
