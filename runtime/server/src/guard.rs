//! Reads every byte of every request head before hyper does, and refuses what must not pass.
//!
//! hyper's parser forgives what a proxy in front may read differently: bare LF, folded headers,
//! `Content-Length` beside `Transfer-Encoding`. Two readers that disagree on where a request ends
//! are how requests are smuggled, so the guard allows one reading only. It follows the framing of
//! the bodies, too, and thus stands at the head of every pipelined request.
//!
//! - [`scanner`]: the grammar, a state machine without I/O
//! - [`fields`]: what the headers say about the body
//! - [`ahead`]: sees a client leave that has sent its next request already
//! - [`aside`]: interim responses, which hyper cannot write
//! - [`idle`]: the time between two requests
//! - [`stream`]: the scanner between socket and hyper, with the deadlines of head and body

mod ahead;
pub(crate) mod aside;
pub(crate) mod fields;
mod idle;
pub(crate) mod scanner;
pub(crate) mod stream;

#[cfg(test)]
mod tests;

pub(crate) use aside::{Aside, UnderWay};
pub(crate) use fields::is_websocket;
pub(crate) use scanner::is_value;
pub(crate) use stream::{BodyFault, Deadlines, Fault, Guard};
