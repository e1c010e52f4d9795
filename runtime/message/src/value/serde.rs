//! [`Value`] to and from any serde format, so that JSON and messages turn into each other.

use std::fmt;

use bytes::Bytes;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Value;

/// What a stranger's length may reserve ahead of the elements themselves.
const MAX_RESERVED: usize = 256;

/// Bytes that serialise as bytes; serde's own impls write a sequence of integers.
struct Raw<T>(T);

impl Serialize for Raw<&Bytes> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de> Deserialize<'de> for Raw<Bytes> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bin(bytes) => Ok(Self(bytes)),
            other => Err(de::Error::custom(format_args!(
                "expected bytes, found {}",
                other.kind()
            ))),
        }
    }
}

/// `Bin` is written as bytes (JSON has none: an array of integers), `Ext` as `rmp_serde`'s extension newtype (JSON:
/// `[code, bytes]`).
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nil => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Int(int) => serializer.serialize_i64(*int),
            Self::UInt(int) => serializer.serialize_u64(*int),
            Self::Float(float) => serializer.serialize_f64(*float),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Bin(bytes) => serializer.serialize_bytes(bytes),
            Self::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Self::Ext(code, data) => {
                serializer.serialize_newtype_struct(rmp_serde::MSGPACK_EXT_STRUCT_NAME, &(*code, Raw(data)))
            }
        }
    }
}

/// Copies text and bytes; [`decode`](crate::msgpack::decode) shares them. The nesting limit is the format's own.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that msgpack can hold")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Value, E> {
        Ok(bool.into())
    }

    fn visit_i64<E>(self, int: i64) -> Result<Value, E> {
        Ok(int.into())
    }

    fn visit_u64<E>(self, int: u64) -> Result<Value, E> {
        Ok(int.into())
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(float.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bin(Bytes::copy_from_slice(bytes)))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bin(bytes.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(MAX_RESERVED));
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(0).min(MAX_RESERVED));
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Value::Map(pairs))
    }

    /// `rmp_serde` hands an extension over in this shape, and nothing else does.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let (code, Raw(data)) = <(i8, Raw<Bytes>)>::deserialize(deserializer)?;
        Ok(Value::Ext(code, data))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::msgpack;

    fn sample() -> Value {
        Value::Map(vec![
            ("nil".into(), Value::Nil),
            (
                "ints".into(),
                Value::Array(vec![(-1).into(), u64::MAX.into(), 2.5.into(), true.into()]),
            ),
            ("bin".into(), Value::Bin(Bytes::from_static(b"\x00\xff"))),
            ("ext".into(), Value::Ext(5, Bytes::from_static(b"abc"))),
        ])
    }

    #[test]
    fn json_comes_and_goes() {
        let json = r#"{"b":[null,true,-1,18446744073709551615,1.5],"a":{"t":"ü"}}"#;
        let value: Value = serde_json::from_str(json).unwrap();
        assert_eq!(value.as_map().unwrap()[0].0, "b".into());
        assert_eq!(
            value.get("b").unwrap().as_array().unwrap()[3],
            Value::UInt(u64::MAX)
        );
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
    }

    #[test]
    fn json_has_no_bytes_and_writes_integers() {
        let json = serde_json::to_value(sample()).unwrap();
        assert_eq!(json["bin"], serde_json::json!([0, 255]));
        assert_eq!(json["ext"], serde_json::json!([5, [97, 98, 99]]));
    }

    #[test]
    fn rmp_serde_writes_and_reads_the_same_value() {
        let bytes = rmp_serde::to_vec_named(&sample()).unwrap();
        assert_eq!(bytes, msgpack::encode(&sample()).unwrap());
        assert_eq!(rmp_serde::from_slice::<Value>(&bytes).unwrap(), sample());
    }
}
