//! What only an application of Python's needs.

use clap::{Args, ValueEnum};

const HEADING: &str = "Python applications";

/// How Python runs.
#[derive(Clone, Debug, Args)]
pub struct PythonArgs {
    /// The event loop of Python applications
    #[arg(long = "loop", value_name = "LOOP", value_enum, default_value = "auto", help_heading = HEADING)]
    pub event_loop: EventLoop,

    /// Start again whenever a Python file below the current directory changes; for development
    #[arg(long, conflicts_with = "workers", help_heading = HEADING)]
    pub reload: bool,

    /// A plugin that is built into this command, such as chat, or into a module of your own; its routes
    /// come before the application's
    #[arg(long = "plugin", value_name = "NAME", help_heading = HEADING)]
    pub plugins: Vec<String>,
}

/// See [`PythonArgs::event_loop`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EventLoop {
    /// uvloop where it is installed, else Python's own
    Auto,
    /// Python's own
    Asyncio,
    /// uvloop
    Uvloop,
}

impl EventLoop {
    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Asyncio => "asyncio",
            Self::Uvloop => "uvloop",
        }
    }
}
