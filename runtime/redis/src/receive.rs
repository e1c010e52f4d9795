//! Receives for all process-specific channels of one prefix, from their one key.
//!
//! A turn blocks for one message; what else waits is then taken a hundred at a time by a script,
//! which keeps each batch in `$inflight` until the next call says that it arrived. So a lost
//! answer loses nothing: after a reconnect the batch is moved back, except for what did arrive.
//! The message that ended the blocking wait has no such copy, since no script may block: it is
//! lost if the connection dies between the pop and its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use laureola_layers::directory::Directory;
use laureola_layers::mailbox::Overflow;
use laureola_message::{Delivery, EnvelopeError, Message, Str, envelope};
use redis::RedisResult;

use crate::backoff::Backoff;
use crate::blocking::Blocking;
use crate::key::Keys;
use crate::link::Link;
use crate::script::Scripts;
use crate::shard::millis;
use crate::stop::Stop;
use crate::throttle::Throttle;

/// How many messages are taken at a time.
const BATCH: usize = 100;

/// The task that receives; it alone reads its key.
#[derive(Debug)]
pub(crate) struct Receive {
    pub(crate) link: Arc<Link>,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) directory: Arc<Directory>,
    pub(crate) queue: String,
    pub(crate) expiry: Duration,
    pub(crate) random_prefix_length: usize,
    pub(crate) log: Arc<ReceiveLog>,
}

/// What receivers complain of.
#[derive(Debug, Default)]
pub(crate) struct ReceiveLog {
    malformed: Throttle,
    overflow: Throttle,
    failed: Throttle,
}

impl Receive {
    /// Receives until the layer stops, over as many connections as it takes.
    pub(crate) async fn run(self, stop: Stop) {
        let mut backoff = Backoff::new();
        let mut arrived = Vec::new();
        loop {
            match self.session(&stop, &mut arrived, &mut backoff).await {
                Ok(()) => return,
                Err(error) => {
                    self.log.failed(&self.link, &self.queue, &error);
                    backoff.pause().await;
                    tokio::select! {
                        () = self.link.wait_up() => {}
                        () = stop.wait() => return,
                    }
                }
            }
        }
    }

    /// Receives over one connection. `arrived` are the members that may still stand in
    /// `$inflight` though they were delivered.
    async fn session(&self, stop: &Stop, arrived: &mut Vec<Bytes>, backoff: &mut Backoff) -> RedisResult<()> {
        let in_flight = Keys::in_flight(&self.queue);
        let live = millis(self.expiry);
        let mut drain = self.scripts.drain.prepare_invoke();
        drain.key(&self.queue).key(&in_flight).arg(BATCH).arg(live);
        let mut restore = self.scripts.restore.prepare_invoke();
        restore.key(&self.queue).key(&in_flight).arg(live);
        for member in &*arrived {
            restore.arg(&**member);
        }

        let mut blocking = Blocking::open(&self.link, stop).await?;
        let _: i64 = blocking.script(&restore).await?;
        arrived.clear();
        while !stop.is_set() {
            let first = blocking.pop(&self.queue).await?;
            // Not before: a server may accept connections and refuse every pop.
            backoff.reset();
            let Some(first) = first else {
                continue;
            };
            self.deliver(first.member).await;
            loop {
                let batch: Vec<Bytes> = blocking.script(&drain).await?;
                arrived.clone_from(&batch);
                if batch.is_empty() {
                    break;
                }
                for member in batch {
                    self.deliver(member).await;
                }
            }
        }
        Ok(())
    }

    async fn deliver(&self, member: Bytes) {
        match open(member, self.random_prefix_length) {
            Ok((message, channels)) => {
                let delivery = Arc::new(Delivery::new(message));
                let full = self
                    .directory
                    .deliver(&channels, &delivery, Overflow::DropOldest)
                    .await;
                if let Some(messages) = self.log.overflow.note(full) {
                    tracing::warn!(
                        messages,
                        "channels of this process over capacity: their oldest messages are dropped"
                    );
                }
            }
            Err(error) => self.log.malformed(&self.queue, &error),
        }
    }
}

impl ReceiveLog {
    pub(crate) fn malformed(&self, queue: &str, error: &EnvelopeError) {
        if let Some(messages) = self.malformed.note(1) {
            tracing::warn!(queue, messages, %error, "dropped what is no channel-layer message");
        }
    }

    /// A session ended. That Redis is away says the link; here it is only looked after.
    pub(crate) fn failed(&self, link: &Link, queue: &str, error: &redis::RedisError) {
        if crate::error::ends_connection(error) {
            tracing::debug!(redis = link.place(), queue, %error, "a receiver lost its connection");
            link.doubt();
        } else if let Some(times) = self.failed.note(1) {
            tracing::warn!(redis = link.place(), queue, times, %error, "cannot receive; trying again");
        }
    }
}

/// The message in a member of a queue, and the channels it is for.
pub(crate) fn open(member: Bytes, random_prefix_length: usize) -> Result<(Message, Vec<Str>), EnvelopeError> {
    envelope::split_channels(envelope::strip_prefix(member, random_prefix_length)?)
}
