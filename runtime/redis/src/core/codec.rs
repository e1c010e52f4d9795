//! The bytes of a message in a queue.

use bytes::Bytes;
use laureola_message::{Channels, EnvelopeError, Message, Str, envelope};

use crate::core::random_prefix::RandomPrefix;

/// Makes the members of queues, and reads them: random bytes, then the message in msgpack with
/// the channels it is for.
#[derive(Debug)]
pub(crate) struct Codec {
    random_prefix: RandomPrefix,
}

impl Codec {
    pub(crate) fn new(random_prefix_length: usize) -> Self {
        Self {
            random_prefix: RandomPrefix::new(random_prefix_length),
        }
    }

    /// A new member; no two are equal.
    pub(crate) fn seal(&self, message: &Message, channels: Option<Channels<'_>>) -> Bytes {
        envelope::seal(&self.random_prefix.next(), message, channels)
    }

    /// The message in a member, and the channels it is for.
    pub(crate) fn open(&self, member: Bytes) -> Result<(Message, Vec<Str>), EnvelopeError> {
        envelope::split_channels(envelope::strip_prefix(member, self.random_prefix.len())?)
    }
}
