//! [`Message`]: what travels through a channel layer.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::msgpack::{self, Cursor, DecodeError, EncodeError, Key, MAX_DEPTH, Token};
use crate::value::Value;

/// The key that names what a message is for.
const TYPE: &str = "type";

/// A message of the channel layer: a msgpack map whose keys are text, checked once and never changed.
///
/// Counterpart of the dict that Channels' `channel_layer.send()` and `group_send()` take. A message for a consumer has
/// the key `type` (`"chat.message"`); the layer itself does not ask for it. Cloning counts a reference. Two messages are
/// equal when their bytes are.
///
/// Invariant: the bytes are one valid msgpack value within [`MAX_DEPTH`], a map with text
/// keys, at most one of them `type`, and shorter than 4 GiB.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    msgpack: Bytes,
}

/// Why something is not a message, or a message is not the event it was taken for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// A message is a map (a struct, or an enum with `#[serde(tag = "type")]`).
    #[error(
        "a channel-layer message is a dict, not {kind}; send a struct or an enum with #[serde(tag = \"type\")]"
    )]
    NotAMap {
        /// What it is, in Python's word.
        kind: &'static str,
    },
    /// The keys of a message are text.
    #[error("the keys of a channel-layer message are str, not {kind}")]
    Key {
        /// What the key is, in Python's word.
        kind: &'static str,
    },
    /// The key `type` stands there twice, so that readers would differ about the message's type.
    #[error("a channel-layer message has the key `type` twice")]
    TwoTypes,
    /// msgpack's lengths end at 4 GiB.
    #[error("a message of {len} bytes is too long for a channel layer")]
    TooLong {
        /// Its length.
        len: usize,
    },
    /// The value's own `Serialize` failed.
    #[error("cannot serialise the message: {reason}")]
    Serialize {
        /// In serde's words.
        reason: String,
    },
    /// A [`Value`] that msgpack or Python cannot hold.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Bytes that are not msgpack, or not what Python would read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The event has no variant of this name. Channels says the same words.
    #[error("no handler for message type {message_type}")]
    NoHandler {
        /// The message's `type`.
        message_type: String,
    },
    /// The event has the type, but other fields.
    #[error("the message of type {message_type} does not fit its event: {reason}")]
    Mismatch {
        /// The message's `type`.
        message_type: String,
        /// In serde's words.
        reason: String,
    },
    /// The message has no `type` (or one that is not text) and is not the event asked for.
    #[error("the message has no type and does not fit the event: {reason}")]
    NoType {
        /// In serde's words.
        reason: String,
    },
}

impl Message {
    /// Serialises a struct, a map, or an enum with `#[serde(tag = "type")]`.
    ///
    /// Fields are written by name in their order (the tag first), in msgpack's smallest forms; `f32` becomes a 64-bit
    /// float, since Python writes no other. Formats that ask are told they are human-readable, so addresses and ids
    /// arrive in Python as text. Byte fields need `serde_bytes`: a bare `Vec<u8>` is a list of integers, as everywhere in
    /// serde; integers of 128 bits become 16 bytes.
    ///
    /// Errors: [`NotAMap`](MessageError::NotAMap) (a tuple, a string), [`Key`](MessageError::Key) (keys that are not
    /// text), nesting beyond the limit, or the value's own error. Cost: one buffer and one walk over it.
    ///
    /// ```
    /// use laureola_message::Message;
    ///
    /// #[derive(serde::Serialize)]
    /// #[serde(tag = "type")]
    /// enum RoomEvent {
    ///     #[serde(rename = "chat.message")]
    ///     Chat { message: &'static str },
    /// }
    ///
    /// let message = Message::new(&RoomEvent::Chat { message: "hi" })?;
    /// assert_eq!(message.msgpack(), &b"\x82\xa4type\xacchat.message\xa7message\xa2hi"[..]);
    /// # Ok::<(), laureola_message::MessageError>(())
    /// ```
    pub fn new<T: Serialize + ?Sized>(event: &T) -> Result<Self, MessageError> {
        let mut out = Vec::with_capacity(128);
        let mut serializer = rmp_serde::Serializer::new(&mut out)
            .with_struct_map()
            .with_human_readable();
        event
            .serialize(&mut serializer)
            .map_err(|error| MessageError::Serialize {
                reason: error.to_string(),
            })?;
        let msgpack = Bytes::from(out);
        if check(&msgpack)?.float32 {
            return Ok(Self {
                msgpack: msgpack::encode(&msgpack::decode(msgpack)?)?,
            });
        }
        Ok(Self { msgpack })
    }

    /// Encodes a map with text keys, byte for byte as Python would.
    pub fn from_value(value: &Value) -> Result<Self, MessageError> {
        Self::from_msgpack(msgpack::encode(value)?)
    }

    /// Takes bytes that some process wrote, after one walk over all of them; copies nothing.
    ///
    /// Any valid form is kept as it is, also forms Python would not have chosen (32-bit floats, long integers).
    pub fn from_msgpack(msgpack: Bytes) -> Result<Self, MessageError> {
        check(&msgpack)?;
        Ok(Self { msgpack })
    }

