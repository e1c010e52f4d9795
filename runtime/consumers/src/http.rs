//! The HTTP consumer: the whole request, then a response, whole, streamed, or as server-sent events.
//!
//! # Layout
//! - [`consumer`]: the trait [`HttpConsumer`]
//! - [`context`]: what it acts through
//! - [`event_stream`]: server-sent events
//! - `driver`: runs one

pub mod consumer;
pub mod context;
mod driver;
pub mod event_stream;

pub use consumer::{HttpConsumer, http_application};
pub use context::HttpContext;
pub use event_stream::ServerSentEvent;
