//! HTTP/2, with the client of the `h2` crate and with raw frames.

mod client;
mod deadlines;
mod extensions;
mod floods;
mod malformed;
mod raw;
mod requests;
mod shutdown;
mod socket;
mod websockets;
