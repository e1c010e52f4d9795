//! How many processes and threads serve.

use std::num::NonZeroUsize;

use clap::Args;
use laureola::server::handover::Handover;

use super::values::bytes;

const HEADING: &str = "Processes and threads";

/// One process with a thread per processor is enough for native applications.
#[derive(Clone, Debug, Args)]
pub struct Processes {
    /// Processes that share the listeners, watched over and started again by a parent; 1 serves in the
    /// one process there is
    #[arg(long, value_name = "N", default_value = "1", help_heading = HEADING)]
    pub workers: NonZeroUsize,

    /// Memory a process of --workers may hold, as in 512m. One that holds more closes its connections, as when
    /// it is asked to stop, and a new one takes its place; one process at a time
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = HEADING)]
    pub workers_max_rss: Option<usize>,

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

impl Processes {
    /// Whether there is a parent that watches over the processes which serve.
    #[must_use]
    pub fn are_supervised(&self) -> bool {
        self.workers.get() > 1 || self.workers_max_rss.is_some()
    }
}
