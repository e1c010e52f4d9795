//! msgpack as Python's `msgpack` 1.x writes and reads it by default.
//!
//! Written: the smallest form of every integer and length, str and bin apart, floats always as 64 bits
//! (`use_bin_type=True`, `use_single_float=False`). Read: one whole value, text must be UTF-8, map keys must be str or
//! bytes (`raw=False`, `strict_map_key=True`).
//!
//! Invariant: whatever [`decode`] accepts, [`encode`] writes again, in bytes Python reads as the same value.

mod cursor;
mod decode;
mod encode;

pub(crate) use self::cursor::{Cursor, Key, Token};
pub(crate) use self::decode::shared_text;
pub use self::decode::{DecodeError, decode};
pub use self::encode::{EncodeError, encode};
pub(crate) use self::encode::{array_header, map_header, write_str};

/// How many containers may stand inside each other, both ways; one more is an error.
///
/// Decoding recurses once per level, so this is what keeps a hostile message from using up the stack.
pub const MAX_DEPTH: usize = 64;
