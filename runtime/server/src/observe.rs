//! What the server tells of its work: the access log, metrics, spans.
//!
//! All of it is off by default, and off it costs a request one comparison and a WebSocket one word.
//!
//! # Layout
//! - [`access_log`]: one line per request, and per turn of a WebSocket's life
//! - [`metrics`]: what is counted, and under which name
//! - `record`: one request or WebSocket under observation

pub mod access_log;
pub mod metrics;
mod record;

pub(crate) use metrics::{Metrics, Protocol, Waiting};
pub(crate) use record::Record;
