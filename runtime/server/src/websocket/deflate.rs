//! permessage-deflate (RFC 7692): what is agreed on, and messages on their way out.
//!
//! The server compresses every message by itself (`server_no_context_takeover`), so that a message
//! to many is compressed once for all that agreed on the same window, and no socket holds a
//! compressor: each thread has one for each window in use.
//!
//! - [`offer`]: the client's offers; [`settings`]: ours

mod offer;
mod settings;

use std::cell::RefCell;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};
use laureola_message::Frame;

pub(crate) use offer::{Agreed, negotiate};
pub use settings::Deflate;

/// RSV1: the message is compressed.
const RSV1: u8 = 0x40;
/// What a flush ends with, and a sender cuts off.
const TAIL: usize = 4;
/// The longest header of a frame.
const MAX_HEADER: usize = 10;
const LEAST_WINDOW: u8 = 9;
const WINDOWS: usize = 7;

thread_local! {
    /// By window, with their level.
    static COMPRESSORS: RefCell<[Option<(u32, Compress)>; WINDOWS]> = const { RefCell::new([const { None }; WINDOWS]) };
}

/// What a socket's messages are compressed by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outgoing<'a> {
    pub(crate) settings: &'a Deflate,
    /// The window agreed on, in bits.
    pub(crate) window: u8,
}

impl Outgoing<'_> {
    /// A shared frame's compressed form; `None` where it is better sent as it is.
    pub(crate) fn shared<'a>(&self, frame: &'a Frame) -> Option<&'a Bytes> {
        if frame.payload_len() < self.settings.threshold {
            return None;
        }
        frame.deflated_once(self.window, |frame| {
            self.compress(
                frame.bytes()[0],
                &frame.bytes()[frame.bytes().len() - frame.payload_len()..],
            )
        })
    }

    /// A message as a compressed frame that begins with `first`, apart from its bit; `None` where
    /// it is better sent as it is.
    pub(crate) fn once(&self, first: u8, payload: &[u8]) -> Option<Bytes> {
        if payload.len() < self.settings.threshold {
            return None;
        }
        self.compress(first, payload)
    }

    fn compress(&self, first: u8, payload: &[u8]) -> Option<Bytes> {
        let slot = usize::from(self.window - LEAST_WINDOW);
        let level = self.settings.level.min(9);
        // Taken out, and put back only when it is done: a compressor that failed is not used again.
        let kept = COMPRESSORS.with_borrow_mut(|compressors| compressors[slot].take());
        let mut compressor = match kept {
            Some((of, compressor)) if of == level => compressor,
            _ => Compress::new_with_window_bits(Compression::new(level), false, self.window),
        };
        let buffer = deflate(&mut compressor, payload)?;
        compressor.reset();
        COMPRESSORS.with_borrow_mut(|compressors| compressors[slot] = Some((level, compressor)));
        frame(first, buffer, payload.len())
    }
}

/// The payload compressed behind room for a header; `None` where the compressor is not done.
///
/// There is room for more than zlib ever makes of it. A compressor that had too little, and was reset
/// then, would keep the place of what it could not write, and panic once it has none left (zlib-rs
/// 0.6.8, `Pending::reset_keep`).
fn deflate(compressor: &mut Compress, payload: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = Vec::with_capacity(MAX_HEADER + payload.len() + payload.len() / 7 + 64);
    buffer.resize(MAX_HEADER, 0);
    let flush = FlushCompress::Sync;
    compressor.compress_vec(payload, &mut buffer, flush).ok()?;
    let is_done = compressor.total_in() == payload.len() as u64 && buffer.len() < buffer.capacity();
    is_done.then_some(buffer)
}

/// A frame of what was made of `length` bytes; `None` where that has not become less.
fn frame(first: u8, mut buffer: Vec<u8>, length: usize) -> Option<Bytes> {
    buffer.truncate(buffer.len() - TAIL);
    let compressed = buffer.len() - MAX_HEADER;
    if compressed >= length {
        return None;
    }
    let (header, header_len) = Frame::header(first | RSV1, compressed);
    let start = MAX_HEADER - header_len;
    buffer[start..MAX_HEADER].copy_from_slice(&header[..header_len]);
    buffer.shrink_to_fit();
    Some(Bytes::from(buffer).slice(start..))
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};

    use super::*;

    fn outgoing(settings: &Deflate, window: u8) -> Outgoing<'_> {
        Outgoing { settings, window }
    }

    fn inflate(frame: &[u8], window: u8) -> Vec<u8> {
        let header = match frame[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        let bytes = [&frame[header..], &[0, 0, 0xff, 0xff]].concat();
        let mut out = Vec::with_capacity(1 << 20);
        let mut state = Decompress::new_with_window_bits(false, window);
        state
            .decompress_vec(&bytes, &mut out, FlushDecompress::Sync)
            .unwrap();
        out
    }

    #[test]
    fn a_message_comes_out_of_its_window_whatever_went_before() {
        let settings = Deflate::default();
        for window in 9..=15 {
            for round in 0..3 {
                let text = format!("{round} to be or not to be ").repeat(3000);
                let frame = outgoing(&settings, window).once(0x81, text.as_bytes()).unwrap();
                assert_eq!(frame[0], 0xc1);
                assert!(frame.len() < text.len() / 10);
                assert_eq!(inflate(&frame, window), text.as_bytes(), "{window}");
            }
        }
    }

    #[test]
    fn what_is_short_or_does_not_shrink_is_sent_as_it_is() {
        let settings = Deflate::default();
        let outgoing = outgoing(&settings, 15);
        assert!(outgoing.once(0x81, &[b'a'; 1023]).is_none());
        assert!(outgoing.once(0x81, &[b'a'; 1024]).is_some());
        assert!(outgoing.once(0x82, &noise(5000)).is_none());
        // The compressor is none the worse for it.
        let frame = outgoing.once(0x82, &[7; 5000]).unwrap();
        assert_eq!(inflate(&frame, 15), [7; 5000]);
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut seed = 1_u32;
        let byte = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        std::iter::repeat_with(byte).take(length).collect()
    }

    #[test]
    fn any_number_of_messages_may_fail_to_shrink() {
        let settings = Deflate {
            threshold: 0,
            ..Deflate::default()
        };
        for window in [9, 15] {
            let outgoing = outgoing(&settings, window);
            for message in noise(256 * 600).chunks(256) {
                assert!(outgoing.once(0x82, message).is_none());
            }
            let frame = outgoing.once(0x82, &[7; 5000]).unwrap();
            assert_eq!(inflate(&frame, window), [7; 5000]);
        }
    }

    #[test]
    fn there_is_room_for_whatever_a_level_makes_of_noise() {
        for level in 0..=9 {
            for window in [9, 12, 15] {
                let level = Compression::new(level);
                let mut compressor = Compress::new_with_window_bits(level, false, window);
                for length in [0, 2, 255, 4096, 70_000] {
                    assert!(deflate(&mut compressor, &noise(length)).is_some(), "{length}");
                    compressor.reset();
                }
            }
        }
    }

    #[test]
    fn a_shared_frame_is_compressed_once_for_each_window() {
        let settings = Deflate::default();
        let frame = Frame::text(&"again and ".repeat(1000));
        let first = outgoing(&settings, 15).shared(&frame).unwrap().as_ptr();
        let clone = frame.clone();
        assert_eq!(outgoing(&settings, 15).shared(&clone).unwrap().as_ptr(), first);
        let other = outgoing(&settings, 9).shared(&clone).unwrap();
        assert_ne!(other.as_ptr(), first);
        assert_eq!(inflate(other, 9), frame.payload());
    }
}
