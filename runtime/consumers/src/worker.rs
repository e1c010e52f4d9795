//! Worker consumers: what runs behind named channels instead of connections.
//!
//! # Layout
//! - [`consumer`]: the trait [`WorkerConsumer`]
//! - [`context`]: what it acts through
//! - [`router`]: [`ChannelNameRouter`], consumers by channel name
//! - [`run`]: [`Worker`], which receives for them
//! - `lane`: one consumer at work

pub mod consumer;
pub mod context;
mod lane;
pub mod router;
pub mod run;

pub use consumer::{WorkerConsumer, worker_application};
pub use context::WorkerContext;
pub use lane::WorkerApplication;
pub use router::{ChannelNameRouter, WorkerError};
pub use run::{Listening, Stopped, Worker};
