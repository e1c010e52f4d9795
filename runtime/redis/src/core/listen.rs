//! Receives from a plain channel, in competition with other processes.
//!
//! One message is taken at a time, and only while a receiver waits for it; what a receiver leaves
//! behind is put back. This layer never writes to the channel's `$inflight`: channels_redis would
//! take it for its own and hand it out twice. But what a process of channels_redis left there
//! when it died is moved back, once it has not changed for a whole turn.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use laureola_layers::mailbox::{Left, MailboxSender, Overflow, Pushed};
use laureola_message::Delivery;
use redis::RedisResult;
use tokio::time::{Instant, timeout};

use crate::backoff::Backoff;
use crate::core::blocking::{Blocking, Popped, TURN};
use crate::core::key::Keys;
use crate::core::queue::Queue;
use crate::core::shard::millis;
use crate::link::DEADLINE;
use crate::stop::Stop;

/// How many messages in flight are looked at.
const LOOK_AT: isize = 100;
/// How often a message that could not be delivered is put back before it is given up.
const ATTEMPTS: usize = 5;

/// The task behind one mailbox of a plain channel. It ends with the layer, or within a turn of
/// the mailbox's end.
#[derive(Debug)]
pub(crate) struct Listen {
    pub(crate) queue: Queue,
    pub(crate) mailbox: MailboxSender,
}

impl Listen {
    /// Receives until the mailbox is dropped or the layer stops.
    pub(crate) async fn run(self, stop: Stop) {
        let mut backoff = Backoff::new();
        let mut held = None;
        loop {
            let Err(error) = self.session(&stop, &mut held, &mut backoff).await else {
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

    /// Receives over one connection; ends well when the receiver is gone or the layer stops.
    /// `held` is what was handed to the mailbox last.
    async fn session(
        &self,
        stop: &Stop,
        held: &mut Option<Popped>,
        backoff: &mut Backoff,
    ) -> RedisResult<()> {
        let mut blocking = Blocking::open(&self.queue.link, stop).await?;
        let mut abandoned = Abandoned::default();
        loop {
            let wanted = tokio::select! {
                wanted = self.mailbox.wanted() => wanted,
                () = stop.wait() => return Ok(()),
            };
            if let Err(Left(left)) = wanted {
                if let (false, Some(popped)) = (left.is_empty(), held.take()) {
                    self.put_back(&popped).await;
                }
                return Ok(());
            }
            abandoned.rescue(&self.queue).await;
            let popped = blocking.pop(&self.queue.key).await?;
            backoff.reset();
            if let Some(popped) = popped {
                if stop.is_set() || !self.hand_over(&popped) {
                    self.put_back(&popped).await;
                    return Ok(());
                }
                *held = Some(popped);
            } else if stop.is_set() {
                return Ok(());
            }
        }
    }

    /// Puts a message into the mailbox; false if nobody receives from it any more.
    fn hand_over(&self, popped: &Popped) -> bool {
        match self.queue.codec.open(popped.member.clone()) {
            Ok((message, _)) => {
                let delivery = Arc::new(Delivery::new(message));
                // One at a time: there is room.
                self.mailbox.push(delivery, Overflow::DropOldest, None) != Pushed::Closed
            }
            Err(error) => {
                self.queue.malformed(&error);
                true
            }
        }
    }

    /// Gives a message to the next receiver, in its old place.
    async fn put_back(&self, popped: &Popped) {
        let mut pipeline = redis::pipe();
        let mut add = redis::cmd("ZADD");
        add.arg(&self.queue.key).arg(&*popped.score).arg(&*popped.member);
        pipeline.add_command(add).ignore();
        pipeline
            .pexpire(&self.queue.key, millis(self.queue.expiry))
            .ignore();
        let mut backoff = Backoff::new();
        for _ in 0..ATTEMPTS {
            match self.queue.link.pipe::<()>("put a message back", &pipeline).await {
                Ok(()) => return,
                Err(_) => backoff.pause().await,
            }
            let _ = timeout(DEADLINE, self.queue.link.wait_up()).await;
        }
        tracing::warn!(
            queue = self.queue.key,
            "a message is lost: redis was away when it was to be put back"
        );
    }
}

/// Messages in flight that were there at the last look.
///
/// A living process of channels_redis takes its messages out of `$inflight` within milliseconds;
/// one that stands there for a whole turn has lost its process.
#[derive(Debug, Default)]
struct Abandoned {
    seen: HashSet<Bytes>,
    looked: Option<Instant>,
}

impl Abandoned {
    /// Looks, once a turn at most, and moves what was there the last time as well.
    async fn rescue(&mut self, queue: &Queue) {
        if self.looked.is_some_and(|looked| looked.elapsed() < TURN) {
            return;
        }
        self.looked = Some(Instant::now());
        let in_flight = Keys::in_flight(&queue.key);
        let mut look = redis::cmd("ZRANGE");
        look.arg(&in_flight).arg(0).arg(LOOK_AT - 1);
        // Best effort: the next turn tries again.
        let Ok(present) = queue
            .link
            .query::<Vec<Bytes>>("look for abandoned messages", &look)
            .await
        else {
            return;
        };
        let (old, new): (Vec<_>, Vec<_>) = present.into_iter().partition(|member| self.seen.contains(member));
        self.seen = new.into_iter().collect();
        if old.is_empty() {
            return;
        }
        let mut rescue = queue.scripts.rescue.prepare_invoke();
        rescue.key(&queue.key).key(&in_flight).arg(millis(queue.expiry));
        for member in &old {
            rescue.arg(&**member);
        }
        match queue
            .link
            .script::<i64>("rescue abandoned messages", &rescue)
            .await
        {
            Ok(messages) => {
                tracing::info!(
                    queue = queue.key,
                    messages,
                    "took over messages of a process that died"
                );
            }
            Err(_) => self.seen.extend(old),
        }
    }
}
