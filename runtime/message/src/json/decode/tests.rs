//! What `json.loads` takes and refuses, one case each; the judge itself is asked in `tests/python_json.rs`.

use super::*;

fn read(json: &str) -> Result<Value, DecodeError> {
    decode(Bytes::copy_from_slice(json.as_bytes()))
}

fn fails(json: &str) -> DecodeError {
    read(json).unwrap_err()
}

#[test]
fn numbers_are_integers_unless_they_have_a_point_or_an_exponent() {
    for (json, value) in [
        ("0", Value::Int(0)),
        ("-0", Value::Int(0)),
        ("-0.0", Value::Float(-0.0)),
        (" \t\r\n12 ", Value::Int(12)),
        ("-9223372036854775808", Value::Int(i64::MIN)),
        ("18446744073709551615", Value::UInt(u64::MAX)),
        ("1e2", Value::Float(100.0)),
        ("1E+2", Value::Float(100.0)),
        ("2.5e-1", Value::Float(0.25)),
        ("1e999", Value::Float(f64::INFINITY)),
        ("-Infinity", Value::Float(f64::NEG_INFINITY)),
    ] {
        assert_eq!(read(json), Ok(value), "{json}");
    }
    assert!(matches!(read("NaN"), Ok(Value::Float(nan)) if nan.is_nan()));
    assert_eq!(
        fails("[18446744073709551616]"),
        DecodeError::IntegerRange { at: 1 }
    );
    for json in ["01", "1.", "1e", "1.e5", "1e+", "0x1"] {
        assert_eq!(fails(json), DecodeError::Trailing { at: 1 }, "{json}");
    }
    for json in ["-", "+1", ".5", "nul", "-NaN", "None", ""] {
        assert!(matches!(fails(json), DecodeError::Syntax { at: 0, .. }), "{json}");
    }
}

#[test]
fn texts_without_escapes_are_slices_of_the_input() {
    let input = Bytes::from_static(br#"["plain", "esc\u00e9"]"#);
    let value = decode(input.clone()).unwrap();
    let [Value::Str(plain), Value::Str(escaped)] = value.as_array().unwrap() else {
        panic!("{value:?}")
    };
    assert_eq!(plain.as_str().as_ptr(), input[2..].as_ptr());
    assert_eq!(escaped, "escé");
}

#[test]
fn escapes_are_read_and_halves_of_pairs_refused() {
    assert_eq!(
        read(r#""\"\\\/\b\f\n\r\t\u00E9\ud83C\uDf89x""#),
        Ok("\"\\/\u{8}\u{c}\n\r\té🎉x".into())
    );
    for lone in [r#""\ud800""#, r#""\udc00x""#, r#""\ud800\u0041""#, r#""\ud800x""#] {
        assert_eq!(fails(lone), DecodeError::LoneSurrogate { at: 1 }, "{lone}");
    }
    for wrong in [r#""\x""#, r#""\u12g4""#, r#""\u+123""#] {
        assert_eq!(fails(wrong), DecodeError::Escape { at: 1 }, "{wrong}");
    }
    for cut in ["\"", "\"\\", "\"\\u12", "\"\\ud83c\\u"] {
        assert!(matches!(fails(cut), DecodeError::Syntax { .. }), "{cut}");
    }
    assert_eq!(fails("\"a\nb\""), DecodeError::ControlCharacter { at: 2 });
    assert!(matches!(
        decode(Bytes::from_static(b"\"\xff\"")),
        Err(DecodeError::Utf8 { at: 1, .. })
    ));
}

#[test]
fn commas_and_colons_stand_where_json_wants_them() {
    for json in [
        "[1,]",
        "[,]",
        "[1 2]",
        "[",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:2}",
        "{",
        "{\"a\":}",
    ] {
        assert!(matches!(fails(json), DecodeError::Syntax { .. }), "{json}");
    }
    assert_eq!(fails("{} {}"), DecodeError::Trailing { at: 3 });
    assert_eq!(read(" [ ] "), Ok(Value::Array(vec![])));
    assert_eq!(read("\u{feff}{ }"), Ok(Value::Map(vec![])));
}

#[test]
fn the_last_of_equal_keys_counts_at_the_place_of_the_first() {
    let two = Value::Map(vec![("a".into(), 3.into()), ("b".into(), 2.into())]);
    assert_eq!(read(r#"{"a": 1, "b": 2, "\u0061": 3}"#), Ok(two));
    let many: Vec<_> = (0..100).map(|n| format!("\"k{}\": {n}", n % 40)).collect();
    let map = read(&format!("{{{}}}", many.join(","))).unwrap();
    assert_eq!(map.as_map().unwrap().len(), 40);
    assert_eq!(map.as_map().unwrap()[39], ("k39".into(), 79.into()));
    assert_eq!(map.get("k0"), Some(&80.into()));
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested = |open: &str, close: &str, depth| read(&(open.repeat(depth) + "0" + &close.repeat(depth)));
    for (open, close) in [("[", "]"), ("{\"k\":", "}")] {
        assert!(nested(open, close, MAX_DEPTH).is_ok());
        for depth in [MAX_DEPTH + 1, 1_000_000] {
            assert!(matches!(
                nested(open, close, depth),
                Err(DecodeError::TooDeep { limit: MAX_DEPTH, .. })
            ));
        }
    }
}
