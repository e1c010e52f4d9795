//! Messages on the command line and on the screen.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use laureola::message::{Message, Value, json};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Reads a message: a JSON object with a text under `type`.
pub(super) fn parse(text: &str) -> Result<Message, String> {
    let value = json::decode(text.to_owned().into()).map_err(|error| format!("no JSON: {error}"))?;
    let example = r#"'{"type": "chat.message", "message": "hello"}'"#;
    if value.as_map().is_none() {
        return Err(format!(
            "a message is a JSON object such as {example}, and this is of type {}",
            value.kind()
        ));
    }
    if value.get("type").and_then(|kind| kind.as_str()).is_none() {
        return Err(format!(
            "the message needs a text under \"type\", or consumers fail on it: {example}"
        ));
    }
    Message::from_value(&value).map_err(|error| error.to_string())
}

/// A value as JSON whatever is in it: bytes become `{"base64": "…"}`, and keys text.
pub(super) struct Shown<'a>(pub(super) &'a Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Bin(bytes) | Value::Ext(_, bytes) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("base64", &STANDARD.encode(bytes))?;
                map.end()
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Shown)),
            Value::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    let key = match key {
                        Value::Bin(bytes) => &Value::from(&*String::from_utf8_lossy(bytes)),
                        key => key,
                    };
                    map.serialize_entry(key, &Shown(value))?;
                }
                map.end()
            }
            Value::Float(float) if !float.is_finite() => serializer.collect_str(float),
            plain => plain.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_object_with_a_type_is_a_message() {
        let message = parse(r#"{"type": "chat.message", "n": [1, null]}"#).expect("valid");
        assert_eq!(message.message_type(), Some("chat.message"));
        for (text, expected) in [
            ("hello", "no JSON"),
            ("[1]", "this is of type list"),
            ("\"text\"", "this is of type str"),
            ("{}", "a text under \"type\""),
            (r#"{"type": 1}"#, "a text under \"type\""),
        ] {
            let error = parse(text).expect_err("no message");
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_json_cannot_say_is_shown_anyway() {
        let value = Value::Map(vec![
            ("z".into(), Value::Bin(vec![0, 255].into())),
            (
                "a".into(),
                Value::Array(vec![Value::Float(f64::INFINITY), 1.into()]),
            ),
            (
                "m".into(),
                Value::Map(vec![(Value::Bin(b"k".to_vec().into()), Value::Nil)]),
            ),
        ]);
        assert_eq!(
            serde_json::to_string(&Shown(&value)).expect("JSON"),
            r#"{"z":{"base64":"AP8="},"a":["inf",1],"m":{"k":null}}"#
        );
    }
}
