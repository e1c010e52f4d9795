//! What the core layer of `channels_redis` puts around a message.
//!
//! A process receives for all of its channels from one Redis key, so a message says under `__asgi_channel__` which of
//! them it is for: one name after `send`, a list of names after `group_send`. In front stand random bytes (12 by
//! default) that keep equal messages apart in a sorted set. [`seal`] writes both, [`strip_prefix`] and
//! [`split_channels`] take them off; none of them decodes the message.

use std::sync::Arc;

use bytes::Bytes;

use crate::message::{Message, MessageError, open_map, walk};
use crate::msgpack::{
    Cursor, DecodeError, MAX_DEPTH, Token, array_header, map_header, shared_text, write_str,
};
use crate::value::Str;

mod known;

pub use self::known::KnownChannels;

/// The key that holds the channel names.
pub const CHANNEL_KEY: &str = "__asgi_channel__";

/// What an array's count may reserve ahead of its names.
const MAX_RESERVED: usize = 1024;

/// For whom a message is.
#[derive(Clone, Copy, Debug)]
pub enum Channels<'a> {
    /// One channel, written as a str: what `send` does.
    One(&'a str),
    /// The channels of one process that are in a group, written as a list: what `group_send` does, also for a single one.
    Many(&'a [&'a str]),
}

/// Why bytes are no message of the core layer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Shorter than the random prefix.
    #[error(
        "{len} bytes are too few for a prefix of {prefix}; is random_prefix_length the same in every process?"
    )]
    NoPrefix {
        /// How many there are.
        len: usize,
        /// How long the prefix is.
        prefix: usize,
    },
    /// `__asgi_channel__` is neither a str nor a list of them.
    #[error("__asgi_channel__ is a str or a list of str, not {kind}")]
    Channels {
        /// What it, or an item of it, is instead, in Python's word.
        kind: &'static str,
    },
    /// The rest is not a message.
    #[error(transparent)]
    Message(#[from] MessageError),
}

impl From<DecodeError> for EnvelopeError {
    fn from(error: DecodeError) -> Self {
        Self::Message(error.into())
    }
}

/// The message with its `__asgi_channel__`, as the last key.
///
/// Cost: one buffer and one copy, whatever the message holds. A message that has the key already (no application should)
/// then has it twice, and every reader takes the last. Panics if the names together are 4 GiB or longer.
///
/// ```
/// use laureola_message::{Channels, Message, envelope};
///
/// let message = Message::new(&std::collections::BTreeMap::from([("type", "hi")]))?;
/// let bytes = envelope::with_channels(&message, Channels::Many(&["specific.a!b"]));
/// assert_eq!(bytes, &b"\x82\xa4type\xa2hi\xb0__asgi_channel__\x91\xacspecific.a!b"[..]);
///
/// let (same, channels) = envelope::split_channels(bytes)?;
/// assert_eq!(same, message);
/// assert_eq!(channels, ["specific.a!b"]);
/// # Ok::<(), laureola_message::EnvelopeError>(())
/// ```
pub fn with_channels(message: &Message, channels: Channels<'_>) -> Bytes {
    seal(&[], message, Some(channels))
}

/// What a sorted set's member is: `prefix`, then the message, with `channels` if there are any (a plain channel's `send`
/// has none). One buffer, one copy; with neither a prefix nor channels, a share of the message's own bytes.
pub fn seal(prefix: &[u8], message: &Message, channels: Option<Channels<'_>>) -> Bytes {
    let body = message.msgpack();
    if prefix.is_empty() && channels.is_none() {
        return body.clone();
    }
    let names: &[&str] = match &channels {
        None => &[],
        Some(Channels::One(name)) => std::slice::from_ref(name),
        Some(Channels::Many(names)) => names,
    };
    // Heads: at most 5 for the map, 17 for the key, 5 for the list, 5 for each name.
    let names_len: usize = names.iter().map(|name| name.len() + 5).sum();
    let mut out = Vec::with_capacity(prefix.len() + body.len() + names_len + 32);
    out.extend_from_slice(prefix);
    let Some(channels) = channels else {
        out.extend_from_slice(body);
        return out.into();
    };

    let mut cursor = Cursor::new(body);
    let len = open_map(&mut cursor).expect("a message is a map");
    write_map_header(&mut out, len + 1);
    out.extend_from_slice(&body[cursor.position()..]);
    write_str(&mut out, CHANNEL_KEY);
    if let Channels::Many(names) = channels {
        array_header(
            &mut out,
            names
                .len()
                .try_into()
                .expect("fewer than 2^32 channels of one process"),
        );
    }
    for name in names {
        write_str(&mut out, name);
    }
    out.into()
}

