//! The bytes of the protocols, without I/O.

pub mod frame;
pub mod handshake;
pub mod http;
