//! How many processes and threads serve.

use std::num::NonZeroUsize;

use clap::Args;
use laureola::server::handover::Handover;

const HEADING: &str = "Processes and threads";

/// One process with a thread per processor is enough for native applications.
#[derive(Clone, Debug, Args)]
pub struct Processes {
    /// Processes that share the listeners, watched over and started again by a parent; 1 serves in the
    /// one process there is
    #[arg(long, value_name = "N", default_value = "1", help_heading = HEADING)]
    pub workers: NonZeroUsize,

    /// Threads of a process [default: one per processor]
    #[arg(long, value_name = "N", help_heading = HEADING)]
    pub threads: Option<NonZeroUsize>,

    /// What the parent tells a process of --workers: its number, from 1.
    #[arg(long, hide = true, value_name = "NUMBER")]
    pub worker: Option<NonZeroUsize>,

    /// And what becomes of each listener.
    #[arg(long, hide = true, value_name = "HANDOVER", requires = "worker")]
    pub worker_takes: Vec<Handover>,
}
