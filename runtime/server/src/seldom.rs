//! Lines of the log that an attacker could write as many of as he likes.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// The shortest time between two lines on the same matter.
const BETWEEN: Duration = Duration::from_secs(10);

/// Says when it is time for a line; see the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    since: u64,
}

impl Seldom {
    /// How often it was asked in vain since the last line, where it is time for one.
    pub(crate) fn line(&self) -> Option<u64> {
        let mut state = self.0.lock();
        if state.last.is_some_and(|last| last.elapsed() < BETWEEN) {
            state.since += 1;
            return None;
        }
        state.last = Some(Instant::now());
        Some(std::mem::take(&mut state.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_line_is_seldom_and_says_how_often_there_was_none() {
        let seldom = Seldom::default();
        let lines: Vec<_> = (0..4).map(|_| seldom.line()).collect();
        assert_eq!(lines, [Some(0), None, None, None]);
        tokio::time::advance(BETWEEN).await;
        assert_eq!(seldom.line(), Some(3));
    }
}