/// Takes `len` bytes off the front; shares the rest.
pub fn strip_prefix(mut bytes: Bytes, len: usize) -> Result<Bytes, EnvelopeError> {
    if bytes.len() < len {
        return Err(EnvelopeError::NoPrefix {
            len: bytes.len(),
            prefix: len,
        });
    }
    Ok(bytes.split_off(len))
}

/// The message without its `__asgi_channel__`, and the names that stood there: none if the key is missing.
///
/// Finds the key wherever it stands; if it stands there twice, the last one counts, as in a Python dict. The names are
/// slices of `bytes`. Cost: one walk that checks everything a [`Message`] promises, and one copy of the message proper,
/// so that keeping it does not keep the names.
#[expect(clippy::needless_pass_by_value, reason = "the names and the message share it")]
pub fn split_channels(bytes: Bytes) -> Result<(Message, Vec<Str>), EnvelopeError> {
    let mut channels = Vec::new();
    let message = split(&bytes, |cursor| {
        channels = read_channels(&bytes, cursor)?;
        Ok(())
    })?;
    Ok((message, channels))
}

/// [`split_channels`] for somebody who reads one envelope after the other: a list that was just read is compared, not read
/// again, and is the same `Arc`.
pub fn split_known_channels(
    bytes: &Bytes,
    known: &mut KnownChannels,
) -> Result<(Message, Arc<[Str]>), EnvelopeError> {
    let mut channels = Arc::default();
    let message = split(bytes, |cursor| {
        channels = known.read(bytes, cursor)?;
        Ok(())
    })?;
    Ok((message, channels))
}

/// What is left of an envelope without what `read` reads at each `__asgi_channel__`.
fn split(
    bytes: &Bytes,
    mut read: impl FnMut(&mut Cursor<'_>) -> Result<(), EnvelopeError>,
) -> Result<Message, EnvelopeError> {
    let mut removed = Vec::new();
    let walked = walk(bytes, |key, start, cursor| {
        if key == CHANNEL_KEY {
            read(cursor)?;
            removed.push(start..cursor.position());
            return Ok(());
        }
        Ok::<_, EnvelopeError>(cursor.skip(MAX_DEPTH - 1)?)
    })?;
    if removed.is_empty() {
        return Ok(Message::from_checked(bytes.clone()));
    }

    let without: usize = removed.iter().map(ExactSizeIterator::len).sum();
    let mut out = Vec::with_capacity(bytes.len() - without);
    write_map_header(&mut out, walked.len - removed.len());
    let mut kept_from = walked.body;
    for range in removed {
        out.extend_from_slice(&bytes[kept_from..range.start]);
        kept_from = range.end;
    }
    out.extend_from_slice(&bytes[kept_from..]);
    Ok(Message::from_checked(out.into()))
}

fn write_map_header(out: &mut Vec<u8>, len: usize) {
    map_header(
        out,
        len.try_into()
            .expect("a message is shorter than 4 GiB and every key takes two bytes"),
    );
}

fn read_channels(bytes: &Bytes, cursor: &mut Cursor<'_>) -> Result<Vec<Str>, EnvelopeError> {
    let one = |cursor: &mut Cursor<'_>, token: Token<'_>| match token {
        Token::Str(text) => Ok(shared_text(bytes, cursor, text)?),
        other => Err(EnvelopeError::Channels { kind: other.kind() }),
    };
    match cursor.token()? {
        Token::Array(len) => {
            let mut names = Vec::with_capacity(len.min(MAX_RESERVED));
            for _ in 0..len {
                let token = cursor.token()?;
                names.push(one(cursor, token)?);
            }
            Ok(names)
        }
        token => Ok(vec![one(cursor, token)?]),
    }
}

#[cfg(test)]
mod tests;
