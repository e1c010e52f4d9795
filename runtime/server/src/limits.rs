//! What one client may cost.

/// Upper bounds per connection. Every field has a default that suits the open internet; a field is
/// changed with struct update syntax: `Limits { max_connections: Some(1000), ..Limits::default() }`.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request's head (request line and headers); above it 431. Default 64 KiB.
    pub max_header_bytes: usize,
    /// Headers of a request; above it 431. Default 100. Another value than 100 costs an
    /// allocation per request.
    pub max_header_count: usize,
    /// Bytes of a WebSocket message, all fragments together; above it the socket is closed with
    /// 1009. 0 is no limit. Default 1 MiB, as `--websocket-max-message-size`.
    pub websocket_max_message: usize,
    /// Bytes of one WebSocket frame; above it the socket is closed with 1009. 0 is no limit.
    /// Default 1 MiB, as `--websocket-max-frame-size`.
    pub websocket_max_frame: usize,
    /// Bytes that may wait for one WebSocket client before `send` waits (and `try_send` says
    /// "full"). A socket holds at most this and one message more. Default 64 KiB.
    pub websocket_outbound_bytes: usize,
    /// Events that may wait for a WebSocket's application before the server stops reading from
    /// the client. Default 16.
    pub websocket_inbound_events: usize,
    /// Bytes of the buffer a WebSocket reads through, held as long as the socket lives: this is
    /// the greater part of what an idle socket costs. Default 1 KiB.
    pub websocket_read_buffer: usize,
    /// Connections served at a time; further ones wait in the kernel's backlog. Default none.
    pub max_connections: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_header_bytes: 64 * 1024,
            max_header_count: 100,
            websocket_max_message: 1024 * 1024,
            websocket_max_frame: 1024 * 1024,
            websocket_outbound_bytes: 64 * 1024,
            websocket_inbound_events: 16,
            websocket_read_buffer: 1024,
            max_connections: None,
        }
    }
}
