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
    /// Bytes of a request's body; above it 413, before the application is called where the length
    /// is announced, and the connection closes. Default none, as in Daphne: frameworks have limits
    /// of their own, and a body is read no faster than the application takes it.
    pub max_request_body: Option<u64>,
    /// Bytes of a WebSocket message, all fragments together; above it the socket is closed with
    /// 1009. 0 is no limit. Default 1 MiB, as `--websocket-max-message-size`.
    pub websocket_max_message: usize,
    /// Bytes of one WebSocket frame; above it the socket is closed with 1009. 0 is no limit.
    /// Default 1 MiB, as `--websocket-max-frame-size`.
    pub websocket_max_frame: usize,
    /// Bytes that may wait for one WebSocket client before `send` waits (and `try_send` says
    /// "full"): the high-water mark. With it a socket holds at most this and one message more.
    /// Default 64 KiB.
    pub websocket_outbound_bytes: usize,
    /// Bytes that may wait for one WebSocket client where the sender can neither wait nor drop
    /// ([`Sender::deliver`](laureola_asgi::Sender::deliver)): a client that would owe more is closed
    /// with 1013 ("try again later") as a slow consumer, and so is one that takes not a single byte
    /// for [`slow_client_timeout`](crate::Builder::slow_client_timeout) while some wait. Never
    /// less than the high-water mark. Default 1 MiB.
    pub websocket_outbound_cap: usize,
    /// Events that may wait for a WebSocket's application before the server stops reading from
    /// the client. Default 16.
    pub websocket_inbound_events: usize,
    /// Connections served at a time, at least 1; further ones wait in the kernel's backlog (one of
    /// every listener within the server), and the log says so. Default none.
    pub max_connections: Option<usize>,
    /// Streams of an HTTP/2 connection that may be open at a time; further ones are refused.
    /// Default 100.
    pub http2_max_streams: u32,
    /// Bytes of an HTTP/2 request's body, or of a WebSocket's messages, that a client may send
    /// before they are read. Default 256 KiB.
    pub http2_stream_window: u32,
    /// The same for all streams of a connection together: the most a connection holds of what its
    /// applications do not read. From 64 KiB - 1. Default 1 MiB.
    pub http2_connection_window: u32,
    /// Bytes of an HTTP/2 frame from a client, from 16 KiB to 16 MiB - 1. Default 16 KiB.
    pub http2_max_frame: u32,
    /// Bytes of one HTTP/2 stream that may wait to be written, the client's windows allowing.
    /// Default 64 KiB.
    pub http2_send_buffer: usize,
    /// Streams that an HTTP/2 client may reset within 10 seconds; if it resets more, and these are
    /// more than half of those it opened, it is cut off (ENHANCE_YOUR_CALM). Default 200.
    pub http2_max_resets: u32,
    /// Streams that a client may reset before they were looked at, at a time; above it the client
    /// is cut off. Default 20.
    pub http2_max_pending_resets: usize,
    /// Streams reset by the server because of the client's errors, in all the time of a
    /// connection; above it the client is cut off. Default 1024.
    pub http2_max_stream_errors: usize,
    /// PING and SETTINGS frames within 10 seconds; above it the client is cut off. Default 1000.
    pub http2_max_controls: u32,
    /// Connections of one address at a time: an IPv4 address, or a whole IPv6 network of 64 bits,
    /// which is what one client has. Further ones are closed at once, and the log says so. UNIX
    /// sockets are not counted; behind the PROXY protocol it is the address that it names. Default
    /// none, as behind a proxy all clients come from one address.
    pub max_connections_per_address: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_header_bytes: 64 * 1024,
            max_header_count: 100,
            max_request_body: None,
            websocket_max_message: 1024 * 1024,
            websocket_max_frame: 1024 * 1024,
            websocket_outbound_bytes: 64 * 1024,
            websocket_outbound_cap: 1024 * 1024,
            websocket_inbound_events: 16,
            max_connections: None,
            http2_max_streams: 100,
            http2_stream_window: 256 * 1024,
            http2_connection_window: 1024 * 1024,
            http2_max_frame: 16 * 1024,
            http2_send_buffer: 64 * 1024,
            http2_max_resets: 200,
            http2_max_pending_resets: 20,
            http2_max_stream_errors: 1024,
            http2_max_controls: 1000,
            max_connections_per_address: None,
        }
    }
}
