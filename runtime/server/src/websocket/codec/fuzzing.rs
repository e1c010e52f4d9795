//! What must hold for any bytes, for fuzzers and for tests.

use super::{Decoder, Inflation, Item, Rules, Violation};

const RULES: Rules = Rules {
    max_message: 2000,
    max_frame: 1500,
};

/// Reads `data` as a client's frames; its first two bytes say where they are cut, and whether they
/// may be compressed.
///
/// # Panics
/// Where the cuts make a difference, a limit is passed, or bytes are left over.
pub(crate) fn decode_anything(data: &[u8]) {
    let [pieces, mode, frames @ ..] = data else {
        return;
    };
    let inflation = || match mode % 3 {
        0 => Inflation::Off,
        1 => Inflation::Alone,
        _ => Inflation::Takeover(15, None),
    };
    let whole = decode(inflation(), frames, usize::MAX);
    let cut = decode(inflation(), frames, usize::from(*pieces).max(1));
    assert_eq!(whole, cut, "cutting the stream makes a difference");
}

fn decode(inflation: Inflation, frames: &[u8], piece: usize) -> (Vec<Item>, Option<Violation>) {
    let mut decoder = Decoder::new(RULES, inflation);
    let mut items = Vec::new();
    let mut frames = frames.to_vec();
    for piece in frames.chunks_mut(piece) {
        let mut input = piece;
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(item)) => {
                    let ends = matches!(item, Item::Close(..));
                    check(&item);
                    items.push(item);
                    if ends {
                        return (items, None);
                    }
                }
                Ok(None) => break,
                Err(violation) => return (items, Some(violation)),
            }
        }
        assert!(input.is_empty(), "bytes are left over");
    }
    (items, None)
}

fn check(item: &Item) {
    let within = match item {
        Item::Text(text) => text.len() <= RULES.max_message,
        Item::Binary(bytes) => bytes.len() <= RULES.max_message,
        Item::Ping(bytes) => bytes.len() <= 125,
        Item::Pong => true,
        Item::Close(_, reason) => reason.len() <= 123,
    };
    assert!(within, "a limit is passed: {item:?}");
}
