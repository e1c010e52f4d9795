//! The Redis key that a task of this process receives from.

use std::sync::Arc;
use std::time::Duration;

use laureola_message::EnvelopeError;
use redis::RedisError;

use crate::core::codec::Codec;
use crate::core::script::Scripts;
use crate::error::ends_connection;
use crate::link::Link;
use crate::throttle::Throttle;

/// A queue, where it is, and how it is read.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) link: Arc<Link>,
    pub(crate) key: String,
    /// How long it lives after the last message.
    pub(crate) expiry: Duration,
    pub(crate) codec: Arc<Codec>,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) complaints: Arc<Complaints>,
}

/// What the receiving tasks of a layer log, each a few times a minute at most.
#[derive(Debug, Default)]
pub(crate) struct Complaints {
    malformed: Throttle,
    overflow: Throttle,
    refused: Throttle,
}

impl Queue {
    /// Something in it is no message.
    pub(crate) fn malformed(&self, error: &EnvelopeError) {
        if let Some(messages) = self.complaints.malformed.note(1) {
            tracing::warn!(queue = self.key, messages, %error, "dropped what is no channel-layer message");
        }
    }

    /// So many channels dropped a message to take another.
    pub(crate) fn overflowed(&self, channels: usize) {
        if let Some(messages) = self.complaints.overflow.note(channels) {
            tracing::warn!(
                messages,
                "channels of this process over capacity: their oldest messages are dropped"
            );
        }
    }

    /// A session ended. That Redis is away says the link; here it is only looked after.
    pub(crate) fn failed(&self, error: &RedisError) {
        if ends_connection(error) {
            tracing::debug!(redis = self.link.place(), queue = self.key, %error, "a receiver lost its connection");
            self.link.doubt();
        } else if let Some(times) = self.complaints.refused.note(1) {
            tracing::warn!(redis = self.link.place(), queue = self.key, times, %error, "cannot receive; trying again");
        }
    }
}
