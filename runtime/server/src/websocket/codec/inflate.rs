//! Compressed messages of a client (RFC 7692 §7.2.2).

use std::cell::RefCell;
use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};

use super::Violation;

/// What a sender cuts off the end of a message.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// Last blocks a message may have: one is all that is ever needed, and each costs a new state.
const MAX_LAST: usize = 16;
/// The least room to inflate into.
const LEAST: usize = 256;

thread_local! {
    /// Messages that stand alone are inflated one at a time, so that one state per thread does.
    static STATE: RefCell<Option<Decompress>> = const { RefCell::new(None) };
}

/// How a client's compressed messages are read.
#[derive(Default)]
pub(crate) enum Inflation {
    /// There are none: the extension was not agreed on.
    #[default]
    Off,
    /// Every message stands alone (`client_no_context_takeover`). Holds nothing.
    Alone,
    /// A message may refer to those before it: a window of so many bits of them is kept, from the
    /// first compressed message on.
    Takeover(u8, Option<Box<Decompress>>),
}

impl Inflation {
    pub(super) const fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    /// What `compressed` stands for, if it is no more than `limit` bytes.
    pub(super) fn inflate(&mut self, compressed: &[u8], limit: usize) -> Result<Vec<u8>, Violation> {
        match self {
            // A frame with the bit set was refused before.
            Self::Off => Err(Violation::ReservedBit),
            Self::Alone => {
                let mut state = STATE.take().unwrap_or_else(|| Decompress::new(false));
                let inflated = inflate(&mut state, compressed, limit);
                state.reset(false);
                STATE.set(Some(state));
                inflated
            }
            Self::Takeover(bits, state) => {
                let new = || Box::new(Decompress::new_with_window_bits(false, *bits));
                let state = state.get_or_insert_with(new);
                inflate(state, compressed, limit)
            }
        }
    }
}

impl fmt::Debug for Inflation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "Off",
            Self::Alone => "Alone",
            Self::Takeover(..) => "Takeover",
        })
    }
}

fn inflate(state: &mut Decompress, compressed: &[u8], limit: usize) -> Result<Vec<u8>, Violation> {
    let mut inflated = Vec::with_capacity(compressed.len().saturating_mul(3).clamp(LEAST, limit.max(LEAST)));
    let mut last = 0;
    for mut input in [compressed, &TAIL] {
        loop {
            // One byte more than allowed is all a bomb gets.
            if inflated.len() > limit {
                return Err(Violation::TooBig);
            }
            if inflated.len() == inflated.capacity() {
                let room = (limit - inflated.len()).saturating_add(1);
                inflated.reserve_exact(room.min(inflated.len().max(LEAST)));
            }
            let before = state.total_in();
            let status = state
                .decompress_vec(input, &mut inflated, FlushDecompress::Sync)
                .map_err(|_| Violation::NotDeflate)?;
            let read = usize::try_from(state.total_in() - before).expect("part of a slice");
            input = &input[read..];
            match status {
                // A last block may be followed by others (§7.2.3.5).
                Status::StreamEnd if last == MAX_LAST => return Err(Violation::NotDeflate),
                Status::StreamEnd => {
                    last += 1;
                    state.reset(false);
                }
                _ if inflated.len() == inflated.capacity() => continue,
                // It neither reads nor writes.
                _ if read == 0 && !input.is_empty() => return Err(Violation::NotDeflate),
                _ => {}
            }
            if input.is_empty() {
                break;
            }
        }
    }
    if inflated.len() > limit {
        return Err(Violation::TooBig);
    }
    Ok(inflated)
}
