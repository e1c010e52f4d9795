//! HTTP/2, with the client of the `h2` crate and with raw frames.

mod client;
mod requests;
