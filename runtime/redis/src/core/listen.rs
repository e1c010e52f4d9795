//! Receives from a plain channel, in competition with other processes.
//!
//! Senders put the messages of a plain channel on all servers in turn, so one task per server
//! waits for them. One message is handed over at a time, and only while a receiver waits for it;
//! what a receiver leaves behind, and what came from a second server meanwhile, is put back.
//!
//! This layer never writes to the channel's `$inflight`: channels_redis would take it for its own
//! and hand it out twice. But what a process of channels_redis left there when it died is moved
//! back, once it has not changed for a whole turn.

use std::sync::Arc;
use std::time::Duration;

use laureola_layers::mailbox::{Left, MailboxSender, Overflow, Pushed};
use laureola_message::Delivery;
use parking_lot::Mutex;
use redis::RedisResult;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::backoff::Backoff;
use crate::core::abandoned::Abandoned;
use crate::core::blocking::{Blocking, Popped};
use crate::core::gap::GapListener;
use crate::core::queue::Queue;
use crate::stop::{Stop, Stopper};

/// How long a message is kept for a receiver that was just served by another server.
const HOLD: Duration = Duration::from_millis(100);

/// What is behind one mailbox of a plain channel. It ends with the mailbox, or with the layer.
#[derive(Debug)]
pub(crate) struct Listen {
    /// The channel's key on each server.
    pub(crate) queues: Vec<Queue>,
    pub(crate) mailbox: MailboxSender,
    pub(crate) gaps: GapListener,
}

impl Listen {
    /// Receives until the mailbox is dropped or the layer stops.
    pub(crate) async fn run(mut self, stop: Stop) {
        let desk = Arc::new(Desk {
            mailbox: self.mailbox.clone(),
            demand: watch::Sender::new(Demand::None),
            held: Mutex::new(None),
        });
        let stopper = Stopper::default();
        let mut pullers = JoinSet::new();
        for queue in self.queues.drain(..) {
            let puller = Puller {
                queue: Arc::new(queue),
                desk: Arc::clone(&desk),
            };
            pullers.spawn(puller.run(stopper.listener()));
        }
        let Left(left) = self.serve(&desk, &stop).await;
        stopper.stop();
        desk.put_back(&left).await;
        while pullers.join_next().await.is_some() {}
        // What one of them was about to hand over when the layer stopped, or had handed over.
        desk.put_back(&self.mailbox.take_back()).await;
    }

    /// Says when a message is wanted, and tells of gaps, until the receiver is gone, with what it
    /// left, or the layer stops.
    async fn serve(&mut self, desk: &Desk, stop: &Stop) -> Left {
        let mut demand = desk.demand.subscribe();
        loop {
            tokio::select! {
                wanted = self.mailbox.wanted() => match wanted {
                    Ok(()) => desk.demand.send_if_modified(Demand::raise),
                    Err(left) => return left,
                },
                notice = self.gaps.next() => {
                    self.mailbox.notify(notice);
                    continue;
                }
                () = stop.wait() => return Left(Vec::new()),
            };
            loop {
                tokio::select! {
                    _ = demand.wait_for(|demand| *demand == Demand::None) => break,
                    notice = self.gaps.next() => self.mailbox.notify(notice),
                    () = self.mailbox.closed() => break,
                    () = stop.wait() => return Left(Vec::new()),
                }
            }
        }
    }
}

/// Where the tasks of the servers hand over to the one mailbox.
#[derive(Debug)]
struct Desk {
    mailbox: MailboxSender,
    demand: watch::Sender<Demand>,
    /// What was handed over last, and where it came from.
    held: Mutex<Option<(Arc<Queue>, Popped)>>,
}

impl Desk {
    /// Puts what was handed over last back where it came from, if it was `left`: one at a time is.
    async fn put_back(&self, left: &[Arc<Delivery>]) {
        if left.is_empty() {
            return;
        }
        let held = self.held.lock().take();
        if let Some((queue, popped)) = held {
            queue.put_back(&popped).await;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    None,
    /// A receiver waits.
    Open,
    /// One task is about to serve it.
    Claimed,
}

impl Demand {
    fn raise(&mut self) -> bool {
        let none = *self == Self::None;
        if none {
            *self = Self::Open;
        }
        none
    }

    fn claim(&mut self) -> bool {
        let open = *self == Self::Open;
        if open {
            *self = Self::Claimed;
        }
        open
    }
}

/// The task that waits at one server.
#[derive(Debug)]
struct Puller {
    queue: Arc<Queue>,
    desk: Arc<Desk>,
}

impl Puller {
    async fn run(self, stop: Stop) {
        let mut backoff = Backoff::new();
        loop {
            let Err(error) = self.session(&stop, &mut backoff).await else {
                return;
            };
            self.queue.failed(&error);
            backoff.pause().await;
            tokio::select! {
                () = self.queue.link.wait_up() => {}
                () = stop.wait() => return,
            }
        }
    }

    /// Receives over one connection; ends well when it is told to stop.
    async fn session(&self, stop: &Stop, backoff: &mut Backoff) -> RedisResult<()> {
        let mut blocking = Blocking::open(&self.queue.link, stop).await?;
        let mut abandoned = Abandoned::default();
        let mut demand = self.desk.demand.subscribe();
        loop {
            tokio::select! {
                // The sender is ours as well.
                _ = demand.wait_for(|demand| *demand == Demand::Open) => {}
                () = stop.wait() => return Ok(()),
            }
            abandoned.rescue(&self.queue).await;
            let popped = blocking.pop(&self.queue.key).await?;
            backoff.reset();
            if let Some(popped) = popped {
                self.hand_over(popped, &mut demand, stop).await;
            }
            if stop.is_set() {
                return Ok(());
            }
        }
    }

    /// Puts a message into the mailbox, or back where it came from.
    async fn hand_over(&self, popped: Popped, demand: &mut watch::Receiver<Demand>, stop: &Stop) {
        let delivery = match self.queue.codec.open(popped.member.clone()) {
            Ok((message, _)) => Arc::new(Delivery::new(message)),
            Err(error) => return self.queue.malformed(&error),
        };
        if !self.claim(demand, stop).await {
            return self.queue.put_back(&popped).await;
        }
        *self.desk.held.lock() = Some((Arc::clone(&self.queue), popped.clone()));
        // The mailbox is empty: somebody waits at it.
        let pushed = self.desk.mailbox.push(delivery, Overflow::DropNewest, None);
        if pushed != Pushed::Queued {
            *self.desk.held.lock() = None;
            self.queue.put_back(&popped).await;
        }
        self.desk.demand.send_replace(Demand::None);
    }

    /// Whether this task may serve the receiver; waits a moment for the next demand, so that a
    /// busy channel's messages do not go back and forth.
    async fn claim(&self, demand: &mut watch::Receiver<Demand>, stop: &Stop) -> bool {
        let claiming = async {
            while !self.desk.demand.send_if_modified(Demand::claim) {
                let _ = demand.wait_for(|demand| *demand == Demand::Open).await;
            }
        };
        tokio::select! {
            biased;
            claimed = timeout(HOLD, claiming) => claimed.is_ok(),
            () = stop.wait() => false,
        }
    }
}
