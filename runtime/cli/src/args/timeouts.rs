//! How long clients and applications may take.

use std::time::Duration;

use clap::Args;
use laureola::server::Builder;

use super::values::{Limit, seconds};

const HTTP: &str = "HTTP timeouts";
const WEBSOCKET: &str = "WebSocket timeouts";

/// Flags of Daphne, with its defaults, and a few more. All in seconds, fractions too.
#[derive(Clone, Debug, Args)]
pub struct Timeouts {
    /// Time for a whole response: then 503, or the end of one under way [default: no limit]
    #[arg(short = 't', long, value_name = "SECONDS", allow_negative_numbers = true, help_heading = HTTP)]
    pub http_timeout: Option<Limit>,

    /// Time an application has to end after its client has left; then it is stopped, and the log says
    /// so
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds, help_heading = HTTP)]
    pub application_close_timeout: Duration,

    /// Time for the head of a request, from its first byte
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds, help_heading = HTTP)]
    pub header_timeout: Duration,

    /// How long a connection may idle between two requests
    #[arg(long, value_name = "SECONDS", default_value = "75", value_parser = seconds, help_heading = HTTP)]
    pub keep_alive_timeout: Duration,

    /// How long the next byte of a request's body may take, once the application waits for it
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds, help_heading = HTTP)]
    pub body_timeout: Duration,

    /// How long a client may take not a single byte of what waits for it, response or WebSocket
    /// messages
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds, help_heading = HTTP)]
    pub slow_client_timeout: Duration,

    /// Silence after which a WebSocket client is pinged; 0 for never
    #[arg(long, value_name = "SECONDS", default_value = "20", allow_negative_numbers = true, help_heading = WEBSOCKET)]
    pub ping_interval: Limit,

    /// Time for a sign of life after a ping, then the connection is cut; 0 for no limit
    #[arg(long, value_name = "SECONDS", default_value = "30", allow_negative_numbers = true, help_heading = WEBSOCKET)]
    pub ping_timeout: Limit,

    /// How long a WebSocket may last; -1 for ever
    #[arg(
        long = "websocket_timeout",
        alias = "websocket-timeout",
        value_name = "SECONDS",
        default_value = "86400",
        allow_negative_numbers = true,
        help_heading = WEBSOCKET
    )]
    pub websocket_timeout: Limit,

    /// Time for the application to accept a WebSocket; -1 for no limit
    #[arg(
        long = "websocket_connect_timeout",
        alias = "websocket-connect-timeout",
        value_name = "SECONDS",
        default_value = "5",
        allow_negative_numbers = true,
        help_heading = WEBSOCKET
    )]
    pub websocket_connect_timeout: Limit,

    /// Time for a client to answer a close
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds, help_heading = WEBSOCKET)]
    pub websocket_close_timeout: Duration,
}

impl Timeouts {
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        builder
            .http_timeout(self.http_timeout.and_then(Limit::unless_zero))
            .application_close_timeout(self.application_close_timeout)
            .header_timeout(self.header_timeout)
            .keep_alive_timeout(self.keep_alive_timeout)
            .body_timeout(self.body_timeout)
            .slow_client_timeout(self.slow_client_timeout)
            .ping_interval(self.ping_interval.unless_zero())
            .ping_timeout(self.ping_timeout.unless_zero())
            .websocket_timeout(self.websocket_timeout.0)
            .websocket_connect_timeout(self.websocket_connect_timeout.0)
            .websocket_close_timeout(self.websocket_close_timeout)
    }
}
