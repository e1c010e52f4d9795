use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum RoomEvent {
    #[serde(rename = "chat.message")]
    Chat { message: String, weight: f32 },
    #[serde(rename = "chat.image", with = "serde_bytes")]
    Image(Vec<u8>),
    #[serde(rename = "chat.closed")]
    Closed,
}

fn raw(bytes: &'static [u8]) -> Result<Message, MessageError> {
    Message::from_msgpack(Bytes::from_static(bytes))
}

fn chat() -> RoomEvent {
    RoomEvent::Chat {
        message: "hi".into(),
        weight: 0.5,
    }
}

#[test]
fn an_event_comes_back_as_it_went() {
    let message = Message::new(&chat()).unwrap();
    assert_eq!(message.message_type(), Some("chat.message"));
    assert_eq!(message.decode::<RoomEvent>().unwrap(), chat());
    let closed = Message::new(&RoomEvent::Closed).unwrap();
    assert_eq!(closed.msgpack(), &b"\x81\xa4type\xabchat.closed"[..]);
    assert_eq!(closed.decode::<RoomEvent>().unwrap(), RoomEvent::Closed);
}

#[test]
fn single_floats_are_widened_as_python_writes_them() {
    let message = Message::new(&chat()).unwrap();
    assert!(
        message.msgpack().ends_with(b"\xa6weight\xcb\x3f\xe0\0\0\0\0\0\0"),
        "{:?}",
        message.msgpack()
    );
    assert_eq!(message.value().get("weight"), Some(&Value::Float(0.5)));
}

#[test]
fn a_foreign_order_extra_keys_and_integers_for_floats_are_taken() {
    let value: Value = [
        ("x", Value::Nil),
        ("weight", 2.into()),
        ("message", "hi".into()),
        ("type", "chat.message".into()),
    ]
    .into_iter()
    .collect();
    let message = Message::from_value(&value).unwrap();
    assert_eq!(message.message_type(), Some("chat.message"));
    assert_eq!(
        message.decode(),
        Ok(RoomEvent::Chat {
            message: "hi".into(),
            weight: 2.0
        })
    );
    assert_eq!(message.value(), value);
}

#[test]
fn only_dicts_with_text_keys_are_messages() {
    assert_eq!(Message::new("text"), Err(MessageError::NotAMap { kind: "str" }));
    assert_eq!(Message::new(&(1, 2)), Err(MessageError::NotAMap { kind: "list" }));
    assert_eq!(
        Message::new(&BTreeMap::from([(1, 2)])),
        Err(MessageError::Key { kind: "int" })
    );
    assert_eq!(
        raw(b"\x81\xc4\x01k\xc0"),
        Err(MessageError::Key { kind: "bytes" })
    );
    let inner = BTreeMap::from([("a", BTreeMap::from([(true, 1)]))]);
    assert!(matches!(
        Message::new(&inner),
        Err(MessageError::Decode(DecodeError::Key { kind: "bool", .. }))
    ));
    assert_eq!(
        Message::from_value(&Value::Nil),
        Err(MessageError::NotAMap { kind: "NoneType" })
    );
}

#[test]
fn foreign_bytes_are_checked_whole() {
    assert!(matches!(
        raw(b"\x81\xa1a"),
        Err(MessageError::Decode(DecodeError::Truncated { .. }))
    ));
    assert!(matches!(
        raw(b"\x80\xc0"),
        Err(MessageError::Decode(DecodeError::Trailing { .. }))
    ));
    assert!(matches!(
        raw(b"\x81\xa1a\xa1\xff"),
        Err(MessageError::Decode(DecodeError::Utf8 { .. }))
    ));
    assert_eq!(
        raw(b"\x82\xa4type\xa1a\xa4type\xa1b"),
        Err(MessageError::TwoTypes)
    );
    let mut deep = b"\x81\xa1a".to_vec();
    deep.extend([0x91; MAX_DEPTH]);
    deep.push(0xc0);
    let deep = Message::from_msgpack(deep.into());
    assert!(
        matches!(deep, Err(MessageError::Decode(DecodeError::TooDeep { .. }))),
        "{deep:?}"
    );
}

#[test]
fn a_value_nested_to_the_limit_is_still_a_message() {
    let inner = (1..MAX_DEPTH).fold(Value::Nil, |inner, _| Value::Array(vec![inner]));
    let value: Value = [("a", inner)].into_iter().collect();
    let message = Message::from_value(&value).unwrap();
    assert_eq!(message.value(), value);
    assert_eq!(Message::new(&value).unwrap(), message);
}

#[test]
fn errors_name_the_type() {
    let unknown = raw(b"\x81\xa4type\xa8chat.foo")
        .unwrap()
        .decode::<RoomEvent>()
        .unwrap_err();
    assert_eq!(unknown.to_string(), "no handler for message type chat.foo");
    let lacking = raw(b"\x81\xa4type\xacchat.message")
        .unwrap()
        .decode::<RoomEvent>()
        .unwrap_err();
    assert_eq!(
        lacking.to_string(),
        "the message of type chat.message does not fit its event: missing field `message`"
    );
    let untyped = raw(b"\x80").unwrap().decode::<RoomEvent>().unwrap_err();
    assert!(matches!(untyped, MessageError::NoType { .. }), "{untyped}");
    let odd = raw(b"\x81\xa4type\x01").unwrap();
    assert_eq!(odd.message_type(), None);
    assert!(matches!(
        odd.decode::<RoomEvent>(),
        Err(MessageError::NoType { .. })
    ));
}

#[test]
fn bytes_and_extensions_travel_as_such() {
    #[derive(Serialize)]
    struct Event {
        #[serde(with = "serde_bytes")]
        data: Vec<u8>,
        time: Value,
        peer: std::net::Ipv4Addr,
    }
    let event = Event {
        data: vec![0, 255],
        time: Value::Ext(-1, Bytes::from_static(&[0, 0, 0, 1])),
        peer: [127, 0, 0, 1].into(),
    };
    let value = Message::new(&event).unwrap().value();
    assert_eq!(
        value.get("data"),
        Some(&Value::Bin(Bytes::from_static(b"\0\xff")))
    );
    assert_eq!(value.get("time"), Some(&event.time));
    assert_eq!(value.get("peer").and_then(Value::as_str), Some("127.0.0.1"));
}

#[test]
fn a_failing_serialize_is_reported() {
    struct Broken;
    impl Serialize for Broken {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no luck"))
        }
    }
    let error = Message::new(&Broken).unwrap_err();
    assert_eq!(error.to_string(), "cannot serialise the message: no luck");
}

#[test]
fn debug_shows_what_is_in_it() {
    let message = raw(b"\x81\xa4type\xa1a").unwrap();
    assert_eq!(
        format!("{message:?}"),
        r#"Message(Map([(Str("type"), Str("a"))]))"#
    );
}
