//! What goes to stderr.
//!
//! - [`format`](mod@format): `--log-fmt`, a line in the words of Python's `logging`
//! - `field`: what stands behind a `%(name)s`
//! - `line`: an event as such a line

mod field;
pub mod format;
mod line;

use tracing_subscriber::layer::{Identity, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

pub use format::{DAPHNES, Format};
use line::Line;

/// Starts logging at Daphne's verbosity levels.
pub(crate) fn start(verbosity: u8, format: &Format) {
    start_with(verbosity, format, None::<Identity>);
}

/// The same, beside another listener to what tracing tells.
pub(crate) fn start_with<L>(verbosity: u8, format: &Format, beside: Option<L>)
where
    L: Layer<Registry> + Send + Sync + 'static,
{
    let filter = match verbosity {
        0 => "warn",
        1 => "info",
        2 => {
            "info,laureola=debug,laureola_cli=debug,laureola_server=debug,laureola_redis=debug,\
              laureola_layers=debug"
        }
        _ => "debug",
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        // A log file is no terminal, and Python's lines have no colours.
        .with_ansi(false)
        .event_format(Line::new(format.clone()))
        .with_filter(EnvFilter::new(filter));
    let started = tracing_subscriber::registry().with(beside).with(lines).try_init();
    // An embedding program may have a subscriber of its own; then that one is used.
    drop(started);
}
