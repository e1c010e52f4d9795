//! Our codec against the layers of the real `channels_redis`: what one side seals, the other opens.
//!
//! Messages reach Python as msgpack, which `tests/python_msgpack.rs` proves equal.

use std::cell::RefCell;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;
use laureola_message::{Channels, Codec, Message, MultiFernet, SerializersRegistry, Value, envelope};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::json;

#[path = "support/jsonable.rs"]
mod jsonable;
#[path = "support/peer.rs"]
mod peer;
#[path = "support/values.rs"]
mod values;

use jsonable::jsonable;
use peer::{Peer, hex, run, unhex};

/// For each of the twelve layers.
const CASES: u32 = 150;
const NOW: u64 = 1_700_000_000;
const EXPIRY: u64 = 60;

/// One configuration, on both sides.
struct Layer {
    python: RefCell<Peer>,
    kind: &'static str,
    options: serde_json::Value,
    codec: Codec,
    prefix_len: usize,
    json: bool,
}

impl Layer {
    fn new(kind: &'static str, format: &str, prefix_len: usize, keys: &[&str]) -> Self {
        let mut options = json!({ "serializer_format": format, "symmetric_encryption_keys": keys });
        let serializer = SerializersRegistry::default()
            .get(format)
            .expect("a built-in one");
        let mut codec = Codec::new(serializer).random_prefix_length(prefix_len);
        if kind == "core" {
            options["random_prefix_length"] = prefix_len.into();
            options["expiry"] = EXPIRY.into();
            codec = codec.expiry(Duration::from_secs(EXPIRY));
        }
        if !keys.is_empty() {
            codec = codec.encryption(MultiFernet::new(keys).expect("there are keys"));
        }
        Self {
            python: RefCell::new(Peer::start("python_codec.py")),
            kind,
            options,
            codec,
            prefix_len,
            json: format == "json",
        }
    }

    fn ask(&self, verb: &str, data: &[u8], now: u64) -> Result<Vec<u8>, String> {
        let request = json!({
            "kind": self.kind, "options": self.options, "now": now, "verb": verb, "data": hex(data),
        });
        let answer = self.python.borrow_mut().ask(&request.to_string());
        answer.map(|bytes| unhex(&bytes))
    }

    fn seal(&self, message: &Message, channels: Option<Channels<'_>>) -> Bytes {
        let prefix = vec![0xc1; self.prefix_len];
        self.codec
            .seal(&prefix, message, channels, NOW)
            .expect("what the format can hold")
    }

    /// Each side seals what the other opens; plain bytes are equal behind the prefix.
    fn check(&self, value: &Value, names: &[&str]) -> Result<(), TestCaseError> {
        let value = if self.json {
            jsonable(value.clone())
        } else {
            value.clone()
        };
        let message = Message::from_value(&value).expect("keys are text");
        let mut all = vec![None];
        if self.kind == "core" {
            all.push(Some(Channels::One(names[0])));
            all.push(Some(Channels::Many(names)));
        }
        for channels in all {
            let whole = envelope::seal(&[], &message, channels);
            let ours = self.seal(&message, channels);
            let theirs = self.ask("serialize", &whole, NOW).map_err(TestCaseError::fail)?;
            prop_assert_eq!(ours.len(), theirs.len());
            if self.options["symmetric_encryption_keys"] == json!([]) {
                prop_assert_eq!(&ours[self.prefix_len..], &theirs[self.prefix_len..]);
            }
            let opened = self.ask("deserialize", &ours, NOW).map_err(TestCaseError::fail)?;
            prop_assert_eq!(opened, whole);
            let (same, found) = self
                .codec
                .open(theirs.into(), NOW)
                .map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(&same, &message);
            let wanted = match channels {
                None => &[],
                Some(Channels::One(_)) => &names[..1],
                Some(Channels::Many(_)) => names,
            };
            prop_assert_eq!(found, wanted);
        }
        Ok(())
    }

