//! What the command says of its work.

use clap::Args;

use crate::logging::Format;

const HEADING: &str = "Logging";

/// What goes to stderr, and how it looks.
#[derive(Clone, Debug, Args)]
pub struct LoggingArgs {
    /// How much to log: 0 warnings, 1 what the server does, 2 what every connection does, 3 the same
    /// of the libraries within
    #[arg(
        short,
        long,
        value_name = "LEVEL",
        default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(0..=3),
        help_heading = HEADING
    )]
    pub verbosity: u8,

    /// How a line looks, in the words of Python's logging: %(asctime)s, %(levelname)s, %(message)s,
    /// %(name)s, %(process)d, %(threadName)s and their like, with widths
    #[arg(long, value_name = "FORMAT", default_value = crate::logging::DAPHNES, help_heading = HEADING)]
    pub log_fmt: Format,
}
