//! Ctrl-C and SIGTERM: the runs end in order, and so does every process they started.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Whether somebody wants an end.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on the signals are only noted.
    pub(super) fn listen() -> Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&interrupt.0))
                .context("cannot listen for signals")?;
        }
        Ok(interrupt)
    }

    /// An error once a signal has come.
    pub(super) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            bail!("interrupted");
        }
        Ok(())
    }

    /// Asks `done` until it has something, for at most `deadline`.
    ///
    /// # Errors
    /// Its error, a signal, or the deadline, which `what` is the name of.
    pub(super) fn wait<T>(
        &self,
        what: &str,
        deadline: Duration,
        mut done: impl FnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        let end = Instant::now() + deadline;
        loop {
            if let Some(value) = done()? {
                return Ok(value);
            }
            self.check()?;
            if Instant::now() > end {
                bail!("{what}: not within {} s", deadline.as_secs());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}
