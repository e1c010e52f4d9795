//! Compressed messages (RFC 7692).

use flate2::{Compress, Compression, FlushCompress};

use super::support::{RULES, both_ways, feed, frame};
use crate::websocket::codec::{Inflation, Item, Rules, Violation};

fn alone() -> Inflation {
    Inflation::Alone
}

fn takeover() -> Inflation {
    Inflation::Takeover(15, None)
}

/// A message as a client compresses it (§7.2.1).
fn deflate(state: &mut Compress, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 100);
    state
        .compress_vec(payload, &mut out, FlushCompress::Sync)
        .unwrap();
    assert!(out.ends_with(&[0, 0, 0xff, 0xff]));
    out.truncate(out.len() - 4);
    out
}

fn once(payload: &[u8]) -> Vec<u8> {
    deflate(&mut Compress::new(Compression::default(), false), payload)
}

#[test]
fn the_examples_of_the_rfc_inflate() {
    // §7.2.3.1 to §7.2.3.6.
    let hello = Item::Text("Hello".into());
    for payload in [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
        &[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        &[
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ],
    ] {
        let outcome = both_ways(RULES, alone, &frame(0xc1, payload));
        assert_eq!(outcome.items, std::slice::from_ref(&hello), "{payload:x?}");
        assert!(outcome.idle);
    }
    // In two frames, the bit set in the first only.
    let fragments = [
        frame(0x41, &[0xf2, 0x48, 0xcd]),
        frame(0x80, &[0xc9, 0xc9, 0x07, 0x00]),
    ]
    .concat();
    assert_eq!(
        both_ways(RULES, alone, &fragments).items,
        std::slice::from_ref(&hello)
    );
    // The second refers to the first.
    let shared = [
        frame(0xc1, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]),
        frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00]),
    ]
    .concat();
    assert_eq!(both_ways(RULES, takeover, &shared).items, [hello.clone(), hello]);
    assert_eq!(
        both_ways(RULES, alone, &shared).violation,
        Some(Violation::NotDeflate)
    );
}

#[test]
fn an_empty_message_is_one_byte_and_a_plain_one_still_comes_through() {
    let bytes = [
        frame(0xc1, &[0]),
        frame(0x81, b"plain"),
        frame(0xc2, &once(b"bytes")),
    ]
    .concat();
    let items = [
        Item::Text("".into()),
        Item::Text("plain".into()),
        Item::Binary("bytes".into()),
    ];
    assert_eq!(both_ways(RULES, alone, &bytes).items, items);
}

#[test]
fn the_bit_stands_in_a_messages_first_frame_only() {
    for bytes in [
        frame(0xc9, b""),
        frame(0xc8, b""),
        [frame(0x41, &[0xf2]), vec![0xc0]].concat(),
        vec![0xa1],
        vec![0x91],
    ] {
        assert_eq!(
            both_ways(RULES, alone, &bytes).violation,
            Some(Violation::ReservedBit)
        );
    }
}

#[test]
fn a_bomb_is_refused() {
    let rules = Rules {
        max_message: 10_000,
        max_frame: 10_000,
    };
    let exact = once(&vec![b'a'; 10_000]);
    let outcome = both_ways(rules, alone, &frame(0xc2, &exact));
    assert_eq!(outcome.items, [Item::Binary(vec![b'a'; 10_000].into())]);
    let bomb = once(&vec![0; 10_000_000]);
    assert!(bomb.len() > 5000 && bomb.len() < 10_000, "{}", bomb.len());
    for inflation in [alone, takeover] {
        assert_eq!(
            feed(rules, inflation(), &frame(0xc2, &bomb), &[]).violation,
            Some(Violation::TooBig)
        );
        let one_more = once(&vec![b'a'; 10_001]);
        assert_eq!(
            both_ways(rules, inflation, &frame(0xc2, &one_more)).violation,
            Some(Violation::TooBig)
        );
    }
    // Last blocks without end.
    let blocks = [3, 0].repeat(2000);
    assert_eq!(
        both_ways(rules, alone, &frame(0xc2, &blocks)).violation,
        Some(Violation::NotDeflate)
    );
}

#[test]
fn what_does_not_compress_fits_at_the_limit() {
    let mut noise = Vec::new();
    let mut seed = 1_u32;
    while noise.len() < 100_000 {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        noise.push((seed >> 24) as u8);
    }
    let rules = Rules {
        max_message: noise.len(),
        max_frame: noise.len(),
    };
    let compressed = once(&noise);
    assert!(compressed.len() > noise.len());
    let outcome = feed(rules, alone(), &frame(0xc2, &compressed), &[17, 40_000]);
    assert_eq!(outcome.items, [Item::Binary(noise.into())]);
}

#[test]
fn what_does_not_inflate_is_refused_and_leaves_the_next_message_alone() {
    let outcome = both_ways(RULES, alone, &frame(0xc1, &[0xff, 0xff, 0xff]));
    assert_eq!(outcome.violation, Some(Violation::NotDeflate));
    let outcome = both_ways(RULES, alone, &frame(0xc1, &once(b"\xff")));
    assert_eq!(outcome.violation, Some(Violation::NotUtf8));
    let outcome = both_ways(RULES, alone, &frame(0xc1, &once(b"hello")));
    assert_eq!(outcome.items, [Item::Text("hello".into())]);
}

#[test]
fn every_window_inflates() {
    let text = "to be or not to be ".repeat(50);
    for bits in 9..=15 {
        let mut state = Compress::new_with_window_bits(Compression::default(), false, bits);
        let bytes: Vec<u8> = (0..3)
            .flat_map(|_| frame(0xc1, &deflate(&mut state, text.as_bytes())))
            .collect();
        let outcome = both_ways(RULES, takeover, &bytes);
        assert_eq!(outcome.items, vec![Item::Text(text.as_str().into()); 3], "{bits}");
    }
}
