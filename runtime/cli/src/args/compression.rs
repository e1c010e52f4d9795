//! permessage-deflate (RFC 7692).

use clap::Args;
use laureola::server::{Builder, Deflate};

use super::values::bytes;

const HEADING: &str = "WebSocket compression (permessage-deflate)";

/// Off by default, as in Daphne.
#[derive(Clone, Debug, Args)]
pub struct Compression {
    /// Compress WebSocket messages for clients that offer it, with a level from 1 (fast) to 9 (small);
    /// not where secrets stand beside a client's own words, as sizes give them away (BREACH)
    #[arg(
        long,
        value_name = "LEVEL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "6",
        value_parser = clap::value_parser!(u32).range(1..=9),
        help_heading = HEADING
    )]
    pub websocket_compression: Option<u32>,

    /// Size of the shortest message that is compressed
    #[arg(
        long,
        value_name = "BYTES",
        default_value = "1k",
        value_parser = bytes,
        requires = "websocket_compression",
        help_heading = HEADING
    )]
    pub websocket_compression_threshold: usize,

    /// The greatest window of our messages, in bits
    #[arg(
        long,
        value_name = "BITS",
        default_value = "15",
        value_parser = clap::value_parser!(u8).range(9..=15),
        requires = "websocket_compression",
        help_heading = HEADING
    )]
    pub websocket_compression_window: u8,

    /// The greatest window of clients' messages, in bits
    #[arg(
        long,
        value_name = "BITS",
        default_value = "15",
        value_parser = clap::value_parser!(u8).range(9..=15),
        requires = "websocket_compression",
        help_heading = HEADING
    )]
    pub websocket_compression_client_window: u8,

    /// Let clients' messages refer to those before; a socket then holds a window, 40 KiB by default
    #[arg(long, requires = "websocket_compression", help_heading = HEADING)]
    pub websocket_compression_client_context: bool,
}

impl Compression {
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        builder.websocket_compression(self.websocket_compression.map(|level| Deflate {
            level,
            threshold: self.websocket_compression_threshold,
            server_max_window_bits: self.websocket_compression_window,
            client_max_window_bits: self.websocket_compression_client_window,
            client_no_context_takeover: !self.websocket_compression_client_context,
        }))
    }
}
