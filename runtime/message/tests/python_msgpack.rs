//! Our msgpack against the real one: Python packs the same value and unpacks ours, and every byte agrees.
//!
//! The value is described to Python in JSON, so that neither side's msgpack explains it to the other.

use std::cell::RefCell;

use bytes::Bytes;
use laureola_message::{Channels, Message, Value, envelope, msgpack};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value as Json, json};

#[path = "support/peer.rs"]
mod peer;
#[path = "support/values.rs"]
mod values;

use peer::{Peer, hex, run, unhex};

/// How many generated values one run compares.
const CASES: u32 = 10_000;

/// The judge.
struct Python(Peer);

impl Python {
    fn start() -> Self {
        Self(Peer::start("python_msgpack.py"))
    }

    /// What Python packs for this description, and what it makes of our bytes.
    fn judge(&mut self, description: &Json, ours: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
        let answer = self.0.ask(&format!("{description}\t{}", hex(ours)))?;
        let (theirs, again) = answer.split_once('\t').expect("two fields");
        Ok((unhex(theirs), unhex(again)))
    }

    fn check(&mut self, value: &Value) -> Result<(), TestCaseError> {
        self.compare(
            &describe(value),
            &msgpack::encode(value).expect("what Python can hold"),
        )
    }

    fn compare(&mut self, description: &Json, ours: &Bytes) -> Result<(), TestCaseError> {
        let (theirs, again) = self.judge(description, ours).map_err(TestCaseError::fail)?;
        prop_assert!(
            theirs == ours[..],
            "python packs {}, we pack {}",
            head(&theirs),
            head(ours)
        );
        prop_assert!(
            again == ours[..],
            "python makes {} of our {}",
            head(&again),
            head(ours)
        );
        Ok(())
    }
}

#[test]
fn generated_values_are_equal_byte_for_byte() {
    let python = RefCell::new(Python::start());
    run(CASES, &values::any_value(), |value| {
        python.borrow_mut().check(&value)
    });
}

#[test]
fn every_border_of_a_form_is_equal_byte_for_byte() {
    let mut python = Python::start();
    for value in borders() {
        let shown = value.kind();
        python
            .check(&value)
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
    }
}

#[test]
fn the_envelope_is_what_python_packs_with_the_key_appended() {
    let python = RefCell::new(Python::start());
    let names = prop::collection::vec("specific\\.[0-9a-f]{4}![0-9a-f]{4}", 1..18);
    run(500, &(values::any_message(), names), |(message, names)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let list = names.iter().map(|name| Value::from(*name)).collect();
        for (channels, value) in [
            (Channels::One(names[0]), names[0].into()),
            (Channels::Many(&names), list),
        ] {
            let mut pairs = message.as_map().unwrap().to_vec();
            pairs.push((envelope::CHANNEL_KEY.into(), value));
            let ours = envelope::with_channels(&Message::from_value(&message).unwrap(), channels);
            python
                .borrow_mut()
                .compare(&describe(&Value::Map(pairs)), &ours)?;
        }
        Ok(())
    });
}

#[test]
fn what_we_refuse_python_refuses_too() {
    let mut python = Python::start();
    for bytes in [
        &b"\x81\x01\x02"[..],    // an integer as a key
        b"\xa1\xff",             // no UTF-8
        b"\xc0\xc0",             // something behind the value
        b"\xc1",                 // the unused byte
        b"\xdd\xff\xff\xff\xff", // a count that lies
        b"\x92\x01",             // a value cut off
        b"",
    ] {
        assert!(msgpack::decode(Bytes::from_static(bytes)).is_err(), "{bytes:?}");
        assert!(python.judge(&Json::Null, bytes).is_err(), "{bytes:?}");
    }
}

/// Both sides of every border between two forms, and the odd ones out.
fn borders() -> Vec<Value> {
    let mut all = vec![Value::Nil, true.into(), false.into()];
    for bits in 0..=64 {
        for step in -2..=2 {
            for sign in [1, -1] {
                let int = sign * (1i128 << bits) + step;
                all.extend(
                    i64::try_from(int)
                        .map(Value::from)
                        .or_else(|_| u64::try_from(int).map(Value::from)),
                );
            }
        }
    }
    for float in [
        0.0,
        -0.0,
        1.5,
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        5e-324,
    ] {
        all.push(float.into());
    }
    for len in [
        0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 255, 256, 65_535, 65_536,
    ] {
        all.push("x".repeat(len).into());
        all.push(Bytes::from(vec![0xff; len]).into());
        all.push(Value::Ext(0, vec![1; len].into()));
        all.push(Value::Ext(127, vec![2; len].into()));
        all.push((0..len as u64).map(Value::from).collect());
        all.push((0..len as u64).map(|n| (format!("k{n}"), Value::Nil)).collect());
    }
    all.push("\0 é 漢 🎉 \u{10ffff} \u{feff} \"\\\n".into());
    for (seconds, nanoseconds) in TIMESTAMPS {
        all.push(timestamp(seconds, nanoseconds));
    }
    all.push((1..msgpack::MAX_DEPTH).fold(Value::Array(vec![]), |inner, _| Value::Array(vec![inner])));
    all.push((1..msgpack::MAX_DEPTH).fold(Value::Map(vec![]), |inner, _| {
        [("k", inner)].into_iter().collect()
    }));
    all
}

/// Seconds and nanoseconds in each of the three forms of a timestamp.
const TIMESTAMPS: [(i64, u32); 5] = [
    (0, 0),
    (u32::MAX as i64, 0),
    (1, 1),
    (1 << 34, 999_999_999),
    (-1, 5),
];

/// The extension −1 in its shortest form, as the msgpack specification lays it out.
fn timestamp(seconds: i64, nanoseconds: u32) -> Value {
    let data = if let (Ok(seconds), 0) = (u32::try_from(seconds), nanoseconds) {
        seconds.to_be_bytes().to_vec()
    } else if (0..1 << 34).contains(&seconds) {
        (u64::from(nanoseconds) << 34 | seconds as u64)
            .to_be_bytes()
            .to_vec()
    } else {
        [&nanoseconds.to_be_bytes()[..], &seconds.to_be_bytes()].concat()
    };
    Value::Ext(-1, data.into())
}

fn describe(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(bool) => json!(bool),
        Value::Int(int) => json!({ "i": int.to_string() }),
        Value::UInt(int) => json!({ "i": int.to_string() }),
        Value::Float(float) => json!({ "f": hex(&float.to_be_bytes()) }),
        Value::Str(text) => json!({ "s": text.as_str() }),
        Value::Bin(bytes) => json!({ "b": hex(bytes) }),
        Value::Array(items) => json!({ "a": items.iter().map(describe).collect::<Vec<_>>() }),
        Value::Map(pairs) => {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(key, value)| json!([describe(key), describe(value)]))
                .collect();
            json!({ "m": pairs })
        }
        Value::Ext(-1, _) => {
            let [seconds, nanoseconds] = TIMESTAMPS
                .iter()
                .find(|(seconds, nanoseconds)| timestamp(*seconds, *nanoseconds) == *value)
                .map(|(seconds, nanoseconds)| [json!(seconds), json!(nanoseconds)])
                .expect("only these timestamps are used");
            json!({ "t": [seconds, nanoseconds] })
        }
        Value::Ext(code, data) => json!({ "e": [code, hex(data)] }),
    }
}

/// The start of bytes that may be long.
fn head(bytes: &[u8]) -> String {
    format!("{} ({} bytes)", hex(&bytes[..bytes.len().min(40)]), bytes.len())
}
