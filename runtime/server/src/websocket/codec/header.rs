//! A frame's header (RFC 6455 §5.2).

use super::Violation;
use super::mask::Key;

/// The longest header of a client's frame: two bytes, a length of eight, a key of four.
pub(super) const MAX_HEADER: usize = 14;
/// What a control frame may hold (§5.5).
const MAX_CONTROL: u64 = 125;

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV23: u8 = 0x30;
const MASKED: u8 = 0x80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) fin: bool,
    /// Bit RSV1: the message is compressed (RFC 7692 §6).
    pub(super) compressed: bool,
    pub(super) opcode: Opcode,
    pub(super) key: Key,
    /// Bytes of the payload.
    pub(super) length: usize,
}

/// What a header is read against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// A message is under way.
    pub(super) within: bool,
    /// Messages may be compressed.
    pub(super) deflate: bool,
    /// Bytes a frame may hold here, and a compressed one.
    pub(super) room: usize,
    pub(super) compressed_room: usize,
}

impl Header {
    /// The header at the start of `bytes`, and how long it is; `None` if it is not whole yet.
    pub(super) fn parse(bytes: &[u8], place: &Place) -> Result<Option<(Self, usize)>, Violation> {
        let Some(&first) = bytes.first() else {
            return Ok(None);
        };
        let (fin, compressed) = (first & FIN != 0, first & RSV1 != 0);
        let opcode = opcode(first, place)?;
        let Some(&second) = bytes.get(1) else {
            return Ok(None);
        };
        if second & MASKED == 0 {
            return Err(Violation::Unmasked);
        }
        let short = u64::from(second & !MASKED);
        // Whatever its longer form says.
        if opcode.is_control() && short > MAX_CONTROL {
            return Err(Violation::LongControl);
        }
        let (length, at) = match (short, bytes) {
            (126, [_, _, length @ ..]) => match length.first_chunk() {
                Some(length) => (shortest(u16::from_be_bytes(*length).into(), 126)?, 4),
                None => return Ok(None),
            },
            (127, [_, _, length @ ..]) => match length.first_chunk() {
                Some(length) => (shortest(u64::from_be_bytes(*length), 1 << 16)?, 10),
                None => return Ok(None),
            },
            _ => (short, 2),
        };
        let room = if compressed {
            place.compressed_room
        } else {
            place.room
        };
        let length = usize::try_from(length).map_err(|_| Violation::TooBig)?;
        if !opcode.is_control() && length > room {
            return Err(Violation::TooBig);
        }
        let Some(key) = bytes[at..].first_chunk() else {
            return Ok(None);
        };
        let header = Self {
            fin,
            compressed,
            opcode,
            key: Key::new(*key),
            length,
        };
        Ok(Some((header, at + 4)))
    }
}

/// What the first byte alone decides.
fn opcode(first: u8, place: &Place) -> Result<Opcode, Violation> {
    let opcode = match first & 0x0f {
        0x0 => Opcode::Continuation,
        0x1 => Opcode::Text,
        0x2 => Opcode::Binary,
        0x8 => Opcode::Close,
        0x9 => Opcode::Ping,
        0xa => Opcode::Pong,
        _ => return Err(Violation::ReservedOpcode),
    };
    let starts = matches!(opcode, Opcode::Text | Opcode::Binary);
    // A message says in its first frame that it is compressed (RFC 7692 §6.1).
    if first & RSV23 != 0 || first & RSV1 != 0 && !(place.deflate && starts) {
        return Err(Violation::ReservedBit);
    }
    match opcode {
        Opcode::Continuation if !place.within => Err(Violation::NothingToContinue),
        Opcode::Text | Opcode::Binary if place.within => Err(Violation::Unfinished),
        _ if opcode.is_control() && first & FIN == 0 => Err(Violation::FragmentedControl),
        _ => Ok(opcode),
    }
}

/// A length in its shortest form, and of 63 bits at most.
const fn shortest(length: u64, least: u64) -> Result<u64, Violation> {
    if length < least || length > i64::MAX as u64 {
        return Err(Violation::Length);
    }
    Ok(length)
}
