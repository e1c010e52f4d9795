//! Frames without an extension.

use bytes::Bytes;

use super::support::{Outcome, RULES, both_ways, close, feed, frame};
use crate::websocket::codec::{Inflation, Item, Rules, Violation};

fn off() -> Inflation {
    Inflation::Off
}

#[track_caller]
fn decode(bytes: &[u8]) -> Outcome {
    both_ways(RULES, off, bytes)
}

#[track_caller]
fn assert_items(bytes: &[u8], items: &[Item]) {
    let outcome = decode(bytes);
    assert_eq!(outcome.violation, None);
    assert_eq!(outcome.items, items);
    assert!(outcome.idle, "something is held");
}

/// `bytes` are refused, and not only once more of them come.
#[track_caller]
fn assert_refused(bytes: &[u8], violation: Violation) {
    assert_eq!(decode(bytes).violation, Some(violation), "{bytes:x?}");
    let early = feed(RULES, off(), &bytes[..bytes.len() - 1], &[]);
    assert_eq!(
        early.violation, None,
        "refused before the byte that shows it: {bytes:x?}"
    );
}

#[test]
fn frames_become_messages() {
    assert_items(&frame(0x81, b"Hello"), &[Item::Text("Hello".into())]);
    assert_items(
        &frame(0x82, b"\xff\0"),
        &[Item::Binary(Bytes::from_static(b"\xff\0"))],
    );
    assert_items(&frame(0x81, b""), &[Item::Text("".into())]);
    for length in [125, 126, 127, 255, 256, 700] {
        let payload = vec![b'x'; length];
        assert_items(&frame(0x82, &payload), &[Item::Binary(payload.into())]);
    }
    let two = [frame(0x81, b"one"), frame(0x81, b"two")].concat();
    assert_items(&two, &[Item::Text("one".into()), Item::Text("two".into())]);
}

#[test]
fn a_length_of_64_bits_is_read() {
    let rules = Rules {
        max_message: usize::MAX,
        max_frame: usize::MAX,
    };
    let payload = vec![1; 70_000];
    let outcome = feed(rules, off(), &frame(0x82, &payload), &[1, 5, 14, 30_000]);
    assert_eq!(outcome.items, [Item::Binary(payload.into())]);
}

#[test]
fn fragments_are_joined_around_control_frames() {
    let bytes = [
        frame(0x01, b"caf\xc3"),
        frame(0x89, b"there?"),
        frame(0x00, b""),
        frame(0x8a, b""),
        frame(0x80, b"\xa9"),
        frame(0x02, b""),
        frame(0x80, b""),
    ]
    .concat();
    let items = [
        Item::Ping(Bytes::from_static(b"there?")),
        Item::Pong,
        Item::Text("café".into()),
        Item::Binary(Bytes::new()),
    ];
    assert_items(&bytes, &items);
}

#[test]
fn a_close_frame_ends_it() {
    assert_items(&frame(0x88, b""), &[Item::Close(1005, "".into())]);
    assert_items(&close(1014, "é".as_bytes()), &[Item::Close(1014, "é".into())]);
    let more = [close(1000, b""), vec![0xff; 100]].concat();
    assert_items(&more, &[Item::Close(1000, "".into())]);
}

#[test]
fn what_breaks_the_protocol_is_refused_at_the_byte_that_shows_it() {
    for first in [0xc1, 0xa1, 0x91, 0xf1, 0xc9] {
        assert_refused(&[first], Violation::ReservedBit);
    }
    for first in (0x83..=0x87).chain(0x8b..=0x8f) {
        assert_refused(&[first], Violation::ReservedOpcode);
    }
    assert_refused(&[0x80], Violation::NothingToContinue);
    assert_refused(&[0x09], Violation::FragmentedControl);
    assert_refused(&[0x81, 0x05], Violation::Unmasked);
    assert_refused(&[0x89, 0xfe], Violation::LongControl);
    assert_refused(&[0x88, 0xff], Violation::LongControl);
    assert_refused(&[0x81, 0xfe, 0, 125], Violation::Length);
    assert_refused(&[0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], Violation::Length);
    assert_refused(&[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], Violation::Length);
    assert_refused(&[0x81, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0], Violation::TooBig);
    assert_refused(&[frame(0x01, b"a"), vec![0x81]].concat(), Violation::Unfinished);
    assert_refused(&frame(0x88, b"\x03"), Violation::CloseCode);
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        assert_refused(&close(code, b""), Violation::CloseCode);
    }
    assert_refused(&close(1000, b"\xff"), Violation::NotUtf8);
}

#[test]
fn text_is_refused_at_its_first_bad_byte() {
    assert_refused(&frame(0x81, b"caf\xc3")[..], Violation::NotUtf8);
    // The rest of the frame is not waited for.
    let announced = frame(0x81, b"abc\xffdefgh");
    assert_refused(&announced[..6 + 4], Violation::NotUtf8);
    let split = [frame(0x01, b"\xf4"), frame(0x80, b"\x90\x80\x80")].concat();
    assert_refused(&split[..7 + 7], Violation::NotUtf8);
    let unfinished = [frame(0x01, b"\xf4"), frame(0x80, b"")].concat();
    assert_refused(&unfinished, Violation::NotUtf8);
}

#[test]
fn what_is_over_the_limit_is_refused_when_it_is_announced() {
    assert_refused(&frame(0x82, &[0; 701])[..4], Violation::TooBig);
    let half = frame(0x02, &[0; 700]);
    assert_refused(
        &[half.clone(), frame(0x80, &[0; 301])[..4].to_vec()].concat(),
        Violation::TooBig,
    );
    let fits = [half, frame(0x80, &[0; 300])].concat();
    assert_items(&fits, &[Item::Binary(vec![0; 1000].into())]);
    // A length that nothing can hold, of a control frame, is one too long.
    assert_refused(&[0x89, 0xff], Violation::LongControl);
}

#[test]
fn an_announced_length_is_not_memory() {
    let rules = Rules {
        max_message: usize::MAX,
        max_frame: usize::MAX,
    };
    let header = [
        0x82, 0xff, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5,
    ];
    // It would fail here if it were.
    let outcome = feed(rules, off(), &header, &[]);
    assert_eq!(outcome.violation, None);
    assert!(!outcome.idle);
}
