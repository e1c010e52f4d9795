//! [`Value`] to bytes.

use bytes::Bytes;
use rmp::encode as rmp;

use super::MAX_DEPTH;
use crate::value::Value;

/// Why a [`Value`] cannot be written so that Python's `unpackb` reads it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A map's key is neither str nor bytes.
    #[error("a map key is of type {kind}; only str and bytes are allowed")]
    Key {
        /// Its kind, in Python's word.
        kind: &'static str,
    },
    /// Containers stand too deep inside each other.
    #[error("arrays and maps are nested more than {limit} deep")]
    TooDeep {
        /// [`MAX_DEPTH`].
        limit: usize,
    },
    /// A text, bytes or a container is longer than msgpack's lengths of 32 bits can say.
    #[error("a {kind} of length {len} is too long for msgpack")]
    TooLong {
        /// Its kind, in Python's word.
        kind: &'static str,
        /// Its length.
        len: usize,
    },
}

/// Writes one value, byte for byte as Python's `msgpack.packb(value)` does by default.
///
/// Map pairs are written in their order. Cost: one buffer, grown as needed.
///
/// ```
/// use laureola_message::{Value, msgpack};
///
/// let value: Value = [("type", "chat.message")].into_iter().collect();
/// assert_eq!(msgpack::encode(&value)?, &b"\x81\xa4type\xacchat.message"[..]);
/// # Ok::<(), msgpack::EncodeError>(())
/// ```
pub fn encode(value: &Value) -> Result<Bytes, EncodeError> {
    let mut out = Vec::with_capacity(128);
    write(&mut out, value, MAX_DEPTH)?;
    Ok(out.into())
}

fn write(out: &mut Vec<u8>, value: &Value, depth: usize) -> Result<(), EncodeError> {
    let len32 = |len: usize| {
        u32::try_from(len).map_err(|_| EncodeError::TooLong {
            kind: value.kind(),
            len,
        })
    };
    let descend = || {
        depth
            .checked_sub(1)
            .ok_or(EncodeError::TooDeep { limit: MAX_DEPTH })
    };
    match value {
        Value::Nil => wrote(rmp::write_nil(out)),
        Value::Bool(bool) => wrote(rmp::write_bool(out, *bool)),
        Value::Int(int) => wrote(rmp::write_sint(out, *int)),
        Value::UInt(int) => wrote(rmp::write_uint(out, *int)),
        Value::Float(float) => wrote(rmp::write_f64(out, *float)),
        Value::Str(string) => {
            len32(string.len())?;
            write_str(out, string);
        }
        Value::Bin(bytes) => {
            wrote(rmp::write_bin_len(out, len32(bytes.len())?));
            out.extend_from_slice(bytes);
        }
        Value::Ext(code, data) => {
            wrote(rmp::write_ext_meta(out, len32(data.len())?, *code));
            out.extend_from_slice(data);
        }
        Value::Array(items) => {
            let depth = descend()?;
            array_header(out, len32(items.len())?);
            for item in items {
                write(out, item, depth)?;
            }
        }
        Value::Map(pairs) => {
            let depth = descend()?;
            map_header(out, len32(pairs.len())?);
            for (key, value) in pairs {
                if !matches!(key, Value::Str(_) | Value::Bin(_)) {
                    return Err(EncodeError::Key { kind: key.kind() });
                }
                write(out, key, depth)?;
                write(out, value, depth)?;
            }
        }
    }
    Ok(())
}

/// Writes a str; panics if it is 4 GiB or longer.
pub(crate) fn write_str(out: &mut Vec<u8>, text: &str) {
    let len = text
        .len()
        .try_into()
        .expect("a str of this length was refused before");
    wrote(rmp::write_str_len(out, len));
    out.extend_from_slice(text.as_bytes());
}

pub(crate) fn array_header(out: &mut Vec<u8>, len: u32) {
    wrote(rmp::write_array_len(out, len));
}

pub(crate) fn map_header(out: &mut Vec<u8>, len: u32) {
    wrote(rmp::write_map_len(out, len));
}

/// `rmp` writes to anything and so returns a result; ours is always memory.
fn wrote<T, E: std::fmt::Debug>(result: Result<T, E>) {
    result.expect("a Vec takes every write");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_python_would_refuse_are_refused() {
        let map = Value::Map(vec![(1.into(), Value::Nil)]);
        assert_eq!(encode(&map), Err(EncodeError::Key { kind: "int" }));
        let map = Value::Map(vec![(Value::Bin(Bytes::from_static(b"k")), Value::Nil)]);
        assert_eq!(encode(&map).unwrap(), &b"\x81\xc4\x01k\xc0"[..]);
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |depth| (0..depth).fold(Value::Nil, |inner, _| Value::Array(vec![inner]));
        assert!(encode(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(
            encode(&nested(MAX_DEPTH + 1)),
            Err(EncodeError::TooDeep { limit: MAX_DEPTH })
        );
    }

    #[test]
    fn an_unsigned_integer_takes_its_smallest_form() {
        assert_eq!(encode(&Value::UInt(7)).unwrap(), &b"\x07"[..]);
        assert_eq!(encode(&Value::Int(-32)).unwrap(), &b"\xe0"[..]);
        assert_eq!(encode(&Value::Int(-33)).unwrap(), &b"\xd0\xdf"[..]);
    }
}
