//! Warnings of one kind, of which a bad day has thousands: some are said, the others are counted.

use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;
use tracing::warn;

/// Lines of one kind in a window.
pub(crate) const LINES: usize = 10;
const WINDOW: Duration = Duration::from_secs(10);

/// Counts what was said within the current window.
#[derive(Debug, Default)]
pub(crate) struct Complaints(Mutex<usize>);

impl Complaints {
    /// Warns, or counts.
    pub(crate) fn warn(&self, line: impl fmt::Display) {
        let said = {
            let mut said = self.0.lock();
            *said += 1;
            *said
        };
        if said <= LINES {
            warn!("{line}");
        }
    }

    /// Begins a window whenever one is over, until it is dropped.
    pub(crate) async fn run(&self) {
        loop {
            tokio::time::sleep(WINDOW).await;
            self.sum_up();
        }
    }

    /// Says how many lines were left out, and begins a window.
    pub(crate) fn sum_up(&self) {
        let said = std::mem::take(&mut *self.0.lock());
        if said > LINES {
            warn!("… and {} more like that", said - LINES);
        }
    }
}

/// Warns of every one of `lines`, up to [`LINES`], and counts the others.
pub(crate) fn warn_all(lines: impl IntoIterator<Item = impl fmt::Display>) {
    let complaints = Complaints::default();
    for line in lines {
        complaints.warn(line);
    }
    complaints.sum_up();
}
