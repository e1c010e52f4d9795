//! Values that JSON can hold, made of any values.

use laureola_message::Value;

/// The same shape with text for bytes and extensions. Every NaN becomes the one that JSON's word is read as.
pub(crate) fn jsonable(value: Value) -> Value {
    match value {
        Value::Bin(bytes) | Value::Ext(_, bytes) => format!("{} bytes", bytes.len()).into(),
        Value::Float(float) if float.is_nan() => f64::NAN.into(),
        Value::Array(items) => items.into_iter().map(jsonable).collect(),
        Value::Map(pairs) => pairs
            .into_iter()
            .enumerate()
            .map(|(at, (key, value))| match key {
                Value::Str(_) => (key, jsonable(value)),
                // A number, since a dict holds no key twice.
                _ => (format!("bytes {at}").into(), jsonable(value)),
            })
            .collect(),
        other => other,
    }
}
