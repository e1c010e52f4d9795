//! The application's own life (ASGI Lifespan 2.0).

use std::time::Duration;

use clap::{Args, ValueEnum};
use laureola::server::{Builder, Lifespan};

use super::values::seconds;

const HEADING: &str = "Lifespan";

/// Whether the application is started and shut down.
#[derive(Clone, Debug, Args)]
pub struct LifespanArgs {
    /// Whether the application is told when the server starts and stops (ASGI's lifespan)
    #[arg(long, value_name = "MODE", value_enum, default_value = "auto", help_heading = HEADING)]
    pub lifespan: Mode,

    /// Time for the application's startup
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds, help_heading = HEADING)]
    pub startup_timeout: Duration,
}

/// See [`Lifespan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// It is, if it understands
    Auto,
    /// It is, and has to answer
    On,
    /// It is not
    Off,
}

impl LifespanArgs {
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        let lifespan = match self.lifespan {
            Mode::Auto => Lifespan::Auto,
            Mode::On => Lifespan::On,
            Mode::Off => Lifespan::Off,
        };
        builder.lifespan(lifespan).startup_timeout(self.startup_timeout)
    }
}
