//! The Redis key that a task of this process receives from.

use std::sync::Arc;
use std::time::Duration;

use laureola_message::CodecError;
use redis::RedisError;
use tokio::time::timeout;

use crate::backoff::Backoff;
use crate::core::blocking::Popped;
use crate::core::codec::Codec;
use crate::core::complaints::DROPPED;
use crate::core::deliver::Local;
use crate::core::script::Scripts;
use crate::core::shard::millis;
use crate::error::ends_connection;
use crate::link::{DEADLINE, Link};

/// How often a message that could not be delivered is put back before it is given up.
const PUT_BACK_ATTEMPTS: usize = 5;

/// A queue, where it is, and how it is read.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) link: Arc<Link>,
    pub(crate) key: String,
    /// How long it lives after the last message.
    pub(crate) expiry: Duration,
    pub(crate) codec: Arc<Codec>,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) local: Arc<Local>,
}

impl Queue {
    /// Something in it is no message.
    pub(crate) fn malformed(&self, error: &CodecError) {
        self.local.complaints.malformed(&self.key, error);
    }

    /// Gives a message to the next receiver, in its old place.
    pub(crate) async fn put_back(&self, popped: &Popped) {
        let mut pipeline = redis::pipe();
        let mut add = redis::cmd("ZADD");
        add.arg(&self.key).arg(&*popped.score).arg(&*popped.member);
        pipeline.add_command(add).ignore();
        pipeline.pexpire(&self.key, millis(self.expiry)).ignore();
        let mut backoff = Backoff::new();
        for _ in 0..PUT_BACK_ATTEMPTS {
            match self.link.pipe::<()>("put a message back", &pipeline).await {
                Ok(()) => return,
                Err(_) => backoff.pause().await,
            }
            let _ = timeout(DEADLINE, self.link.wait_up()).await;
        }
        metrics::counter!(DROPPED, "reason" => "lost").increment(1);
        tracing::warn!(
            queue = self.key,
            "a message is lost: redis was away when it was to be put back"
        );
    }

    /// A session ended. That Redis is away says the link; here it is only looked after.
    pub(crate) fn failed(&self, error: &RedisError) {
        if ends_connection(error) {
            tracing::debug!(redis = self.link.place(), queue = self.key, %error, "a receiver lost its connection");
            self.link.doubt();
        } else if let Some(times) = self.local.complaints.refused.note(1) {
            tracing::warn!(redis = self.link.place(), queue = self.key, times, %error, "cannot receive; trying again");
        }
    }
}
