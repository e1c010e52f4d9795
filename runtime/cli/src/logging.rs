//! What goes to stderr.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging at Daphne's verbosity levels.
pub(crate) fn start(verbosity: u8) {
    let filter = match verbosity {
        0 => "warn",
        1 => "info",
        2 => "info,laureola=debug,laureola_server=debug,laureola_redis=debug,laureola_layers=debug",
        _ => "debug",
    };
    let started = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(verbosity > 1)
        .try_init();
    // An embedding program may have a subscriber of its own; then that one is used.
    drop(started);
}
