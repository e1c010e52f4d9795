//! Receives for all process-specific channels of one prefix, from their one key.
//!
//! A turn blocks for one message; what else waits is then taken a hundred at a time by a script,
//! which keeps each batch in `$inflight` until the next call says that it arrived. So a lost
//! answer loses nothing: after a reconnect the batch is moved back, except for what did arrive.
//! The message that ended the blocking wait has no such copy, since no script may block: it is
//! lost if the connection dies between the pop and its answer.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use laureola_layers::group::{self, BATCH_BYTES};
use laureola_message::{Batch, Delivery, KnownChannels, Str};
use redis::RedisResult;
use tokio::time::timeout;

use crate::backoff::Backoff;
use crate::core::blocking::Blocking;
use crate::core::key::Keys;
use crate::core::queue::Queue;
use crate::core::shard::millis;
use crate::stop::Stop;

/// How many messages are taken at a time.
const BATCH: usize = 100;

/// How long a popped message waits for others that may stand behind it.
const PATIENCE: Duration = Duration::from_millis(5);

/// The task that receives; it alone reads its queue.
#[derive(Debug)]
pub(crate) struct Receive {
    pub(crate) queue: Queue,
}

impl Receive {
    /// Receives until the layer stops, over as many connections as it takes.
    pub(crate) async fn run(self, stop: Stop) {
        let mut backoff = Backoff::new();
        let mut arrived = Vec::new();
        let mut known = KnownChannels::default();
        loop {
            match self.session(&stop, &mut arrived, &mut backoff, &mut known).await {
                Ok(()) => return,
                Err(error) => {
                    self.queue.failed(&error);
                    backoff.pause().await;
                    tokio::select! {
                        () = self.queue.link.wait_up() => {}
                        () = stop.wait() => return,
                    }
                }
            }
        }
    }

    /// Receives over one connection. `arrived` are the members that may still stand in
    /// `$inflight` though they were delivered.
    async fn session(
        &self,
        stop: &Stop,
        arrived: &mut Vec<Bytes>,
        backoff: &mut Backoff,
        known: &mut KnownChannels,
    ) -> RedisResult<()> {
        let in_flight = Keys::in_flight(&self.queue.key);
        let live = millis(self.queue.expiry);
        let mut drain = self.queue.scripts.drain.prepare_invoke();
        drain.key(&self.queue.key).key(&in_flight).arg(BATCH).arg(live);
        let mut restore = self.queue.scripts.restore.prepare_invoke();
        restore.key(&self.queue.key).key(&in_flight).arg(live);
        for member in &*arrived {
            restore.arg(&**member);
        }

        let mut blocking = Blocking::open(&self.queue.link, stop).await?;
        let _: i64 = blocking.script(&restore).await?;
        arrived.clear();
        // Whether more came behind the last message that was waited for.
        let mut busy = false;
        while !stop.is_set() {
            let first = blocking.pop(&self.queue.key).await?;
            // Not before: a server may accept connections and refuse every pop.
            backoff.reset();
            let Some(first) = first else {
                continue;
            };
            let mut first = vec![first.member];
            // A lone message goes at once. Where others keep coming, they are taken along.
            if !std::mem::take(&mut busy) {
                self.deliver(std::mem::take(&mut first), known).await;
            }
            loop {
                let mut drained = pin!(blocking.script::<Vec<Bytes>>(&drain));
                let drained = match timeout(PATIENCE, &mut drained).await {
                    Ok(drained) => drained,
                    Err(_) => {
                        self.deliver(std::mem::take(&mut first), known).await;
                        drained.await
                    }
                };
                // What was popped is nowhere else.
                let batch = match drained {
                    Ok(batch) => batch,
                    Err(error) => {
                        self.deliver(first, known).await;
                        return Err(error);
                    }
                };
                arrived.clone_from(&batch);
                let drained = !batch.is_empty();
                busy |= drained;
                first.extend(batch);
                self.deliver(std::mem::take(&mut first), known).await;
                if !drained {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Delivers in order. Messages in a row for the same channels leave together.
    async fn deliver(&self, members: Vec<Bytes>, known: &mut KnownChannels) {
        let (mut together, mut channels, mut bytes) = (Vec::new(), Arc::default(), 0);
        for member in members {
            let (message, its_channels) = match self.queue.codec.open_known(member, known) {
                Ok(opened) => opened,
                Err(error) => {
                    self.queue.malformed(&error);
                    continue;
                }
            };
            let length = message.msgpack().len();
            let fits = together.len() < group::BATCH && bytes + length <= BATCH_BYTES;
            let goes_along = together.is_empty() || fits && is_same(&its_channels, &channels);
            if !goes_along {
                let batch = Batch::new(std::mem::take(&mut together));
                self.queue.local.deliver(&channels, &batch).await;
                bytes = 0;
            }
            bytes += length;
            channels = its_channels;
            together.push(Arc::new(Delivery::new(message)));
        }
        if !together.is_empty() {
            self.queue.local.deliver(&channels, &Batch::new(together)).await;
        }
    }
}

/// Long lists are mostly the same in memory.
fn is_same(one: &Arc<[Str]>, other: &Arc<[Str]>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}
