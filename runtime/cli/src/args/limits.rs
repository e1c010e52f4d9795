//! What one client may cost.

use std::num::{NonZeroU32, NonZeroUsize};

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

    /// Streams of an HTTP/2 connection that may be open at a time; further ones are refused, and a
    /// browser sends them again
    #[arg(long, value_name = "STREAMS", default_value = "100", help_heading = HEADING)]
    pub http2_max_streams: NonZeroU32,

    /// Streams that an HTTP/2 client may reset within 10 seconds; one that resets more, and more than
    /// half of what it opened, is cut off
    #[arg(long, value_name = "RESETS", default_value = "200", help_heading = HEADING)]
    pub http2_max_resets: u32,

    /// PING and SETTINGS frames that an HTTP/2 client may send within 10 seconds; one that sends more
    /// is cut off
    #[arg(long, value_name = "FRAMES", default_value = "1000", help_heading = HEADING)]
    pub http2_max_controls: u32,
}

impl LimitArgs {
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        builder.limits(self.limits())
    }

    fn limits(&self) -> Limits {
        Limits {
            websocket_max_message: self.websocket_max_message_size,
            websocket_max_frame: self.websocket_max_frame_size,
            max_header_bytes: self.max_header_size,
            max_header_count: self.max_header_count.get(),
            max_request_body: (self.max_request_body_size > 0).then_some(self.max_request_body_size as u64),
            max_connections_per_address: self.limit_connections_per_address.map(NonZeroUsize::get),
            websocket_outbound_bytes: self.websocket_outbound_buffer,
            websocket_outbound_cap: self.websocket_outbound_limit,
            max_connections: self.limit_connections.map(NonZeroUsize::get),
            http2_max_streams: self.http2_max_streams.get(),
            http2_max_resets: self.http2_max_resets,
            http2_max_controls: self.http2_max_controls,
            ..Limits::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        limits: LimitArgs,
    }

    fn limits(flags: &[&str]) -> Limits {
        let line = ["laureola"].iter().chain(flags);
        Line::try_parse_from(line).expect("flags").limits.limits()
    }

    /// The flags' defaults are written down a second time: they are the library's.
    #[test]
    fn without_a_flag_the_limits_are_the_servers_own() {
        assert_eq!(format!("{:?}", limits(&[])), format!("{:?}", Limits::default()));
    }

    #[test]
    fn every_flag_reaches_its_limit() {
        let limits = limits(&[
            "--websocket-max-message-size=1k",
            "--websocket-max-frame-size=2k",
            "--max-header-size=3k",
            "--max-header-count=4",
            "--max-request-body-size=5",
            "--limit-connections=6",
            "--limit-connections-per-address=7",
            "--websocket-outbound-buffer=8",
            "--websocket-outbound-limit=9",
            "--http2-max-streams=10",
            "--http2-max-resets=11",
            "--http2-max-controls=12",
        ]);
        assert_eq!(limits.websocket_max_message, 1024);
        assert_eq!(limits.websocket_max_frame, 2048);
        assert_eq!(limits.max_header_bytes, 3072);
        assert_eq!(limits.max_header_count, 4);
        assert_eq!(limits.max_request_body, Some(5));
        assert_eq!(limits.max_connections, Some(6));
        assert_eq!(limits.max_connections_per_address, Some(7));
        assert_eq!(limits.websocket_outbound_bytes, 8);
        assert_eq!(limits.websocket_outbound_cap, 9);
        assert_eq!(limits.http2_max_streams, 10);
        assert_eq!(limits.http2_max_resets, 11);
        assert_eq!(limits.http2_max_controls, 12);
    }
}
