//! Properties of the codec on its own: what is written is read again, and no bytes make it panic.

use bytes::Bytes;
use laureola_message::{Channels, Message, Value, envelope, msgpack};
use proptest::prelude::*;

#[path = "support/values.rs"]
mod values;

use values::{any_message, any_value};

/// NaN is not equal to itself, so values are compared as they print.
fn same(a: &Value, b: &Value) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

/// Bytes that look like msgpack more often than noise does: heads of every kind, short lengths, a few letters.
fn near_msgpack() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => 0x80u8..=0xdf, 2 => 0u8..8, 1 => b'a'..=b'z', 1 => any::<u8>()];
    prop::collection::vec(byte, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_again(value in any_value()) {
        let bytes = msgpack::encode(&value).unwrap();
        let read = msgpack::decode(bytes.clone()).unwrap();
        prop_assert!(same(&read, &value), "{read:?}");
        prop_assert_eq!(msgpack::encode(&read).unwrap(), bytes);
    }

    #[test]
    fn serde_writes_what_encode_writes(message in any_message()) {
        let encoded = Message::from_value(&message).unwrap();
        prop_assert_eq!(&Message::new(&message).unwrap(), &encoded);
        prop_assert!(same(&encoded.decode::<Value>().unwrap(), &message));
    }

    #[test]
    fn no_input_makes_the_decoder_panic(bytes in prop_oneof![near_msgpack(), prop::collection::vec(any::<u8>(), 0..200)]) {
        let bytes = Bytes::from(bytes);
        let decoded = msgpack::decode(bytes.clone());
        if let Ok(value) = &decoded {
            let canonical = msgpack::encode(value).unwrap();
            prop_assert!(same(&msgpack::decode(canonical).unwrap(), value));
        }
        // The walk that checks a message and the decoder agree about what is valid.
        match Message::from_msgpack(bytes.clone()) {
            Ok(message) => prop_assert!(same(&message.value(), &decoded.unwrap())),
            Err(_) => prop_assert!(decoded.is_err() || !decoded.is_ok_and(|value| is_message(&value))),
        }
        if let Ok((message, _)) = envelope::split_channels(bytes) {
            message.value();
            message.message_type();
        }
    }

    #[test]
    fn a_cut_anywhere_is_an_error(value in any_value(), at in any::<prop::sample::Index>()) {
        let bytes = msgpack::encode(&value).unwrap();
        let cut = at.index(bytes.len());
        prop_assert!(msgpack::decode(bytes.slice(..cut)).is_err());
    }

    #[test]
    fn channels_go_on_and_come_off(message in any_message(), names in prop::collection::vec("[a-z.!]{1,8}", 0..18)) {
        let message = Message::from_value(&message).unwrap();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (same, channels) = envelope::split_channels(envelope::with_channels(&message, Channels::Many(&names))).unwrap();
        prop_assert_eq!(same, message);
        prop_assert_eq!(channels, names);
    }
}

fn is_message(value: &Value) -> bool {
    value.as_map().is_some_and(|pairs| {
        let types = pairs
            .iter()
            .filter(|(key, _)| key.as_str() == Some("type"))
            .count();
        types < 2 && pairs.iter().all(|(key, _)| key.as_str().is_some())
    })
}
