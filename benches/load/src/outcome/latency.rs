//! Latencies, gathered without an allocation each, and what they come to.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// An hour in microseconds: what takes longer counts as an hour.
const LONGEST: u64 = 3_600_000_000;

/// Percentiles in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Half were as quick.
    pub p50: u64,
    /// Nine in ten.
    pub p90: u64,
    /// 99 in a hundred.
    pub p99: u64,
    /// 999 in a thousand.
    pub p999: u64,
    /// The slowest.
    pub max: u64,
    /// The average.
    pub mean: f64,
}

/// A histogram that is good to three digits.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST, 3);
        Self(histogram.expect("the bounds are in order and three digits are allowed"))
    }
}

impl Latencies {
    /// Counts one.
    #[inline]
    pub fn record(&mut self, micros: u64) {
        self.0.saturating_record(micros);
    }

    /// `None` if nothing was counted.
    #[must_use]
    pub fn summary(&self) -> Option<Latency> {
        let histogram = &self.0;
        (!histogram.is_empty()).then(|| Latency {
            p50: histogram.value_at_quantile(0.5),
            p90: histogram.value_at_quantile(0.9),
            p99: histogram.value_at_quantile(0.99),
            p999: histogram.value_at_quantile(0.999),
            max: histogram.max(),
            mean: histogram.mean(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_counted() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.summary(), None);
        for micros in 1..=1000 {
            latencies.record(micros);
        }
        let summary = latencies.summary().unwrap();
        assert_eq!((summary.p50, summary.p99, summary.max), (500, 990, 1000));
        latencies.record(u64::MAX);
        assert!(latencies.summary().unwrap().max >= LONGEST);
    }
}
