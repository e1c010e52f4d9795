//! [`Value`] to JSON.

use std::fmt::Write;

use bytes::Bytes;

use super::float::write_float;
use crate::msgpack::MAX_DEPTH;
use crate::value::Value;

/// Why a [`Value`] has no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Bytes or an extension.
    #[error("a value of type {kind} has no JSON; send text instead, or use serializer_format \"msgpack\"")]
    NoJson {
        /// Its kind, in Python's word.
        kind: &'static str,
    },
    /// A map's key is not text.
    #[error("the keys of a JSON object are str, not {kind}")]
    Key {
        /// Its kind, in Python's word.
        kind: &'static str,
    },
    /// Containers stand too deep inside each other.
    #[error("arrays and objects are nested more than {limit} deep")]
    TooDeep {
        /// [`MAX_DEPTH`].
        limit: usize,
    },
}

/// Writes one value, byte for byte as `json.dumps(value).encode()` does by default.
///
/// Map pairs are written in their order; keys must be text. Cost: one buffer, grown as needed.
pub fn encode(value: &Value) -> Result<Bytes, EncodeError> {
    let mut out = String::with_capacity(128);
    write(&mut out, value, MAX_DEPTH)?;
    Ok(out.into())
}

fn write(out: &mut String, value: &Value, depth: usize) -> Result<(), EncodeError> {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Int(int) => wrote(write!(out, "{int}")),
        Value::UInt(int) => wrote(write!(out, "{int}")),
        Value::Float(float) => write_float(out, *float),
        Value::Str(text) => write_text(out, text),
        Value::Array(items) => {
            let depth = descend(depth)?;
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(out, at);
                write(out, item, depth)?;
            }
            out.push(']');
        }
        Value::Map(pairs) => {
            let depth = descend(depth)?;
            out.push('{');
            for (at, (key, value)) in pairs.iter().enumerate() {
                separate(out, at);
                let key = key
                    .as_str()
                    .ok_or_else(|| EncodeError::Key { kind: key.kind() })?;
                write_text(out, key);
                out.push_str(": ");
                write(out, value, depth)?;
            }
            out.push('}');
        }
        Value::Bin(_) | Value::Ext(..) => return Err(EncodeError::NoJson { kind: value.kind() }),
    }
    Ok(())
}

fn descend(depth: usize) -> Result<usize, EncodeError> {
    depth
        .checked_sub(1)
        .ok_or(EncodeError::TooDeep { limit: MAX_DEPTH })
}

fn separate(out: &mut String, at: usize) {
    if at > 0 {
        out.push_str(", ");
    }
}

/// Printable ASCII stays; everything else is escaped, characters beyond 16 bits as a surrogate pair.
fn write_text(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(needs_escape) {
        out.push_str(&rest[..at]);
        let mut chars = rest[at..].chars();
        let char = chars.next().expect("a byte stands there");
        write_escaped(out, char);
        rest = chars.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Every byte of a character beyond ASCII does, so the first that does begins a character.
const fn needs_escape(byte: u8) -> bool {
    !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\')
}

fn write_escaped(out: &mut String, char: char) {
    match char {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{8}' => out.push_str("\\b"),
        '\u{c}' => out.push_str("\\f"),
        _ => {
            for unit in char.encode_utf16(&mut [0; 2]) {
                wrote(write!(out, "\\u{unit:04x}"));
            }
        }
    }
}

fn wrote(result: std::fmt::Result) {
    result.expect("a String takes every write");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: impl Into<Value>) -> String {
        String::from_utf8(encode(&value.into()).unwrap().into()).unwrap()
    }

    #[test]
    fn text_is_escaped_as_ensure_ascii_does() {
        assert_eq!(
            text("\"\\/\n\r\t\u{8}\u{c}\0\u{7f}é🎉~ "),
            r#""\"\\/\n\r\t\b\f\u0000\u007f\u00e9\ud83c\udf89~ ""#
        );
    }

    #[test]
    fn containers_have_a_space_behind_comma_and_colon() {
        let map = Value::Map(vec![
            (
                "b".into(),
                Value::Array(vec![Value::Nil, true.into(), (-1).into()]),
            ),
            ("a".into(), Value::Map(vec![])),
            ("c".into(), u64::MAX.into()),
        ]);
        assert_eq!(
            text(map),
            r#"{"b": [null, true, -1], "a": {}, "c": 18446744073709551615}"#
        );
    }

    #[test]
    fn what_has_no_json_is_refused_by_its_name() {
        let bytes = Value::Bin(Bytes::from_static(b"x"));
        let refused = |value: Value| encode(&value).unwrap_err();
        assert_eq!(
            refused(Value::Array(vec![bytes.clone()])),
            EncodeError::NoJson { kind: "bytes" }
        );
        assert_eq!(
            refused(Value::Ext(1, Bytes::new())),
            EncodeError::NoJson { kind: "ExtType" }
        );
        let map = Value::Map(vec![(bytes, Value::Nil)]);
        assert_eq!(refused(map), EncodeError::Key { kind: "bytes" });
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
}
