use super::*;
use crate::msgpack;
use crate::value::Value;

const NAMES: [&str; 2] = ["specific.a!1", "specific.a!2"];

fn message(keys: usize) -> Message {
    let value: Value = (0..keys).map(|n| (format!("k{n}"), n as u64)).collect();
    Message::from_value(&value).unwrap()
}

fn raw(value: &Value) -> Bytes {
    msgpack::encode(value).unwrap()
}

/// What appending the key to the decoded value writes.
fn appended(message: &Message, channels: Value) -> Bytes {
    let Value::Map(mut pairs) = message.value() else {
        unreachable!()
    };
    pairs.push((CHANNEL_KEY.into(), channels));
    raw(&Value::Map(pairs))
}

#[test]
fn the_key_is_appended_at_every_border_of_the_count() {
    for keys in [0, 1, 14, 15, 16, 65_534, 65_535, 65_536] {
        let message = message(keys);
        let one = with_channels(&message, Channels::One(NAMES[0]));
        assert_eq!(one, appended(&message, NAMES[0].into()), "{keys}");
        assert_eq!(
            split_channels(one).unwrap(),
            (message, vec![NAMES[0].into()]),
            "{keys}"
        );
    }
}

#[test]
fn a_group_send_writes_a_list_of_any_length() {
    for count in [0, 1, 2, 15, 16, 65_536] {
        let names: Vec<String> = (0..count).map(|n| format!("specific.a!{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = message(2);
        let many = with_channels(&message, Channels::Many(&names));
        assert_eq!(
            many,
            appended(&message, names.iter().map(|name| Value::from(*name)).collect())
        );
        let (same, channels) = split_channels(many).unwrap();
        assert_eq!(same, message);
        assert_eq!(channels, names);
    }
}

#[test]
fn the_key_is_found_wherever_it_stands() {
    for place in 0..=2 {
        let mut pairs = vec![
            ("a".into(), 1.into()),
            ("b".into(), Value::Array(vec!["x".into()])),
        ];
        let expected = Message::from_value(&Value::Map(pairs.clone())).unwrap();
        pairs.insert(place, (CHANNEL_KEY.into(), NAMES[0].into()));
        let (message, channels) = split_channels(raw(&Value::Map(pairs))).unwrap();
        assert_eq!(message, expected);
        assert_eq!(channels, [NAMES[0]]);
    }
}

#[test]
fn without_the_key_the_bytes_are_shared() {
    let message = message(3);
    let (same, channels) = split_channels(message.msgpack().clone()).unwrap();
    assert_eq!(same.msgpack().as_ptr(), message.msgpack().as_ptr());
    assert_eq!(channels, <[&str; 0]>::default());
}

#[test]
fn of_two_keys_the_last_counts_and_none_stays() {
    let inner = with_channels(&message(1), Channels::One(NAMES[0]));
    let outer = with_channels(&Message::from_msgpack(inner).unwrap(), Channels::Many(&NAMES));
    assert_eq!(
        split_channels(outer).unwrap(),
        (message(1), NAMES.map(Str::from).to_vec())
    );
}

#[test]
fn a_message_with_nothing_but_channels_becomes_empty() {
    let (message, _) = split_channels(Bytes::from_static(b"\x81\xb0__asgi_channel__\xa1c")).unwrap();
    assert_eq!(message.msgpack(), &b"\x80"[..]);
}

#[test]
fn seal_puts_the_prefix_in_front_and_strip_takes_it_off() {
    let message = message(2);
    let sealed = seal(b"123456789012", &message, None);
    assert_eq!(strip_prefix(sealed, 12).unwrap(), message.msgpack());
    let sealed = seal(b"12", &message, Some(Channels::One("c")));
    let (same, channels) = split_channels(strip_prefix(sealed, 2).unwrap()).unwrap();
    assert_eq!((same, &channels[..]), (message, &["c".into()][..]));
    assert_eq!(
        strip_prefix(Bytes::from_static(b"12"), 3),
        Err(EnvelopeError::NoPrefix { len: 2, prefix: 3 })
    );
}

#[test]
fn whatever_is_no_message_is_refused() {
    let refused = |bytes: &'static [u8]| split_channels(Bytes::from_static(bytes)).unwrap_err();
    assert!(matches!(
        refused(b"\x81\xb0__asgi_channel__\x01"),
        EnvelopeError::Channels { kind: "int" }
    ));
    assert!(matches!(
        refused(b"\x81\xb0__asgi_channel__\x91\xc0"),
        EnvelopeError::Channels { kind: "NoneType" }
    ));
    assert!(matches!(
        refused(b"\x91\x01"),
        EnvelopeError::Message(MessageError::NotAMap { kind: "list" })
    ));
    for broken in [
        &b"\x81\xb0__asgi_channel__"[..],
        b"\x81\xb0__asgi_channel__\xa1c\xc0",
        b"\x81\xb0__asgi_channel__\xa1\xff",
        b"\x82\xb0__asgi_channel__\xa1c\xa1a\xa1\xff",
        b"\x81\xb0__asgi_channel__\xdd\xff\xff\xff\xff",
        b"\x82\xb0__asgi_channel__\xa1c\x01\x01",
        b"\x83\xa4type\xa1a\xb0__asgi_channel__\xa1c\xa4type\xa1b",
        b"",
    ] {
        assert!(matches!(refused(broken), EnvelopeError::Message(_)), "{broken:?}");
    }
}
