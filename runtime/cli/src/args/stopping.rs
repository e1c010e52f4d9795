//! How a server ends.

use std::time::Duration;

use clap::Args;
use laureola::server::Builder;

use super::values::seconds;

const HEADING: &str = "Stopping (SIGTERM, SIGINT)";

/// What happens between a signal and the exit.
#[derive(Clone, Debug, Args)]
pub struct Stopping {
    /// How long to serve on, new connections too, while /readyz says 503 already: time for a load
    /// balancer to notice
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds, help_heading = HEADING)]
    pub shutdown_delay: Duration,

    /// Spread the closing of WebSockets over this time, so that their clients do not all come back at
    /// one moment; at most half of the shutdown timeout
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds, help_heading = HEADING)]
    pub shutdown_drain: Duration,

    /// What still runs this long after the delay is stopped, and named in the log
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds, help_heading = HEADING)]
    pub shutdown_timeout: Duration,
}

impl Stopping {
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        builder
            .shutdown_delay(self.shutdown_delay)
            .shutdown_drain(self.shutdown_drain)
            .shutdown_timeout(self.shutdown_timeout)
    }
}
