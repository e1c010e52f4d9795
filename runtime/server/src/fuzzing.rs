//! What the fuzz targets call: each takes any bytes and panics where a property does not hold.
//!
//! For `fuzz/` and for the test that runs its seeds; no part of the public interface.

mod endpoint;
mod forwarded;
mod head;
mod path;
mod proxy;

pub use endpoint::endpoint;
pub use forwarded::forwarded_for;
pub use head::header_path;
pub use path::path_decoding;
pub use proxy::proxy_protocol;

/// A client's WebSocket frames, plain and compressed.
pub fn frame_parser(data: &[u8]) {
    crate::websocket::codec::fuzzing::decode_anything(data);
}
