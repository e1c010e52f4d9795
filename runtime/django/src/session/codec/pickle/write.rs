//! Writing protocol 4, which every Python that Django runs on reads.

use serde_json::{Number, Value};

/// `value`, pickled.
#[must_use]
pub fn to_vec(value: &Value) -> Vec<u8> {
    let mut bytes = vec![0x80, 4];
    put(&mut bytes, value);
    bytes.push(b'.');
    bytes
}

fn put(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => bytes.push(b'N'),
        Value::Bool(true) => bytes.push(0x88),
        Value::Bool(false) => bytes.push(0x89),
        Value::Number(number) => put_number(bytes, number),
        Value::String(text) => put_text(bytes, text),
        Value::Array(items) => {
            bytes.push(b']');
            if !items.is_empty() {
                bytes.push(b'(');
                items.iter().for_each(|item| put(bytes, item));
                bytes.push(b'e');
            }
        }
        Value::Object(entries) => {
            bytes.push(b'}');
            if !entries.is_empty() {
                bytes.push(b'(');
                for (name, value) in entries {
                    put_text(bytes, name);
                    put(bytes, value);
                }
                bytes.push(b'u');
            }
        }
    }
}

fn put_number(bytes: &mut Vec<u8>, number: &Number) {
    if let Some(small) = number.as_i64().and_then(|number| i32::try_from(number).ok()) {
        bytes.push(b'J');
        bytes.extend(small.to_le_bytes());
    } else if let Some(number) = number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
    {
        // LONG1: two's complement, and 9 bytes hold both borders.
        bytes.extend([0x8a, 9]);
        bytes.extend(&number.to_le_bytes()[..9]);
    } else {
        bytes.push(b'G');
        bytes.extend(number.as_f64().unwrap_or_default().to_be_bytes());
    }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    if let Ok(length) = u8::try_from(text.len()) {
        bytes.extend([0x8c, length]);
    } else if let Ok(length) = u32::try_from(text.len()) {
        bytes.push(b'X');
        bytes.extend(length.to_le_bytes());
    } else {
        bytes.push(0x8d);
        bytes.extend((text.len() as u64).to_le_bytes());
    }
    bytes.extend(text.as_bytes());
}
