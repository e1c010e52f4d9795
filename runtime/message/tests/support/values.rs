//! Values of every kind that both sides can hold, dense around the borders of msgpack's forms.

use std::collections::BTreeMap;

use bytes::Bytes;
use laureola_message::Value;
use proptest::prelude::*;

/// A value of any kind, nested up to four deep.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), count()).prop_map(Value::Array),
            map(key(), inner),
        ]
    })
}

/// A map with text keys.
#[allow(dead_code, reason = "not every test that includes this file needs messages")]
pub(crate) fn any_message() -> impl Strategy<Value = Value> {
    map(text().prop_map(Value::from), any_value())
}

/// Keys are unique: a Python dict cannot hold a key twice.
fn map(
    key: impl Strategy<Value = Value>,
    value: impl Strategy<Value = Value>,
) -> impl Strategy<Value = Value> {
    prop::collection::vec((key, value), count()).prop_map(|pairs| {
        let unique: BTreeMap<String, _> = pairs
            .into_iter()
            .map(|pair| (format!("{:?}", pair.0), pair))
            .collect();
        Value::Map(unique.into_values().collect())
    })
}

fn key() -> impl Strategy<Value = Value> {
    prop_oneof![4 => text().prop_map(Value::from), 1 => bytes().prop_map(Value::Bin)]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Nil),
        1 => any::<bool>().prop_map(Value::from),
        6 => integer(),
        3 => float(),
        4 => text().prop_map(Value::from),
        2 => bytes().prop_map(Value::Bin),
        1 => (0..=127i8, bytes()).prop_map(|(code, data)| Value::Ext(code, data)),
    ]
}

/// Every width is as likely as another, and half of them stand within two steps of a border.
fn integer() -> impl Strategy<Value = Value> {
    let border = (0..=63u32, -2..=2i64, any::<bool>()).prop_map(|(bits, step, negative)| {
        let power = 1i128 << bits;
        let int = if negative { -power } else { power } + i128::from(step);
        int.clamp(i64::MIN.into(), u64::MAX.into())
    });
    let inside = (any::<i128>(), 64..128u32).prop_map(|(int, shift)| int >> shift);
    let inside = inside.prop_map(|int| int.clamp(i64::MIN.into(), u64::MAX.into()));
    let top = (0..=2u64).prop_map(|step| i128::from(u64::MAX - step));
    prop_oneof![4 => border, 4 => inside, 1 => top].prop_map(|int| match i64::try_from(int) {
        Ok(int) => Value::Int(int),
        Err(_) => Value::UInt(int.try_into().expect("clamped")),
    })
}

fn float() -> impl Strategy<Value = Value> {
    let special = prop::sample::select(vec![
        0.0,
        -0.0,
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        5e-324,
        f64::MAX,
        0.1,
        1.0,
    ]);
    prop_oneof![1 => special, 2 => prop::num::f64::ANY.prop_map(quiet)].prop_map(Value::Float)
}

/// Signalling NaNs become quiet ones when a processor only looks at them, on either side.
fn quiet(float: f64) -> f64 {
    if float.is_nan() {
        f64::from_bits(float.to_bits() | 1 << 51)
    } else {
        float
    }
}

/// Mostly short, of all planes; sometimes around the borders of the lengths.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(vec!["", "a", "type", "chat.message", "ключ", "鍵", "🎉"]).prop_map(str::to_owned),
        4 => prop::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter),
        1 => length().prop_map(|len| "é".repeat(len / 2) + &"x".repeat(len % 2)),
    ]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Bytes::from),
        1 => length().prop_map(|len| Bytes::from(vec![0x5a; len])),
    ]
}

fn length() -> impl Strategy<Value = usize> {
    prop_oneof![20 => 28..36usize, 20 => 250..262usize, 1 => 65_534..65_538usize]
}

/// Small: the borders of containers are dear, and tried one by one elsewhere.
fn count() -> std::ops::Range<usize> {
    0..5
}