    /// Both sides say the same about these bytes; returns whether they open them.
    fn verdict(&self, bytes: &[u8], now: u64) -> bool {
        let ours = self.codec.open(Bytes::copy_from_slice(bytes), now);
        let theirs = self.ask("deserialize", bytes, now);
        assert_eq!(
            ours.is_ok(),
            theirs.is_ok(),
            "{ours:?}, python: {theirs:?}, {}",
            hex(bytes)
        );
        ours.is_ok()
    }
}

fn message() -> Message {
    let pairs = [("type", "chat.message"), ("message", "hello")];
    Message::from_value(&pairs.into_iter().collect()).expect("keys are text")
}

#[test]
fn each_side_opens_what_the_other_seals() {
    let names = prop::collection::vec("specific\\.[0-9a-f]{4}![0-9a-f]{4}", 1..18);
    let cases = (values::any_message(), names);
    for format in ["msgpack", "json"] {
        for keys in [&[][..], &["secret", "older"]] {
            for (kind, prefix_len) in [("core", 12), ("core", 0), ("pubsub", 0)] {
                let layer = Layer::new(kind, format, prefix_len, keys);
                run(CASES, &cases, |(message, names)| {
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    layer.check(&message, &names)
                });
            }
        }
    }
}

#[test]
fn keys_rotate_across_both_sides() {
    let old = Layer::new("core", "msgpack", 12, &["old ключ"]);
    let both = Layer::new("core", "msgpack", 12, &["new", "old ключ"]);
    let new = Layer::new("core", "msgpack", 12, &["new"]);
    for (from, to, opens) in [
        (&old, &both, true),
        (&both, &old, false),
        (&both, &new, true),
        (&new, &both, true),
        (&old, &new, false),
    ] {
        let theirs = from.ask("serialize", message().msgpack(), NOW).unwrap();
        for sealed in [&from.seal(&message(), None)[..], &theirs] {
            assert_eq!(to.verdict(sealed, NOW), opens);
        }
    }
    let plain = Layer::new("core", "msgpack", 12, &[]);
    assert!(!plain.verdict(&old.seal(&message(), None), NOW));
    assert!(!old.verdict(&plain.seal(&message(), None), NOW));
}

#[test]
fn tokens_expire_on_both_sides_in_the_same_second() {
    let core = Layer::new("core", "json", 12, &["secret"]);
    let pubsub = Layer::new("pubsub", "json", 0, &["secret"]);
    for layer in [&core, &pubsub] {
        let theirs = layer.ask("serialize", message().msgpack(), NOW).unwrap();
        for sealed in [&layer.seal(&message(), None)[..], &theirs] {
            for seconds in [-1000, -62, -61, -60, -59, 0, 59, 60, 69, 70, 71, 1000] {
                let opens = layer.kind == "pubsub" || (-60..=70).contains(&seconds);
                let now = NOW.checked_add_signed(seconds).unwrap();
                assert_eq!(layer.verdict(sealed, now), opens, "{} at {seconds}", layer.kind);
            }
        }
    }
}

#[test]
fn changed_and_shortened_bytes_are_refused_on_both_sides() {
    let plain = Layer::new("core", "msgpack", 12, &[]);
    let json = Layer::new("core", "json", 12, &[]);
    let encrypted = Layer::new("core", "msgpack", 12, &["secret"]);
    for layer in [&plain, &json, &encrypted] {
        let sealed = layer.seal(&message(), Some(Channels::One("specific.a!b")));
        for len in 0..sealed.len() {
            assert!(!layer.verdict(&sealed[..len], NOW), "cut at {len}");
        }
    }

    let sealed = encrypted.seal(&message(), None);
    let (prefix, token) = sealed.split_at(12);
    let token = URL_SAFE.decode(token).unwrap();
    for at in 0..token.len() {
        for bit in 0..8 {
            let mut changed = token.clone();
            changed[at] ^= 1 << bit;
            let changed = [prefix, URL_SAFE.encode(changed).as_bytes()].concat();
            assert!(!encrypted.verdict(&changed, NOW), "bit {bit} of byte {at}");
        }
    }
    let other_prefix = [&[0; 12], &sealed[12..]].concat();
    assert!(encrypted.verdict(&other_prefix, NOW));
}
