//! What a message is written as: the `serializer_format` of a channel layer.
//!
//! [`MsgpackSerializer`] and [`JsonSerializer`] are those `channels_redis` brings; a layer that talks to processes with a
//! serializer of their own registers its counterpart in a [`SerializersRegistry`].

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::codec::CodecError;
use crate::envelope::{self, CHANNEL_KEY, Channels, EnvelopeError, KnownChannels};
use crate::json;
use crate::message::Message;
use crate::value::{Str, Value};

mod registry;

pub use self::registry::{SerializersRegistry, UnknownSerializer};

/// Writes messages as payloads and reads them again. Counterpart of `BaseMessageSerializer` of `channels_redis`, whose
/// random prefix and encryption are the business of a [`Codec`](crate::Codec).
///
/// A serializer is shared by every task of a layer and keeps no state of a message.
///
/// ```
/// use bytes::Bytes;
/// use laureola_message::codec::CodecError;
/// use laureola_message::serializer::{MsgpackSerializer, Serializer};
/// use laureola_message::{Channels, Message, Str};
///
/// /// msgpack behind a byte that says which version of our events this is.
/// #[derive(Debug)]
/// struct Versioned;
///
/// impl Serializer for Versioned {
///     fn encode(&self, message: &Message, channels: Option<Channels<'_>>) -> Result<Bytes, CodecError> {
///         MsgpackSerializer.encode_behind(&[1], message, channels)
///     }
///
///     fn decode(&self, mut payload: Bytes) -> Result<(Message, Vec<Str>), CodecError> {
///         if !payload.starts_with(&[1]) {
///             return Err(CodecError::custom("not version 1"));
///         }
///         MsgpackSerializer.decode(payload.split_off(1))
///     }
/// }
///
/// let message = Message::from_value(&[("type", "hi")].into_iter().collect())?;
/// let payload = Versioned.encode(&message, Some(Channels::One("specific.a!b")))?;
/// assert_eq!(Versioned.decode(payload)?, (message, vec!["specific.a!b".into()]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Serializer: fmt::Debug + Send + Sync {
    /// The payload: the message, with `channels` under the key `__asgi_channel__` if there are any.
    fn encode(&self, message: &Message, channels: Option<Channels<'_>>) -> Result<Bytes, CodecError>;

    /// The message without its `__asgi_channel__`, and the names that stood there: none if the key is missing.
    fn decode(&self, payload: Bytes) -> Result<(Message, Vec<Str>), CodecError>;

    /// [`Serializer::decode`] of one payload among many. Worth writing only where `known` spares reading the same names
    /// again and again.
    fn decode_known(
        &self,
        payload: Bytes,
        known: &mut KnownChannels,
    ) -> Result<(Message, Arc<[Str]>), CodecError> {
        let _ = known;
        let (message, channels) = self.decode(payload)?;
        Ok((message, channels.into()))
    }

    /// `prefix` as it is, then the payload. Worth writing only where it saves the copy that this one makes.
    fn encode_behind(
        &self,
        prefix: &[u8],
        message: &Message,
        channels: Option<Channels<'_>>,
    ) -> Result<Bytes, CodecError> {
        let payload = self.encode(message, channels)?;
        if prefix.is_empty() {
            return Ok(payload);
        }
        Ok([prefix, &payload].concat().into())
    }
}

/// `serializer_format="msgpack"`, the default: what [`envelope::seal`] and [`envelope::split_channels`] do.
#[derive(Clone, Copy, Debug, Default)]
pub struct MsgpackSerializer;

impl Serializer for MsgpackSerializer {
    fn encode(&self, message: &Message, channels: Option<Channels<'_>>) -> Result<Bytes, CodecError> {
        Ok(envelope::seal(&[], message, channels))
    }

    fn decode(&self, payload: Bytes) -> Result<(Message, Vec<Str>), CodecError> {
        Ok(envelope::split_channels(payload)?)
    }

    fn decode_known(
        &self,
        payload: Bytes,
        known: &mut KnownChannels,
    ) -> Result<(Message, Arc<[Str]>), CodecError> {
        Ok(envelope::split_known_channels(&payload, known)?)
    }

