//! Frames as a client writes them, and what a decoder makes of them.

use laureola_asgi::CloseCode;

use crate::websocket::codec::{Decoder, Inflation, Item, Rules, Violation};

pub(crate) const RULES: Rules = Rules {
    max_message: 1000,
    max_frame: 700,
};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A masked frame; `first` is its first byte.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length @ 126..0x1_0000 => {
            bytes.push(0x80 | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(KEY);
    bytes.extend(
        payload
            .iter()
            .zip(KEY.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    bytes
}

/// A close frame.
pub(crate) fn close(code: CloseCode, reason: &[u8]) -> Vec<u8> {
    frame(0x88, &[&code.to_be_bytes(), reason].concat())
}

/// What a stream came to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) items: Vec<Item>,
    /// What ended it, and how many bytes it had taken by then: of the last piece, all.
    pub(crate) violation: Option<Violation>,
    pub(crate) idle: bool,
}

/// Feeds `bytes` in pieces that end at `cuts`.
pub(crate) fn feed(rules: Rules, inflation: Inflation, bytes: &[u8], cuts: &[usize]) -> Outcome {
    let mut decoder = Decoder::new(rules, inflation);
    let mut outcome = Outcome::default();
    let mut bytes = bytes.to_vec();
    let mut rest = &mut *bytes;
    let mut at = 0;
    for end in cuts.iter().copied().chain([usize::MAX]) {
        let piece = end.saturating_sub(at).min(rest.len());
        at += piece;
        let mut input = rest.split_off_mut(..piece).unwrap();
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(item)) => {
                    let ends = matches!(item, Item::Close(..));
                    outcome.items.push(item);
                    if ends {
                        outcome.idle = decoder.is_idle();
                        return outcome;
                    }
                }
                Ok(None) => break,
                Err(violation) => {
                    outcome.violation = Some(violation);
                    return outcome;
                }
            }
        }
        assert!(input.is_empty(), "the decoder leaves {} bytes", input.len());
    }
    outcome.idle = decoder.is_idle();
    outcome
}

/// Feeds `bytes` whole, and byte by byte: that must not make a difference.
#[track_caller]
pub(crate) fn both_ways(rules: Rules, inflation: fn() -> Inflation, bytes: &[u8]) -> Outcome {
    let whole = feed(rules, inflation(), bytes, &[]);
    let cuts: Vec<usize> = (1..bytes.len()).collect();
    let pieces = feed(rules, inflation(), bytes, &cuts);
    assert_eq!(whole, pieces, "{bytes:x?}");
    whole
}
