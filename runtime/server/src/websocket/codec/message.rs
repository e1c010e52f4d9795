//! A message whose end is still to come.

use bytes::Bytes;

use super::header::{Header, Opcode};
use super::utf8::Utf8;
use super::{Inflation, Item, Violation};

/// Fragments, or a single frame that comes in pieces.
#[derive(Debug)]
pub(super) struct Message {
    is_text: bool,
    compressed: bool,
    bytes: Vec<u8>,
    utf8: Utf8,
}

impl Message {
    /// The message that begins with this frame.
    pub(super) fn new(header: &Header) -> Self {
        Self {
            is_text: header.opcode == Opcode::Text,
            compressed: header.compressed,
            bytes: Vec::new(),
            utf8: Utf8::default(),
        }
    }

    /// Bytes so far, as they came.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) const fn is_compressed(&self) -> bool {
        self.compressed
    }

    /// The next bytes, unmasked, of a frame that still had `left`, these included.
    pub(super) fn extend(&mut self, bytes: &[u8], left: usize) -> Result<(), Violation> {
        if self.is_text && !self.compressed {
            self.utf8.feed(bytes)?;
        }
        // What a header announces is not allocated before it comes: at most as much again as is
        // there, and never more than the frame needs.
        let spare = self.bytes.capacity() - self.bytes.len();
        if spare < bytes.len() {
            self.bytes
                .reserve_exact(left.min(bytes.len().max(self.bytes.len())));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// The whole message.
    pub(super) fn finish(self, inflation: &mut Inflation, limit: usize) -> Result<Item, Violation> {
        let bytes = if self.compressed {
            inflation.inflate(&self.bytes, limit)?
        } else if self.utf8.is_whole() {
            self.bytes
        } else {
            return Err(Violation::NotUtf8);
        };
        if self.is_text {
            let text = String::from_utf8(bytes).map_err(|_| Violation::NotUtf8)?;
            Ok(Item::Text(text.into()))
        } else {
            Ok(Item::Binary(Bytes::from(bytes)))
        }
    }
}