    /// For bytes that hold the invariant by construction.
    pub(crate) const fn from_checked(msgpack: Bytes) -> Self {
        Self { msgpack }
    }

    /// The bytes.
    pub const fn msgpack(&self) -> &Bytes {
        &self.msgpack
    }

    /// The message as a [`Value::Map`], sharing the bytes.
    ///
    /// Decodes on every call: a vector per container, nothing per text.
    pub fn value(&self) -> Value {
        msgpack::decode(self.msgpack.clone()).expect("a message was checked when it was made")
    }

    /// The text under the key `type`. Allocates nothing; the key usually comes first.
    pub fn message_type(&self) -> Option<&str> {
        self.find_type().expect("a message was checked when it was made")
    }

    fn find_type(&self) -> Result<Option<&str>, MessageError> {
        let mut cursor = Cursor::new(&self.msgpack);
        for _ in 0..open_map(&mut cursor)? {
            if text_key(&mut cursor)? != TYPE {
                cursor.skip(MAX_DEPTH - 1)?;
            } else if let Token::Str(text) = cursor.token()? {
                return Ok(Some(cursor.utf8(text)?));
            } else {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// The message as a typed event, usually an enum with `#[serde(tag = "type")]`.
    ///
    /// Keys may come in any order, unknown keys are ignored, and an integer is taken where a float is declared.
    /// Errors name the type: [`NoHandler`](MessageError::NoHandler) when the enum has no such variant
    /// (`#[serde(other)]` takes them all), [`Mismatch`](MessageError::Mismatch) when its fields do not fit.
    pub fn decode<E: DeserializeOwned>(&self) -> Result<E, MessageError> {
        let mut deserializer =
            rmp_serde::Deserializer::from_read_ref(&self.msgpack[..]).with_human_readable();
        E::deserialize(&mut deserializer).map_err(|error| self.explain(&error))
    }

    fn explain(&self, error: &rmp_serde::decode::Error) -> MessageError {
        let reason = error.to_string();
        match self.message_type() {
            None => MessageError::NoType { reason },
            // serde has no other way to say that the tag names no variant than these words of its own.
            Some(name) if reason.starts_with(&format!("unknown variant `{name}`")) => {
                MessageError::NoHandler {
                    message_type: name.to_owned(),
                }
            }
            Some(name) => MessageError::Mismatch {
                message_type: name.to_owned(),
                reason,
            },
        }
    }
}

/// Shows the decoded value.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Message").field(&self.value()).finish()
    }
}

/// What a walk over a whole message found out.
pub(crate) struct Walked {
    /// How many keys there are.
    pub(crate) len: usize,
    /// Where the first key begins.
    pub(crate) body: usize,
    /// Whether a 32-bit float came by.
    float32: bool,
}

fn check(msgpack: &[u8]) -> Result<Walked, MessageError> {
    walk(msgpack, |_, _, cursor| Ok(cursor.skip(MAX_DEPTH - 1)?))
}

/// Walks over the keys of a message and holds everything against the invariant of [`Message`].
///
/// `read` gets each key, where it begins, and the cursor in front of its value, which it has to read to the end.
pub(crate) fn walk<'a, X: From<MessageError>>(
    msgpack: &'a [u8],
    mut read: impl FnMut(&'a str, usize, &mut Cursor<'a>) -> Result<(), X>,
) -> Result<Walked, X> {
    check_len(msgpack)?;
    let mut cursor = Cursor::new(msgpack);
    let len = open_map(&mut cursor)?;
    let body = cursor.position();
    let mut types = 0;
    for _ in 0..len {
        let start = cursor.position();
        let key = text_key(&mut cursor)?;
        types += usize::from(key == TYPE);
        read(key, start, &mut cursor)?;
    }
    cursor.finish().map_err(MessageError::from)?;
    if types > 1 {
        return Err(MessageError::TwoTypes.into());
    }
    Ok(Walked {
        len,
        body,
        float32: cursor.saw_float32(),
    })
}

/// Below 4 GiB every count and length fits msgpack's 32 bits, also with a key added.
fn check_len(msgpack: &[u8]) -> Result<(), MessageError> {
    let len = msgpack.len();
    u32::try_from(len)
        .map(drop)
        .map_err(|_| MessageError::TooLong { len })
}

/// Reads the head of a message and returns how many keys follow.
pub(crate) fn open_map(cursor: &mut Cursor<'_>) -> Result<usize, MessageError> {
    match cursor.token()? {
        Token::Map(len) => Ok(len),
        other => Err(MessageError::NotAMap { kind: other.kind() }),
    }
}

/// Reads a key of a message.
fn text_key<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, MessageError> {
    match cursor.key() {
        Ok(Key::Str(text)) => Ok(cursor.utf8(text)?),
        Ok(Key::Bin(_)) => Err(MessageError::Key { kind: "bytes" }),
        Err(DecodeError::Key { kind, .. }) => Err(MessageError::Key { kind }),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
