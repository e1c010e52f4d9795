//! Pauses between attempts to reach Redis.

use std::time::Duration;

/// The first pause, so that a killed connection costs little.
const FIRST: Duration = Duration::from_millis(50);
/// The longest, so that a server that is back is noticed within two seconds.
const LONGEST: Duration = Duration::from_secs(1);

/// Doubles from 50 ms to 1 s; each pause is a random half to whole of that, so that the processes
/// that lost the same server do not all come back at one moment.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) fn new() -> Self {
        Self(FIRST)
    }

    /// After a success.
    pub(crate) fn reset(&mut self) {
        self.0 = FIRST;
    }

    pub(crate) async fn pause(&mut self) {
        tokio::time::sleep(self.next()).await;
    }

    fn next(&mut self) -> Duration {
        let whole = self.0;
        self.0 = (whole * 2).min(LONGEST);
        // Without random bytes the pause is merely less random.
        let share = getrandom::u32().unwrap_or(u32::MAX / 2);
        whole.mul_f64(0.5 + 0.5 * f64::from(share) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit() {
        let mut backoff = Backoff::new();
        for _ in 0..20 {
            assert!(backoff.next() <= LONGEST);
        }
        assert!(backoff.next() >= LONGEST / 2);
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