    fn encode_behind(
        &self,
        prefix: &[u8],
        message: &Message,
        channels: Option<Channels<'_>>,
    ) -> Result<Bytes, CodecError> {
        Ok(envelope::seal(prefix, message, channels))
    }
}

/// `serializer_format="json"`: [`json`] with `__asgi_channel__` as the last key.
///
/// Messages that hold bytes or extensions are refused, as Python refuses them. Cost: the message as a [`Value`] on the
/// way to and from its msgpack.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonSerializer;

impl Serializer for JsonSerializer {
    fn encode(&self, message: &Message, channels: Option<Channels<'_>>) -> Result<Bytes, CodecError> {
        let mut value = message.value();
        if let (Some(channels), Value::Map(pairs)) = (channels, &mut value) {
            let names = match channels {
                Channels::One(name) => name.into(),
                Channels::Many(names) => names.iter().copied().map(Value::from).collect(),
            };
            pairs.push((CHANNEL_KEY.into(), names));
        }
        Ok(json::encode(&value)?)
    }

    fn decode(&self, payload: Bytes) -> Result<(Message, Vec<Str>), CodecError> {
        let mut value = json::decode(payload)?;
        let channels = take_channels(&mut value)?;
        let message = Message::from_value(&value).map_err(EnvelopeError::from)?;
        Ok((message, channels))
    }
}

fn take_channels(value: &mut Value) -> Result<Vec<Str>, EnvelopeError> {
    let Value::Map(pairs) = value else {
        return Ok(Vec::new());
    };
    let is_channels = |(key, _): &(Value, Value)| key.as_str() == Some(CHANNEL_KEY);
    let Some(at) = pairs.iter().position(is_channels) else {
        return Ok(Vec::new());
    };
    let name = |value| match value {
        Value::Str(name) => Ok(name),
        other => Err(EnvelopeError::Channels { kind: other.kind() }),
    };
    match pairs.remove(at).1 {
        Value::Array(names) => names.into_iter().map(name).collect(),
        one => Ok(vec![name(one)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> Message {
        Message::from_value(&Value::Map(vec![
            ("type".into(), "hi".into()),
            ("n".into(), 1.into()),
        ]))
        .unwrap()
    }

    fn read(json: &'static str) -> Result<(Message, Vec<Str>), CodecError> {
        JsonSerializer.decode(Bytes::from_static(json.as_bytes()))
    }

    #[test]
    fn json_has_the_channels_as_its_last_key() {
        let json = |channels| JsonSerializer.encode(&message(), channels).unwrap();
        assert_eq!(json(None), &br#"{"type": "hi", "n": 1}"#[..]);
        assert_eq!(
            json(Some(Channels::One("a!b"))),
            &br#"{"type": "hi", "n": 1, "__asgi_channel__": "a!b"}"#[..]
        );
        assert_eq!(
            json(Some(Channels::Many(&["a!b", "a!c"]))),
            &br#"{"type": "hi", "n": 1, "__asgi_channel__": ["a!b", "a!c"]}"#[..]
        );
    }

    #[test]
    fn channels_are_found_wherever_they_stand() {
        let (same, channels) = read(r#"{"type":"hi","__asgi_channel__":["a!b","a!c"],"n":1}"#).unwrap();
        assert_eq!(same, message());
        assert_eq!(channels, ["a!b", "a!c"]);
        assert!(read(r#"{"type": "hi"}"#).unwrap().1.is_empty());
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for (json, reason) in [
            ("[1]", "a channel-layer message is a dict, not list"),
            (
                r#"{"__asgi_channel__": 1}"#,
                "__asgi_channel__ is a str or a list of str, not int",
            ),
            (
                r#"{"__asgi_channel__": ["a", null]}"#,
                "__asgi_channel__ is a str or a list of str, not NoneType",
            ),
            ("{} ", ""),
        ] {
            match read(json) {
                Ok(_) => assert_eq!(reason, "", "{json}"),
                Err(error) => assert!(error.to_string().starts_with(reason), "{error}"),
            }
        }
        let bytes = Message::from_value(&[("b", Bytes::new())].into_iter().collect()).unwrap();
        let error = JsonSerializer.encode(&bytes, None).unwrap_err();
        assert!(error.to_string().contains("use serializer_format \"msgpack\""));
    }
}
