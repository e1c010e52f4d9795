//! The order of things, told apart by what stands where; the bytes are judged in `tests/python_codec.rs`.

use super::*;
use crate::fernet::FernetError;
use crate::serializer::JsonSerializer;

const NOW: u64 = 1_700_000_000;

fn message() -> Message {
    Message::from_value(&[("type", "hi")].into_iter().collect()).unwrap()
}

fn keys() -> MultiFernet {
    MultiFernet::new(["secret"]).unwrap()
}

#[test]
fn plain_msgpack_without_prefix_and_channels_is_not_copied() {
    let message = message();
    let bytes = Codec::default().seal(&[], &message, None, NOW).unwrap();
    assert_eq!(bytes.as_ptr(), message.msgpack().as_ptr());
    let (same, _) = Codec::default().open(bytes, NOW).unwrap();
    assert_eq!(same.msgpack().as_ptr(), message.msgpack().as_ptr());
}

#[test]
fn the_prefix_stands_outside_of_the_encryption() {
    let codec = Codec::default().random_prefix_length(3).encryption(keys());
    let channels = Some(Channels::Many(&["a!b"]));
    let bytes = codec.seal(b"abc", &message(), channels, NOW).unwrap();
    assert!(bytes.starts_with(b"abcgAAAA"));
    assert!(bytes[3..].is_ascii());
    let (same, names) = codec.open(bytes, NOW).unwrap();
    assert_eq!(same, message());
    assert_eq!(names, ["a!b"]);
}

#[test]
fn an_encrypted_message_is_read_until_ten_seconds_after_its_expiry() {
    let eternal = Codec::default().encryption(keys());
    let codec = eternal.clone().expiry(Duration::from_secs(60));
    let bytes = codec.seal(&[], &message(), None, NOW).unwrap();
    assert!(codec.open(bytes.clone(), NOW + 70).is_ok());
    assert!(matches!(
        codec.open(bytes.clone(), NOW + 71),
        Err(CodecError::Fernet(FernetError::Expired { age: 71, .. }))
    ));
    assert!(eternal.open(bytes, u64::MAX).is_ok());
    let forever = eternal.expiry(Duration::MAX);
    let bytes = forever.seal(&[], &message(), None, NOW).unwrap();
    assert!(forever.open(bytes, u64::MAX).is_ok());
}

#[test]
fn processes_of_different_options_say_what_differs() {
    let codecs = [
        Codec::default(),
        Codec::new(Arc::new(JsonSerializer)),
        Codec::default().encryption(keys()),
    ];
    for (ours, codec) in codecs.iter().enumerate() {
        let bytes = codec.seal(&[], &message(), None, NOW).unwrap();
        for (theirs, other) in codecs.iter().enumerate() {
            assert_eq!(
                other.open(bytes.clone(), NOW).is_ok(),
                ours == theirs,
                "{ours} {theirs}"
            );
        }
    }
    let error = |codec: &Codec| codec.open(Bytes::from_static(b"{"), NOW).unwrap_err().to_string();
    assert!(error(&codecs[1]).contains("serializer_format"));
    assert!(error(&codecs[2]).contains("symmetric_encryption_keys"));
    let prefixed = Codec::default().random_prefix_length(12);
    assert!(error(&prefixed).contains("random_prefix_length"));
}

#[test]
#[should_panic(expected = "random_prefix_length")]
fn a_prefix_of_another_length_is_a_mistake_of_the_caller() {
    let _ = Codec::default().seal(b"x", &message(), None, NOW);
}
