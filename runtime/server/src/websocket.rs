//! WebSockets (RFC 6455): from the handshake to the last frame.
//!
//! A socket is two tasks, the application's and the driver's, and what they share:
//! - [`handshake`]: the request is checked, the application decides, the stream is taken from hyper
//! - [`denial`]: a response of the application's instead of it
//! - [`socket`]: what both tasks hold; the application's commands come in here
//! - [`outbound`]: the queue of bytes towards the client, written by whoever sends
//! - [`codec`]: frames as they are read
//! - [`deflate`]: what is agreed on compression, and messages on their way out
//! - [`driver`]: reads frames, makes events of them, and writes what `outbound` could not at once
//! - [`close`]: close frames, and which code says what
//! - [`registry`], [`sweep`]: all sockets; one loop that pings them and ends those that are overdue

mod close;
pub(crate) mod codec;
mod deflate;
mod denial;
mod driver;
mod handshake;
mod outbound;
mod registry;
mod socket;
pub(crate) mod sweep;

pub(crate) use close::BROKEN;
pub use deflate::Deflate;
pub(crate) use handshake::{handshake, is_handshake};
pub(crate) use registry::Registry;
