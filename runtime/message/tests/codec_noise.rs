//! No bytes from Redis make a codec panic, whatever it is configured to read.

use std::time::Duration;

use bytes::Bytes;
use laureola_message::{Channels, Codec, Message, MultiFernet, SerializersRegistry, json};
use proptest::prelude::*;

#[path = "support/values.rs"]
mod values;

const NOW: u64 = 1_700_000_000;

fn codecs() -> Vec<Codec> {
    let registry = SerializersRegistry::default();
    let mut all = Vec::new();
    for format in ["msgpack", "json"] {
        let plain = Codec::new(registry.get(format).expect("a built-in one"));
        let encrypted = plain
            .clone()
            .encryption(MultiFernet::new(["a", "b"]).expect("there are keys"))
            .expiry(Duration::from_secs(60));
        all.extend([
            plain.clone(),
            plain.random_prefix_length(12),
            encrypted.clone(),
            encrypted.random_prefix_length(12),
        ]);
    }
    all
}

/// Noise of the letters that JSON, base64 or msgpack are made of, and of none.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let json = prop::sample::select(b"{}[]\",:\\u0019dD.eE+-NaIfty \n\xc3\xa9".to_vec());
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        prop::collection::vec(json, 0..60),
        "[A-Za-z0-9_-]{0,200}={0,2}".prop_map(String::into_bytes),
        "gAAAA[A-Za-z0-9_-]{100,200}={0,2}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_is_an_error(bytes in noise(), now in any::<u64>()) {
        let bytes = Bytes::from(bytes);
        for codec in codecs() {
            if let Ok((message, _)) = codec.open(bytes.clone(), now) {
                message.value();
            }
        }
        if let Ok(value) = json::decode(bytes) {
            json::encode(&value).unwrap();
        }
    }

    #[test]
    fn a_changed_byte_is_an_error_or_another_message(
        message in values::any_message(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let message = Message::from_value(&message).unwrap();
        for (which, codec) in codecs().into_iter().enumerate() {
            let prefix = vec![0; which % 2 * 12];
            // JSON refuses messages with bytes in them.
            let Ok(sealed) = codec.seal(&prefix, &message, Some(Channels::One("a!b")), NOW) else { continue };
            let mut changed = sealed.to_vec();
            let at = at.index(changed.len());
            changed[at] = byte;
            let encrypted = which % 4 >= 2;
            let opened = codec.open(changed.into(), NOW);
            prop_assert!(!encrypted || opened.is_err() || at < prefix.len() || byte == sealed[at]);
        }
    }
}
