//! `--workers-max-rss`: when a worker is to make room for a new one, and whose turn that is.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::HASTY;
use crate::args::Args;
use crate::control::time_to_stop;

/// How much memory a worker may hold.
pub(super) struct Bound {
    bytes: u64,
    /// How long one that is over it has to end.
    pub(super) grace: Duration,
    /// One at a time: the others have its clients meanwhile.
    turn: Arc<Semaphore>,
}

/// Held from the moment a worker is told to end until the one in its place serves.
pub(super) type Turn = OwnedSemaphorePermit;

impl Bound {
    pub(super) fn of(args: &Args) -> Option<Self> {
        let bytes = args.serve.processes.workers_max_rss.filter(|bytes| *bytes > 0)?;
        Some(Self {
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
            grace: time_to_stop(&args.serve.stopping) + HASTY,
            turn: Arc::new(Semaphore::new(1)),
        })
    }

    /// What a worker holds, and its turn to end, where that is too much and no other one's turn.
    pub(super) fn exceeded(&self, pid: Option<u32>) -> Option<(u64, Turn)> {
        let held = resident(pid?)?;
        if held <= self.bytes {
            return None;
        }
        let turn = Arc::clone(&self.turn).try_acquire_owned().ok()?;
        Some((held, turn))
    }
}

/// The memory of a process, as the kernel counts it. `None` where it does not say, on systems other than Linux.
fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
