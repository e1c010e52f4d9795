//! Log lines that may come a thousand times a second.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// So often, at most, the same thing is logged.
const INTERVAL: Duration = Duration::from_secs(10);

/// Lets one event through every ten seconds and counts the others, for a backend's complaints.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    count: usize,
}

impl Throttle {
    /// Notes `count` events; when it is time to log, how many there were since the last time.
    pub fn note(&self, count: usize) -> Option<usize> {
        if count == 0 {
            return None;
        }
        let mut state = self.0.lock();
        state.count += count;
        let now = Instant::now();
        if state.last.is_some_and(|last| now - last < INTERVAL) {
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn counts_what_it_does_not_let_through() {
        let throttle = Throttle::default();
        assert_eq!(throttle.note(0), None);
        assert_eq!(throttle.note(2), Some(2));
        assert_eq!(throttle.note(3), None);
        tokio::time::advance(INTERVAL).await;
        assert_eq!(throttle.note(1), Some(4));
    }
}
