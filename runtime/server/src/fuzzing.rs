//! The parsers as fuzzers call them: any bytes in, a panic where something that must hold does not.

/// A client's WebSocket frames, plain and compressed.
pub fn websocket_frames(data: &[u8]) {
    crate::websocket::codec::fuzzing::decode_anything(data);
}
