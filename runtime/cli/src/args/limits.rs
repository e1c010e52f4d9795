//! What one client may cost.

use std::num::NonZeroUsize;

use clap::Args;
use laureola::server::{Builder, Limits};

use super::values::bytes;

const HEADING: &str = "Limits (sizes in bytes, or with k, m, g)";

/// Upper bounds per client; the defaults suit the open internet.
#[derive(Clone, Debug, Args)]
pub struct LimitArgs {
    /// Size of a WebSocket message, all its frames together: above it the socket is closed with 1009;
    /// 0 for no limit, which lets any client fill the memory
    #[arg(long, value_name = "BYTES", default_value = "1048576", value_parser = bytes, help_heading = HEADING)]
    pub websocket_max_message_size: usize,

    /// Size of one WebSocket frame, as above
    #[arg(long, value_name = "BYTES", default_value = "1048576", value_parser = bytes, help_heading = HEADING)]
    pub websocket_max_frame_size: usize,

    /// Size of a request's head: above it 431
    #[arg(long, value_name = "BYTES", default_value = "64k", value_parser = bytes, help_heading = HEADING)]
    pub max_header_size: usize,

    /// Headers of a request: above it 431
    #[arg(long, value_name = "HEADERS", default_value = "100", help_heading = HEADING)]
    pub max_header_count: NonZeroUsize,

    /// Size of a request's body: above it 413; 0 for no limit but the application's own
    #[arg(long, value_name = "BYTES", default_value = "0", value_parser = bytes, help_heading = HEADING)]
    pub max_request_body_size: usize,

    /// Connections served at a time; further ones wait until one ends [default: no limit]
    #[arg(long, value_name = "CONNECTIONS", help_heading = HEADING)]
    pub limit_connections: Option<NonZeroUsize>,

    /// Connections of one address at a time; further ones are closed at once [default: no limit]
    #[arg(long, value_name = "CONNECTIONS", help_heading = HEADING)]
    pub limit_connections_per_address: Option<NonZeroUsize>,

    /// What may wait for one WebSocket client before the application's send waits
    #[arg(long, value_name = "BYTES", default_value = "64k", value_parser = bytes, help_heading = HEADING)]
    pub websocket_outbound_buffer: usize,

    /// What may wait for one WebSocket client where the sender cannot wait, such as a group send; a
    /// client that would owe more is closed with 1013
    #[arg(long, value_name = "BYTES", default_value = "1m", value_parser = bytes, help_heading = HEADING)]
    pub websocket_outbound_limit: usize,
}

impl LimitArgs {
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        builder.limits(Limits {
            websocket_max_message: self.websocket_max_message_size,
            websocket_max_frame: self.websocket_max_frame_size,
            max_header_bytes: self.max_header_size,
            max_header_count: self.max_header_count.get(),
            max_request_body: (self.max_request_body_size > 0).then_some(self.max_request_body_size as u64),
            max_connections_per_address: self.limit_connections_per_address.map(NonZeroUsize::get),
            websocket_outbound_bytes: self.websocket_outbound_buffer,
            websocket_outbound_cap: self.websocket_outbound_limit,
            max_connections: self.limit_connections.map(NonZeroUsize::get),
            ..Limits::default()
        })
    }
}
