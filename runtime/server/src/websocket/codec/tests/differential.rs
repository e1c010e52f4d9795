//! tungstenite as a second opinion: any bytes, cut anywhere.
//!
//! Where the two may differ by the RFC:
//! - ours refuses at the byte that shows a violation, tungstenite when the frame is whole; so ours
//!   may have refused a stream of which tungstenite still waits for more
//! - tungstenite takes lengths in a longer form than they need, which RFC 6455 §5.2 forbids
//! - tungstenite does not know 1014, which is registered
//! - of two violations in one frame either may be named

use std::io::{self, Cursor, Read, Write};

use proptest::prelude::*;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket};

use super::support::{RULES, feed, frame};
use crate::websocket::close;
use crate::websocket::codec::{Inflation, Item, Violation, fuzzing};

/// A stream that ends, and takes whatever is written.
struct Stream(Cursor<Vec<u8>>);

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tungstenite makes of `bytes`: items, and the code it would close with.
fn theirs(bytes: &[u8]) -> (Vec<Item>, Option<u16>) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(RULES.max_message))
        .max_frame_size(Some(RULES.max_frame));
    let stream = Stream(Cursor::new(bytes.to_vec()));
    let mut socket = WebSocket::from_raw_socket(stream, Role::Server, Some(config));
    let mut items = Vec::new();
    loop {
        let item = match socket.read() {
            Ok(Message::Text(text)) => Item::Text(text.as_str().into()),
            Ok(Message::Binary(bytes)) => Item::Binary(bytes),
            Ok(Message::Ping(bytes)) => Item::Ping(bytes),
            Ok(Message::Pong(_)) => Item::Pong,
            Ok(Message::Close(None)) => Item::Close(1005, "".into()),
            // How it says that the code is not allowed.
            Ok(Message::Close(Some(frame))) if frame.reason == "Protocol violation" => {
                return (items, Some(close::PROTOCOL));
            }
            Ok(Message::Close(Some(frame))) => Item::Close(frame.code.into(), frame.reason.as_str().into()),
            Ok(Message::Frame(_)) => unreachable!("never read"),
            Err(Error::Capacity(_)) => return (items, Some(close::TOO_BIG)),
            Err(Error::Utf8(_)) => return (items, Some(close::NOT_UTF8)),
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => return (items, None),
            Err(Error::Protocol(_)) => return (items, Some(close::PROTOCOL)),
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => return (items, None),
            Err(error) => panic!("{error}"),
        };
        let ends = matches!(item, Item::Close(..));
        items.push(item);
        if ends {
            return (items, None);
        }
    }
}

fn check(bytes: &[u8], cuts: &[usize]) {
    let ours = feed(RULES, Inflation::Off, bytes, cuts);
    let whole = feed(RULES, Inflation::Off, bytes, &[]);
    assert_eq!(ours.items, whole.items, "cut at {cuts:?}: {bytes:x?}");
    assert_eq!(
        ours.violation.is_some(),
        whole.violation.is_some(),
        "cut at {cuts:?}: {bytes:x?}"
    );
    let (items, code) = theirs(bytes);
    match ours.violation {
        None if matches!(ours.items.last(), Some(Item::Close(1014, _))) => {
            assert_eq!(
                (&ours.items[..items.len()], Some(close::PROTOCOL)),
                (&*items, code)
            );
        }
        None => {
            assert_eq!((ours.items, None), (items, code), "{bytes:x?}");
        }
        // Theirs reads on.
        Some(Violation::Length) => assert!(items.starts_with(&ours.items), "{bytes:x?}"),
        Some(violation) => {
            assert_eq!(ours.items, items, "{bytes:x?}");
            // `None`: the frame is not whole. One with two faults is refused for what shows first.
            let first = violation != Violation::NotUtf8;
            assert!(
                code.is_none_or(|code| code == violation.code() || first),
                "{violation:?}, {code:?}: {bytes:x?}"
            );
        }
    }
}

/// Mostly sound frames, so that streams get somewhere.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        4 => "[a-zé€𝄞]{0,40}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..300),
    ];
    let close = (
        prop_oneof![Just(1000_u16), 1000..1020_u16, any::<u16>()],
        "[a-zé]{0,10}",
    )
        .prop_map(|(code, reason)| frame(0x88, &[&code.to_be_bytes()[..], reason.as_bytes()].concat()));
    prop_oneof![
        8 => (prop_oneof![Just(0x81_u8), Just(0x01), Just(0x00), Just(0x80), Just(0x82), Just(0x02)], text.clone())
            .prop_map(|(first, payload)| frame(first, &payload)),
        3 => (prop_oneof![Just(0x89_u8), Just(0x8a)], proptest::collection::vec(any::<u8>(), 0..130))
            .prop_map(|(first, payload)| frame(first, &payload)),
        1 => close,
        1 => (any::<u8>(), text).prop_map(|(first, payload)| frame(first, &payload)),
        1 => (0..1100_usize).prop_map(|length| frame(0x82, &vec![0; length])),
    ]
}

fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    let frames = || proptest::collection::vec(any_frame(), 0..12).prop_map(|frames| frames.concat());
    let damage = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    prop_oneof![
        4 => frames(),
        2 => (frames(), damage).prop_map(|(mut bytes, damage)| {
            for (at, byte) in damage {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
            }
            bytes
        }),
        1 => proptest::collection::vec(any::<u8>(), 0..200),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_cut_anywhere_are_read_as_tungstenite_reads_them(
        bytes in any_stream(),
        cuts in proptest::collection::btree_set(0..600_usize, 0..8),
    ) {
        check(&bytes, &cuts.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn every_byte_alone_is_read_as_tungstenite_reads_it(bytes in any_stream()) {
        check(&bytes, &(0..bytes.len()).collect::<Vec<_>>());
    }
    #[test]
    fn any_bytes_are_read_the_same_however_they_are_cut(bytes in any_stream(), first in any::<[u8; 2]>()) {
        fuzzing::decode_anything(&[&first[..], &bytes].concat());
    }
}
