//! The bytes of a message in a queue.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use laureola_layers::LayerError;
use laureola_message::{Channels, CodecError, KnownChannels, Message, Str};

use crate::core::random_prefix::RandomPrefix;

/// Makes the members of queues, and reads them: random bytes, then the message with the channels
/// it is for, serialized and perhaps encrypted.
#[derive(Debug)]
pub(crate) struct Codec {
    codec: laureola_message::Codec,
    random_prefix: RandomPrefix,
}

impl Codec {
    /// `codec` as it is configured, but for its random prefix.
    pub(crate) fn new(codec: laureola_message::Codec, random_prefix_length: usize) -> Self {
        Self {
            codec: codec.random_prefix_length(random_prefix_length),
            random_prefix: RandomPrefix::new(random_prefix_length),
        }
    }

    /// A new member; no two are equal.
    pub(crate) fn seal(
        &self,
        message: &Message,
        channels: Option<Channels<'_>>,
    ) -> Result<Bytes, LayerError> {
        self.codec
            .seal(&self.random_prefix.next(), message, channels, now())
            .map_err(|error| LayerError::Backend {
                context: "the message cannot be sent in the layer's serializer_format".to_owned(),
                source: Box::new(error),
            })
    }

    /// The message in a member, and the channels it is for.
    pub(crate) fn open(&self, member: Bytes) -> Result<(Message, Vec<Str>), CodecError> {
        self.codec.open(member, now())
    }

    /// [`Codec::open`] for the reader of a busy queue.
    pub(crate) fn open_known(
        &self,
        member: Bytes,
        known: &mut KnownChannels,
    ) -> Result<(Message, Arc<[Str]>), CodecError> {
        self.codec.open_known(member, now(), known)
    }
}

/// Whether [`Codec::seal`] refused a message.
pub(crate) fn is_unwritable(error: &LayerError) -> bool {
    matches!(error, LayerError::Backend { source, .. } if source.is::<CodecError>())
}

/// Unix time in seconds.
fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
