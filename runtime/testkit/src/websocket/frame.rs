//! Frames, well-formed or not (RFC 6455, section 5.2).

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A frame. Every field may be set to what a real client would never send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Whether it is the last fragment of its message.
    pub fin: bool,
    /// The three reserved bits, as a number from 0 to 7.
    pub rsv: u8,
    /// What it is: [`Frame::TEXT`] and so on.
    pub opcode: u8,
    /// Whether it is masked, as every frame of a client has to be.
    pub masked: bool,
    /// The payload, unmasked.
    pub payload: Vec<u8>,
}

impl Frame {
    /// Opcode of a further fragment.
    pub const CONTINUATION: u8 = 0x0;
    /// Opcode of a text message.
    pub const TEXT: u8 = 0x1;
    /// Opcode of a binary message.
    pub const BINARY: u8 = 0x2;
    /// Opcode of a close frame.
    pub const CLOSE: u8 = 0x8;
    /// Opcode of a ping.
    pub const PING: u8 = 0x9;
    /// Opcode of a pong.
    pub const PONG: u8 = 0xA;

    /// A whole, masked frame.
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self {
            fin: true,
            rsv: 0,
            opcode,
            masked: true,
            payload: payload.into(),
        }
    }

    /// A close frame with a code and a reason.
    pub fn close(code: u16, reason: &str) -> Self {
        Self::new(Self::CLOSE, [&code.to_be_bytes(), reason.as_bytes()].concat())
    }

    /// Its bytes on the wire, with a fresh masking key and the shortest form of the length.
    pub fn encode(&self) -> Vec<u8> {
        let mask_bit = u8::from(self.masked) << 7;
        let mut bytes = vec![u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode];
        let length = self.payload.len();
        match (u16::try_from(length), length) {
            (_, 0..126) => bytes.push(mask_bit | length as u8),
            (Ok(length), _) => {
                bytes.push(mask_bit | 126);
                bytes.extend_from_slice(&length.to_be_bytes());
            }
            (Err(_), _) => {
                bytes.push(mask_bit | 127);
                bytes.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        if self.masked {
            let key = masking_key();
            bytes.extend_from_slice(&key);
            bytes.extend(
                self.payload
                    .iter()
                    .zip(key.iter().cycle())
                    .map(|(byte, key)| byte ^ key),
            );
        } else {
            bytes.extend_from_slice(&self.payload);
        }
        bytes
    }

    /// The frame at the head of `bytes` and its length there, or `None` if it is not complete yet.
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let (first, second) = (*bytes.first()?, *bytes.get(1)?);
        let (length, mut head) = match second & 0x7f {
            126 => (
                u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
                4,
            ),
            127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10),
            short => (u64::from(short), 2),
        };
        let masked = second & 0x80 != 0;
        let mut key = [0; 4];
        if masked {
            key.copy_from_slice(bytes.get(head..head + 4)?);
            head += 4;
        }
        let end = head.checked_add(usize::try_from(length).ok()?)?;
        let payload = bytes
            .get(head..end)?
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, key)| byte ^ key)
            .collect();
        let frame = Self {
            fin: first & 0x80 != 0,
            rsv: first >> 4 & 7,
            opcode: first & 0xf,
            masked,
            payload,
        };
        Some((frame, end))
    }
}

/// Not the strong randomness that browsers need; only different for every frame.
fn masking_key() -> [u8; 4] {
    static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let hash = STATE.hash_one(COUNT.fetch_add(1, Ordering::Relaxed));
    (hash as u32).to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_it_encodes_at_every_border_of_the_length() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
            for masked in [true, false] {
                let frame = Frame {
                    masked,
                    ..Frame::new(Frame::BINARY, vec![7; length])
                };
                let mut bytes = frame.encode();
                assert_eq!(Frame::parse(&bytes[..bytes.len() - 1]), None, "length {length}");
                bytes.push(0);
                assert_eq!(
                    Frame::parse(&bytes),
                    Some((frame, bytes.len() - 1)),
                    "length {length}"
                );
            }
        }
    }

    #[test]
    fn the_masked_example_of_the_rfc() {
        let bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(Frame::parse(&bytes), Some((Frame::new(Frame::TEXT, "Hello"), 11)));
    }
}
