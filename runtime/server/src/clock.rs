//! Coarse time for everything that is counted per socket: one counter instead of a timer each.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::options::Options;

/// A point in time, in ticks since the server was made. Wraps after 136 years at one a second.
pub(crate) type Tick = u32;

/// The longest tick: timeouts of sockets are kept to within a second or two.
const TICK: Duration = Duration::from_secs(1);
const SHORTEST: Duration = Duration::from_millis(5);

/// Moved on by the server's one sweeping loop, read by every socket.
#[derive(Debug)]
pub(crate) struct Clock {
    now: AtomicU32,
    tick: Duration,
}

impl Clock {
    /// A clock fine enough for the shortest timeout in `options`.
    pub(crate) fn new(options: &Options) -> Self {
        let shortest = [
            options.ping_interval,
            options.ping_timeout,
            options.websocket_timeout,
        ]
        .into_iter()
        .flatten()
        .chain([options.websocket_close_timeout, options.slow_client_timeout])
        .min()
        .unwrap_or(TICK);
        Self {
            now: AtomicU32::new(1),
            tick: (shortest / 4).clamp(SHORTEST, TICK),
        }
    }

    pub(crate) fn now(&self) -> Tick {
        self.now.load(Ordering::Relaxed)
    }

    pub(crate) fn advance(&self) -> Tick {
        self.now.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(crate) fn tick(&self) -> Duration {
        self.tick
    }

    /// `duration` in ticks, rounded up, at least one.
    pub(crate) fn ticks(&self, duration: Duration) -> Tick {
        let ticks = duration.as_nanos().div_ceil(self.tick.as_nanos());
        Tick::try_from(ticks).unwrap_or(Tick::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_round_up_and_follow_the_shortest_timeout() {
        let clock = Clock::new(&Options::default());
        assert_eq!(clock.tick(), TICK);
        assert_eq!(clock.ticks(Duration::from_millis(1001)), 2);
        assert_eq!(clock.ticks(Duration::ZERO), 1);
        let options = Options {
            ping_interval: Some(Duration::from_millis(40)),
            ..Options::default()
        };
        assert_eq!(Clock::new(&options).tick(), Duration::from_millis(10));
    }
}
