//! Bytes to [`Value`].

use bytes::Bytes;

use super::{Cursor, Key, MAX_DEPTH, Token};
use crate::value::{Str, Value};

/// What an array's or a map's count may reserve ahead of its elements; beyond it the vector grows as they come, so
/// that nested lies about lengths do not add up.
const MAX_RESERVED: usize = 256;

/// Why bytes are not one msgpack value that Python's `unpackb` would return.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The input ends inside the value, or a count promises more than there is.
    #[error("msgpack ends inside a value, after {len} bytes")]
    Truncated {
        /// The length of the input.
        len: usize,
    },
    /// Bytes stand behind the value.
    #[error("{trailing} bytes stand behind the msgpack value that ends at byte {at}")]
    Trailing {
        /// How many.
        trailing: usize,
        /// Where the value ends.
        at: usize,
    },
    /// A str is not UTF-8.
    #[error("the msgpack str at byte {at} is not utf-8")]
    Utf8 {
        /// Where its text begins.
        at: usize,
        /// What is wrong with it.
        source: std::str::Utf8Error,
    },
    /// The byte `0xc1`, which msgpack never uses.
    #[error("byte {at} is 0xc1, which msgpack does not use")]
    Reserved {
        /// Where it stands.
        at: usize,
    },
    /// A map's key is neither str nor bytes.
    #[error("the map key at byte {at} is of type {kind}; only str and bytes are allowed")]
    Key {
        /// Its kind, in Python's word.
        kind: &'static str,
        /// Where it begins.
        at: usize,
    },
    /// Containers stand too deep inside each other.
    #[error("arrays and maps are nested more than {limit} deep at byte {at}")]
    TooDeep {
        /// [`MAX_DEPTH`].
        limit: usize,
        /// Where the innermost begins.
        at: usize,
    },
}

/// Reads one value that takes up all of `input`. Counterpart of `msgpack.unpackb`.
///
/// Texts and bytes of the result are slices of `input`: nothing of them is copied. Containers are allocated as their
/// elements come, so a count that lies costs nothing.
///
/// ```
/// use bytes::Bytes;
/// use laureola_message::{Value, msgpack};
///
/// let value = msgpack::decode(Bytes::from_static(b"\x81\xa1a\x92\x01\xc0"))?;
/// assert_eq!(value.get("a"), Some(&Value::Array(vec![1.into(), Value::Nil])));
/// assert!(msgpack::decode(Bytes::from_static(b"\xdd\xff\xff\xff\xff")).is_err());
/// # Ok::<(), msgpack::DecodeError>(())
/// ```
#[expect(
    clippy::needless_pass_by_value,
    reason = "the value takes shares of the buffer over"
)]
pub fn decode(input: Bytes) -> Result<Value, DecodeError> {
    let mut cursor = Cursor::new(&input);
    let value = value(&input, &mut cursor, MAX_DEPTH)?;
    cursor.finish()?;
    Ok(value)
}

fn value(input: &Bytes, cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, DecodeError> {
    Ok(match cursor.token()? {
        Token::Nil => Value::Nil,
        Token::Bool(bool) => Value::Bool(bool),
        Token::Int(int) => Value::Int(int),
        Token::UInt(int) => Value::UInt(int),
        Token::Float(float) => Value::Float(float),
        Token::Str(text) => Value::Str(shared_text(input, cursor, text)?),
        Token::Bin(bytes) => Value::Bin(input.slice_ref(bytes)),
        Token::Ext(code, data) => Value::Ext(code, input.slice_ref(data)),
        Token::Array(len) => {
            let depth = cursor.descend(depth)?;
            let mut items = Vec::with_capacity(len.min(MAX_RESERVED));
            for _ in 0..len {
                items.push(value(input, cursor, depth)?);
            }
            Value::Array(items)
        }
        Token::Map(len) => {
            let depth = cursor.descend(depth)?;
            let mut pairs = Vec::with_capacity(len.min(MAX_RESERVED));
            for _ in 0..len {
                let key = match cursor.key()? {
                    Key::Str(text) => Value::Str(shared_text(input, cursor, text)?),
                    Key::Bin(bytes) => Value::Bin(input.slice_ref(bytes)),
                };
                pairs.push((key, value(input, cursor, depth)?));
            }
            Value::Map(pairs)
        }
    })
}

/// The text of a token that `cursor` just read from `input`, as a share of it.
pub(crate) fn shared_text(input: &Bytes, cursor: &Cursor<'_>, text: &[u8]) -> Result<Str, DecodeError> {
    Str::try_from(input.slice_ref(text)).map_err(|source| DecodeError::Utf8 {
        at: cursor.position() - text.len(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(bytes: &'static [u8]) -> DecodeError {
        decode(Bytes::from_static(bytes)).unwrap_err()
    }

    #[test]
    fn texts_and_bytes_are_slices_of_the_input() {
        let input = Bytes::from_static(b"\x93\xa3abc\xc4\x02xy\xc7\x03\x05uvw");
        let value = decode(input.clone()).unwrap();
        let [Value::Str(text), Value::Bin(bytes), Value::Ext(5, data)] = value.as_array().unwrap() else {
            panic!("{value:?}")
        };
        assert_eq!(text.as_str().as_ptr(), input[2..].as_ptr());
        assert_eq!(bytes.as_ptr(), input[7..].as_ptr());
        assert_eq!(data.as_ptr(), input[12..].as_ptr());
    }

    #[test]
    fn counts_that_lie_are_refused_before_anything_is_reserved() {
        for bomb in [
            b"\xdd\xff\xff\xff\xff",
            b"\xdf\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff",
            b"\xdb\xff\xff\xff\xff",
        ] {
            assert_eq!(fails(bomb), DecodeError::Truncated { len: 5 });
        }
        assert_eq!(fails(b"\x91"), DecodeError::Truncated { len: 1 });
        assert_eq!(fails(b""), DecodeError::Truncated { len: 0 });
    }

    #[test]
    fn everything_unpackb_refuses_is_refused() {
        assert_eq!(fails(b"\xc0\xc0"), DecodeError::Trailing { trailing: 1, at: 1 });
        assert_eq!(fails(b"\x91\xc1"), DecodeError::Reserved { at: 1 });
        assert_eq!(fails(b"\x81\x01\x02"), DecodeError::Key { kind: "int", at: 1 });
        assert!(matches!(fails(b"\xa2\xff\xfe"), DecodeError::Utf8 { at: 1, .. }));
        assert!(matches!(
            fails(b"\x81\xa1\xff\xc0"),
            DecodeError::Utf8 { at: 2, .. }
        ));
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |depth| {
            let mut bytes = vec![0x91; depth];
            bytes.push(0xc0);
            decode(bytes.into())
        };
        assert!(nested(MAX_DEPTH).is_ok());
        assert!(matches!(
            nested(MAX_DEPTH + 1),
            Err(DecodeError::TooDeep { limit: MAX_DEPTH, .. })
        ));
        assert!(matches!(nested(1_000_000), Err(DecodeError::TooDeep { .. })));
    }

    #[test]
    fn single_floats_are_read() {
        assert_eq!(
            decode(Bytes::from_static(b"\xca\x3f\x80\x00\x00")),
            Ok(Value::Float(1.0))
        );
    }
}
