//! JSON to [`Value`].

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bytes::Bytes;

use super::scan::Scanner;
use crate::msgpack::MAX_DEPTH;
use crate::value::{Str, Value};

/// Why bytes are not one JSON value that a [`Value`] can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// Something else stands there, or nothing.
    #[error("expected {expected} at byte {at} of the JSON; is serializer_format the same in every process?")]
    Syntax {
        /// What JSON asks for.
        expected: &'static str,
        /// Where.
        at: usize,
    },
    /// Something stands behind the value.
    #[error("something stands behind the JSON value at byte {at}")]
    Trailing {
        /// Where.
        at: usize,
    },
    /// A control character in a text that is not escaped.
    #[error("the control character at byte {at} of the JSON is not escaped")]
    ControlCharacter {
        /// Where.
        at: usize,
    },
    /// A backslash with something behind it that JSON does not know.
    #[error("the backslash at byte {at} of the JSON begins no escape")]
    Escape {
        /// Where the backslash stands.
        at: usize,
    },
    /// Half of a surrogate pair: Python reads it into a str that it cannot write as UTF-8.
    #[error("the escape at byte {at} of the JSON is half of a surrogate pair")]
    LoneSurrogate {
        /// Where the backslash stands.
        at: usize,
    },
    /// A text is not UTF-8.
    #[error("the text at byte {at} of the JSON is not utf-8")]
    Utf8 {
        /// Where it begins.
        at: usize,
        /// What is wrong with it.
        source: std::str::Utf8Error,
    },
    /// An integer below −2⁶³ or above 2⁶⁴ − 1.
    #[error("the integer at byte {at} of the JSON does not fit in 64 bits; send it as text")]
    IntegerRange {
        /// Where it begins.
        at: usize,
    },
    /// Containers stand too deep inside each other.
    #[error("arrays and objects are nested more than {limit} deep at byte {at} of the JSON")]
    TooDeep {
        /// [`MAX_DEPTH`].
        limit: usize,
        /// Where the innermost begins.
        at: usize,
    },
}

/// Reads one value that takes up all of `input`. Counterpart of `json.loads`.
///
/// Integers stay integers, whatever has a point or an exponent is a float. Of equal keys the last value counts, at the
/// place of the first, as in a Python dict. Texts without escapes are slices of `input`.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the value takes shares of the buffer over"
)]
pub fn decode(input: Bytes) -> Result<Value, DecodeError> {
    let mut scanner = Scanner::new(&input);
    let value = value(&mut scanner, MAX_DEPTH)?;
    scanner.finish()?;
    Ok(value)
}

fn value(scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, DecodeError> {
    match scanner.peek() {
        Some(b'[') => array(scanner, depth),
        Some(b'{') => object(scanner, depth),
        Some(b'"') => {
            scanner.take(b'"');
            scanner.text().map(Value::Str)
        }
        _ => scanner.scalar(),
    }
}

fn array(scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, DecodeError> {
    let depth = descend(scanner, depth)?;
    scanner.take(b'[');
    let mut items = Vec::new();
    if scanner.take(b']') {
        return Ok(Value::Array(items));
    }
    loop {
        items.push(value(scanner, depth)?);
        if !scanner.take(b',') {
            scanner.expect(b']', "a comma or the end of an array")?;
            return Ok(Value::Array(items));
        }
    }
}

fn object(scanner: &mut Scanner<'_>, depth: usize) -> Result<Value, DecodeError> {
    let depth = descend(scanner, depth)?;
    scanner.take(b'{');
    let mut pairs = Vec::new();
    if scanner.take(b'}') {
        return Ok(Value::Map(pairs));
    }
    loop {
        scanner.expect(b'"', "a key in quotes")?;
        let key = scanner.text()?;
        scanner.expect(b':', "a colon")?;
        pairs.push((Value::Str(key), value(scanner, depth)?));
        if !scanner.take(b',') {
            scanner.expect(b'}', "a comma or the end of an object")?;
            return Ok(Value::Map(unique(pairs)));
        }
    }
}

fn descend(scanner: &Scanner<'_>, depth: usize) -> Result<usize, DecodeError> {
    depth.checked_sub(1).ok_or_else(|| DecodeError::TooDeep {
        limit: MAX_DEPTH,
        at: scanner.position(),
    })
}

/// How many pairs are compared with each other; of more, the keys are hashed.
const FEW: usize = 16;

/// The pairs a Python dict would hold.
fn unique(pairs: Vec<(Value, Value)>) -> Vec<(Value, Value)> {
    let is_again = |at: usize| pairs[..at].iter().any(|(key, _)| *key == pairs[at].0);
    if pairs.len() <= FEW && !(1..pairs.len()).any(is_again) {
        return pairs;
    }
    let mut places: HashMap<Str, usize> = HashMap::with_capacity(pairs.len());
    let mut kept: Vec<(Value, Value)> = Vec::with_capacity(pairs.len());
    for (key, value) in pairs {
        let Value::Str(text) = &key else {
            unreachable!("the keys of an object are text")
        };
        match places.entry(text.clone()) {
            Entry::Occupied(place) => kept[*place.get()].1 = value,
            Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push((key, value));
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests;
