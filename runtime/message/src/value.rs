//! One msgpack value whose strings and bytes are slices of the buffer they came in.
//!
//! Cloning a [`Value`] copies no text and no bytes; the other side of that coin is that a small value kept for long
//! keeps the whole buffer alive. [`Str::detached`] and [`Bytes::copy_from_slice`] make a copy of its own.

use bytes::Bytes;

mod convert;
mod serde;
mod text;

pub use self::text::Str;

/// What msgpack can say, in the terms of Python's `msgpack`.
///
/// Two values are equal when they are of the same kind and hold the same; `Int(1)` and `Float(1.0)` differ, and as
/// everywhere NaN is not equal to itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// `None`.
    #[default]
    Nil,
    /// `True` or `False`.
    Bool(bool),
    /// An integer that fits in 64 bits with a sign.
    Int(i64),
    /// An integer above [`i64::MAX`]; smaller ones are [`Value::Int`]. `Value::from(u64)` chooses.
    UInt(u64),
    /// A float; Python packs every one of them as 64 bits.
    Float(f64),
    /// `str`.
    Str(Str),
    /// `bytes`.
    Bin(Bytes),
    /// `list` or `tuple`.
    Array(Vec<Self>),
    /// `dict`: the pairs in their order. Keys are text or bytes; anything else is refused by
    /// [`encode`](crate::msgpack::encode), as Python's `unpackb` refuses it.
    Map(Vec<(Self, Self)>),
    /// `msgpack.ExtType(code, data)`; code −1 is a `msgpack.Timestamp`.
    Ext(i8, Bytes),
}

impl Value {
    /// The value under a text key of a map; `None` for other keys and for values that are no maps.
    ///
    /// If a key stands there twice, the last one counts, as in a Python dict. Cost: a walk over the keys.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_map()?
            .iter()
            .rev()
            .find(|(k, _)| k.as_str() == Some(key))
            .map(|(_, value)| value)
    }

    /// The text of a [`Value::Str`].
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a [`Value::Bin`].
    pub const fn as_bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Bin(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The integer, if it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match *self {
            Self::Int(int) => Some(int),
            Self::UInt(int) => int.try_into().ok(),
            _ => None,
        }
    }

    /// The integer, if it is one and not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Self::Int(int) => int.try_into().ok(),
            Self::UInt(int) => Some(int),
            _ => None,
        }
    }

    /// The number of a [`Value::Float`], or an integer as a float (rounded beyond 2⁵³), as Python's `float()` does.
    pub const fn as_f64(&self) -> Option<f64> {
        match *self {
            Self::Float(float) => Some(float),
            Self::Int(int) => Some(int as f64),
            Self::UInt(int) => Some(int as f64),
            _ => None,
        }
    }

    /// The truth of a [`Value::Bool`].
    pub const fn as_bool(&self) -> Option<bool> {
        match *self {
            Self::Bool(bool) => Some(bool),
            _ => None,
        }
    }

    /// The items of a [`Value::Array`].
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The pairs of a [`Value::Map`], in their order.
    pub fn as_map(&self) -> Option<&[(Self, Self)]> {
        match self {
            Self::Map(pairs) => Some(pairs),
            _ => None,
        }
    }

    /// Whether this is [`Value::Nil`].
    pub const fn is_nil(&self) -> bool {
        matches!(self, Self::Nil)
    }

    /// The kind in Python's word for it: `"NoneType"`, `"bool"`, `"int"`, `"float"`, `"str"`, `"bytes"`, `"list"`,
    /// `"dict"` or `"ExtType"`. For error messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::UInt(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Bin(_) => "bytes",
            Self::Array(_) => "list",
            Self::Map(_) => "dict",
            Self::Ext(..) => "ExtType",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn get_finds_the_last_of_equal_keys() {
        let map = Value::Map(vec![
            ("a".into(), 1.into()),
            (2.into(), 3.into()),
            ("a".into(), 4.into()),
        ]);
        assert_eq!(map.get("a").and_then(Value::as_i64), Some(4));
        assert_eq!(map.get("b"), None);
        assert_eq!(Value::Nil.get("a"), None);
    }

    #[test]
    fn integers_cross_the_sign_border() {
        assert_eq!(Value::from(u64::MAX).as_i64(), None);
        assert_eq!(Value::from(u64::MAX).as_u64(), Some(u64::MAX));
        assert_eq!(Value::from(i64::MAX as u64), Value::Int(i64::MAX));
        assert_eq!(Value::UInt(7).as_i64(), Some(7));
        assert_eq!(Value::from(-1).as_u64(), None);
        assert_eq!(Value::from(-1).as_f64(), Some(-1.0));
    }

    #[test]
    fn accessors_refuse_other_kinds() {
        let text = Value::from("x");
        assert_eq!(text.as_bool(), None);
        assert_eq!(text.as_bytes(), None);
        assert_eq!(text.as_array(), None);
        assert_eq!(text.as_f64(), None);
        assert_eq!(Value::from(Bytes::from_static(b"x")).as_str(), None);
        assert!(Value::from(None::<i64>).is_nil());
    }
}
