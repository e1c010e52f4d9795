//! The server over raw sockets.

mod handshake;
mod http;
mod support;
