//! Our JSON against Python's `json`: every byte it writes agrees, and it reads and refuses what we do.
//!
//! Values reach Python as msgpack, which `tests/python_msgpack.rs` proves equal.

use std::cell::RefCell;

use bytes::Bytes;
use laureola_message::{Value, json, msgpack};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

#[path = "support/jsonable.rs"]
mod jsonable;
#[path = "support/peer.rs"]
mod peer;
#[path = "support/values.rs"]
mod values;

use jsonable::jsonable;
use peer::{Peer, hex, run, unhex};

const CASES: u32 = 6_000;

fn python() -> RefCell<Peer> {
    RefCell::new(Peer::start("python_json.py"))
}

fn dumps(python: &RefCell<Peer>, value: &Value) -> Result<Vec<u8>, String> {
    let packed = msgpack::encode(value).expect("what msgpack can hold");
    let answer = python.borrow_mut().ask(&format!("dumps {}", hex(&packed)));
    answer.map(|json| unhex(&json))
}

fn loads(python: &RefCell<Peer>, json: &[u8]) -> Result<Vec<u8>, String> {
    let answer = python.borrow_mut().ask(&format!("loads {}", hex(json)));
    answer.map(|packed| unhex(&packed))
}

/// What Python dumps is what we encode, and both read it as the same value.
fn check(python: &RefCell<Peer>, value: &Value) -> Result<(), TestCaseError> {
    let theirs = dumps(python, value);
    let ours = json::encode(value);
    prop_assert_eq!(theirs.is_ok(), ours.is_ok(), "python: {:?}", theirs);
    let (Ok(theirs), Ok(ours)) = (theirs, ours) else {
        return Ok(());
    };
    prop_assert_eq!(text(&theirs), text(&ours));
    let again = loads(python, &ours).map_err(TestCaseError::fail)?;
    let read = json::decode(ours).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(&msgpack::encode(&read).expect("what was read"), &again);
    prop_assert_eq!(json::encode(&read).expect("what was read"), theirs);
    Ok(())
}

fn text(json: &[u8]) -> &str {
    std::str::from_utf8(json).expect("dumps writes ASCII")
}

#[test]
fn generated_values_are_equal_byte_for_byte() {
    let python = python();
    let any = prop_oneof![
        1 => values::any_value(),
        3 => values::any_value().prop_map(jsonable),
    ];
    run(CASES, &any, |value| check(&python, &value));
}

#[test]
fn floats_are_equal_digit_for_digit() {
    let python = python();
    let nearby = |float: f64| [float.next_down(), float, float.next_up()].map(Value::from);
    // Halfway cases of shortest digits live at powers of two, changes of form at powers of ten.
    let twos = (0..52).map(|bit| f64::from_bits(1 << bit));
    let twos = twos.chain((-1022..1024).map(|exponent| 2f64.powi(exponent)));
    let tens = (-323..309).map(|exponent| format!("1e{exponent}").parse().expect("a float"));
    let ties = (0..30).flat_map(|bits| (0..60).map(move |n| 9e6 + f64::from(2 * n + 1) / 2f64.powi(bits)));
    for float in twos.chain(tens).chain(ties).flat_map(nearby) {
        check(&python, &float).unwrap();
    }

    let floats = prop::collection::vec(
        prop::num::f64::ANY.prop_filter("NaN has many forms", |f| !f.is_nan()),
        100,
    );
    run(300, &floats, |floats| {
        check(&python, &floats.into_iter().map(Value::from).collect())
    });
}

#[test]
fn every_character_is_equal() {
    let python = python();
    let all: Vec<char> = (0..=0x11_ffff).filter_map(char::from_u32).collect();
    for chunk in all.chunks(100_000) {
        check(&python, &String::from_iter(chunk).into()).unwrap();
    }
}

/// JSON with something wrong with it, more often than not.
fn near_json() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"a\":",
        "\"b\": 1",
        " ",
        "\n",
        "0",
        "-",
        "12",
        ".5",
        "1.",
        "e",
        "E+7",
        "NaN",
        "Infinity",
        "-Infinity",
        "null",
        "true",
        "false",
        "nul",
        "\\",
        "\"\\u00e9\"",
        "\"\\ud83c\\udf89\"",
        "\"\\ud83c\"",
        "\\u12",
        "é",
        "\"é🎉\"",
        "9223372036854775808",
        "18446744073709551616",
        "1e400",
        "-0",
        "01",
        "\t",
        "\"\t\"",
        "\u{7f}",
        "\u{feff}",
        "'",
        "//",
        "\u{b}",
    ]);
    let noise = prop::collection::vec(pieces, 1..8).prop_map(|pieces| pieces.concat().into_bytes());
    let valid = values::any_value().prop_map(|value| {
        let json = json::encode(&jsonable(value)).expect("JSON can hold it");
        json.to_vec()
    });
    // No zero bytes: from them Python guesses UTF-16 and UTF-32, which we do not read.
    let changed =
        (valid, any::<prop::sample::Index>(), 1..=255u8, 0..3).prop_map(|(mut json, at, byte, kind)| {
            let at = at.index(json.len());
            match kind {
                0 => json[at] = byte,
                1 => json.insert(at, byte),
                _ => drop(json.remove(at)),
            }
            json
        });
    prop_oneof![1 => noise, 1 => changed]
}

#[test]
fn what_we_read_and_refuse_python_reads_and_refuses_too() {
    let python = python();
    run(CASES, &near_json(), |bytes| {
        let theirs = loads(&python, &bytes);
        match json::decode(Bytes::from(bytes)) {
            Ok(ours) => prop_assert_eq!(Ok(msgpack::encode(&ours).unwrap().to_vec()), theirs),
            Err(error) => prop_assert!(theirs.is_err(), "{error}, but python reads {theirs:?}"),
        }
        Ok(())
    });
}
