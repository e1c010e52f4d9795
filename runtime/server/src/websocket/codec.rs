//! The framing of RFC 6455 and RFC 7692 as a server reads it, without I/O.
//!
//! A [`Decoder`] is fed with whatever bytes have come and yields messages and control frames. It
//! holds a frame's bytes only while the frame is incomplete: between two messages it holds nothing,
//! and so does a socket. What breaks the protocol is a [`Violation`] as soon as the bytes that came
//! leave no other way to read them, not when the frame is whole.
//!
//! - [`header`]: a frame's header, checked byte by byte
//! - [`mask`]: a client's masking key
//! - [`utf8`]: text that comes in pieces
//! - [`message`]: a message under way
//! - [`inflate`]: compressed messages
//! - [`decoder`]: all of it; [`violation`]: what may be wrong

mod decoder;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzzing;
mod header;
mod inflate;
mod mask;
mod message;
mod utf8;
mod violation;

#[cfg(test)]
mod tests;

pub(crate) use decoder::{Decoder, Item, Rules};
pub(crate) use inflate::Inflation;
pub(crate) use violation::Violation;
