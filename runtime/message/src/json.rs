//! JSON as Python's `json` writes and reads it by default: the `serializer_format="json"` of `channels_redis`.
//!
//! Written: `json.dumps(value).encode()`, ASCII only, `", "` and `": "` between things, floats as `repr` shows them,
//! `NaN` and `Infinity` for what JSON has no word for. Read: what `json.loads` takes, except for what a [`Value`] cannot
//! hold:
//!
//! * an integer beyond 64 bits (Python's `msgpack` refuses those, too);
//! * half of a surrogate pair, which is no UTF-8 text;
//! * more than [`MAX_DEPTH`](crate::msgpack::MAX_DEPTH) containers inside each other (Python's own limit is about 1000);
//! * UTF-16 and UTF-32, which `json.loads` guesses from zero bytes and nobody writes. A UTF-8 byte order mark is skipped.
//!
//! Bytes and extensions have no JSON, as in Python: a layer whose messages hold them needs msgpack.
//!
//! Invariant: whatever [`decode`] accepts, [`encode`] writes again, in bytes Python reads as the same value.
//!
//! ```
//! use laureola_message::{Value, json};
//!
//! let value: Value = [("type", "chat.message"), ("message", "ça va 🎉")].into_iter().collect();
//! let bytes = json::encode(&value)?;
//! assert_eq!(bytes, &br#"{"type": "chat.message", "message": "\u00e7a va \ud83c\udf89"}"#[..]);
//! assert_eq!(json::decode(bytes)?, value);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Value`]: crate::Value

mod decode;
mod encode;
mod float;
mod scan;

pub use self::decode::{DecodeError, decode};
pub use self::encode::{EncodeError, encode};
