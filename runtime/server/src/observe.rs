//! What the server tells of its work: the access log, metrics, spans.
//!
//! All of it is off by default, and off it costs a request one comparison and a WebSocket one word.
//!
//! # Layout
//! - [`access_log`]: one line per request, and per turn of a WebSocket's life
//! - [`metrics`]: what is counted, and under which name
//! - [`trace`]: request ids and spans; `trace_parent`: the header they come from
//! - `record`: one request or WebSocket under observation

pub mod access_log;
pub mod metrics;
mod record;
pub mod trace;
mod trace_parent;

use std::hash::{BuildHasher, RandomState};

pub(crate) use metrics::{Metrics, Protocol, Waiting};
pub(crate) use record::Record;

/// A number nobody can guess from those before, without a call into the system: the standard
/// library's hasher with new keys for each.
fn random() -> u128 {
    let word = |salt: u8| u128::from(RandomState::new().hash_one(salt));
    word(0) << 64 | word(1).max(1)
}
