//! Scores of sorted sets: times that never repeat.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use redis::{RedisWrite, ToRedisArgs, ToSingleRedisArg};

/// Seconds since 1970 to the microsecond, as Redis keeps them in a float of 64 bits.
///
/// Such a float tells times 0.24 µs apart in this century, so neighbouring microseconds differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Score(u64);

impl Score {
    /// The present moment.
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(micros(since))
    }

    /// That long before.
    pub(crate) fn before(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

impl ToRedisArgs for Score {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        out.write_arg_fmt(self);
    }
}

impl ToSingleRedisArg for Score {}

/// Hands out scores that increase strictly.
///
/// Messages of equal score come out in the order of their random bytes, so two sent within one
/// tick of the clock would change places half the time. A clock that is set back does not turn
/// the order around either: such scores are ahead of the time then, and nothing but a place in the
/// order. What has expired is told by [`Score::now`].
#[derive(Debug, Default)]
pub(crate) struct Clock(AtomicU64);

impl Clock {
    /// Now, or a microsecond after the last one.
    pub(crate) fn next(&self) -> Score {
        let now = Score::now().0;
        let last = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
                Some(now.max(last + 1))
            })
            .expect("the update never refuses");
        Score(now.max(last + 1))
    }

    /// One that has handed out a score that far in the future: the machine's clock was set back.
    #[cfg(test)]
    pub(crate) fn ahead(by: Duration) -> Self {
        Self(AtomicU64::new(Score::now().0 + micros(by)))
    }
}

fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_increase_strictly_also_as_floats() {
        let clock = Clock::default();
        let scores: Vec<f64> = (0..10_000)
            .map(|_| clock.next().to_string().parse().expect("a number"))
            .collect();
        assert!(scores.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_clock_set_back_goes_on_from_where_it_was() {
        let future = Score::now().0 + 3_600_000_000;
        let clock = Clock(AtomicU64::new(future));
        assert_eq!(clock.next(), Score(future + 1));
        assert_eq!(clock.next(), Score(future + 2));
    }

    #[test]
    fn a_score_reads_as_seconds() {
        let score = Score(1_700_000_000_000_005);
        assert_eq!(score.to_string(), "1700000000.000005");
        assert_eq!(
            score.before(Duration::from_millis(1)).to_string(),
            "1699999999.999005"
        );
    }
}
