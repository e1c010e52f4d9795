//! [`Codec`]: everything between a message and the bytes in Redis.
//!
//! The order is that of `channels_redis`, for both of its layers: the serializer writes the payload, the first key
//! encrypts it, and the random prefix stands in front of all, unencrypted. The layers differ in their options only:
//!
//! | | core | pub/sub |
//! | --- | --- | --- |
//! | `random_prefix_length` | 12 unless configured | 0 |
//! | `expiry` | 60 s unless configured | none: a token is valid for ever |
//! | channels | in the message | none: the Redis channel says it |

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::envelope::{Channels, KnownChannels, strip_prefix};
use crate::fernet::MultiFernet;
use crate::message::Message;
use crate::serializer::{MsgpackSerializer, Serializer};
use crate::value::Str;

mod error;

pub use self::error::CodecError;

/// How much longer than the expiry an encrypted message is read, as in `channels_redis`.
const EXPIRY_GRACE: Duration = Duration::from_secs(10);

/// Turns messages into what a layer writes to Redis, and back. Cloning counts references.
///
/// [`Codec::default`] writes msgpack without a prefix and without encryption: the pub/sub layer's defaults.
///
/// ```
/// use std::time::Duration;
/// use laureola_message::{Channels, Codec, Message, MultiFernet, SerializersRegistry};
///
/// // RedisChannelLayer(serializer_format="json", symmetric_encryption_keys=["secret"])
/// let codec = Codec::new(SerializersRegistry::default().get("json")?)
///     .random_prefix_length(12)
///     .expiry(Duration::from_secs(60))
///     .encryption(MultiFernet::new(["secret"])?);
///
/// let now = 1_700_000_000;
/// let message = Message::from_value(&[("type", "chat.message")].into_iter().collect())?;
/// let member = codec.seal(b"12 random by", &message, Some(Channels::One("specific.a!b")), now)?;
/// assert_eq!(codec.open(member, now)?, (message, vec!["specific.a!b".into()]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Codec {
    serializer: Arc<dyn Serializer>,
    random_prefix_length: usize,
    expiry: Option<Duration>,
    fernet: Option<Arc<MultiFernet>>,
}

impl Codec {
    /// Writes with this serializer, without a prefix, an expiry or encryption.
    pub fn new(serializer: Arc<dyn Serializer>) -> Self {
        Self {
            serializer,
            random_prefix_length: 0,
            expiry: None,
            fernet: None,
        }
    }

    /// How many random bytes stand in front of a payload. Default: 0; the core layer's is 12.
    #[must_use]
    pub const fn random_prefix_length(mut self, len: usize) -> Self {
        self.random_prefix_length = len;
        self
    }

    /// Refuses encrypted messages older than `expiry` and 10 s. Default: none; matters only with encryption.
    #[must_use]
    pub const fn expiry(mut self, expiry: Duration) -> Self {
        self.expiry = Some(expiry);
        self
    }

    /// Encrypts payloads. Default: plain payloads.
    #[must_use]
    pub fn encryption(mut self, keys: MultiFernet) -> Self {
        self.fernet = Some(Arc::new(keys));
        self
    }

    /// The bytes for Redis: `prefix`, then the message with `channels` if there are any, serialized and encrypted.
    ///
    /// `prefix` is random bytes of the codec's length; `now` is Unix time in seconds, which only encryption writes.
    /// Panics if `prefix` is of another length, since no reader would find the payload. Cost with plain msgpack: one
    /// buffer and one copy ([`envelope::seal`](crate::envelope::seal)), none if there is neither prefix nor channels;
    /// encryption adds two of each.
    pub fn seal(
        &self,
        prefix: &[u8],
        message: &Message,
        channels: Option<Channels<'_>>,
        now: u64,
    ) -> Result<Bytes, CodecError> {
        assert_eq!(
            prefix.len(),
            self.random_prefix_length,
            "the prefix has the codec's random_prefix_length"
        );
        let Some(fernet) = &self.fernet else {
            return self.serializer.encode_behind(prefix, message, channels);
        };
        let payload = self.serializer.encode(message, channels)?;
        Ok(fernet.encrypt_behind(prefix, &payload, now))
    }

    /// What [`seal`](Self::seal) was given: the message, and the names of the channels it is for, if it says so.
    ///
    /// `now` is Unix time in seconds, which only encryption with an expiry asks for. Any bytes are answered with an
    /// error rather than a panic.
    pub fn open(&self, bytes: Bytes, now: u64) -> Result<(Message, Vec<Str>), CodecError> {
        self.serializer.decode(self.payload(bytes, now)?)
    }

    /// [`Codec::open`] for a reader of one message after the other: long lists of channels that it has just seen are not
    /// read again, and are the same `Arc`.
    pub fn open_known(
        &self,
        bytes: Bytes,
        now: u64,
        known: &mut KnownChannels,
    ) -> Result<(Message, Arc<[Str]>), CodecError> {
        self.serializer.decode_known(self.payload(bytes, now)?, known)
    }

    /// Without the prefix, and decrypted.
    fn payload(&self, bytes: Bytes, now: u64) -> Result<Bytes, CodecError> {
        let payload = strip_prefix(bytes, self.random_prefix_length)?;
        let Some(fernet) = &self.fernet else {
            return Ok(payload);
        };
        let ttl = self.expiry.map(|expiry| expiry.saturating_add(EXPIRY_GRACE));
        Ok(fernet.decrypt(&payload, ttl, now)?)
    }
}

/// Plain msgpack.
impl Default for Codec {
    fn default() -> Self {
        Self::new(Arc::new(MsgpackSerializer))
    }
}

#[cfg(test)]
mod tests;
