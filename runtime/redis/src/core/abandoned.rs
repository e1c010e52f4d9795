//! Messages that a process of channels_redis took from a plain channel and died with.

use std::collections::HashSet;

use bytes::Bytes;
use tokio::time::Instant;

use crate::core::blocking::TURN;
use crate::core::key::Keys;
use crate::core::queue::Queue;
use crate::core::shard::millis;

/// How many messages in flight are looked at.
const LOOK_AT: isize = 100;

/// Messages in flight that were there at the last look.
///
/// A living process of channels_redis takes its messages out of `$inflight` within milliseconds;
/// one that stands there for a whole turn has lost its process.
#[derive(Debug, Default)]
pub(crate) struct Abandoned {
    seen: HashSet<Bytes>,
    looked: Option<Instant>,
}

impl Abandoned {
    /// Looks, once a turn at most, and moves what was there the last time as well.
    pub(crate) async fn rescue(&mut self, queue: &Queue) {
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
