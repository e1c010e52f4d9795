//! Where values are on a chart.

use crate::report::spread::Spread;

/// An axis from its least to its most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    from: f64,
    to: f64,
    step: f64,
    log: bool,
}

impl Axis {
    /// One that holds all of `spreads`; `None` without any. A logarithmic one has no place for what is not above
    /// zero: such values are at its start.
    pub(super) fn over(spreads: impl Iterator<Item = Spread>, log: bool) -> Option<Self> {
        let values: Vec<f64> = spreads
            .flat_map(|spread| [spread.min, spread.median, spread.max])
            .collect();
        let most = values.iter().copied().reduce(f64::max)?;
        if log {
            let least = values
                .iter()
                .copied()
                .filter(|value| *value > 0.0)
                .reduce(f64::min)?;
            // A bar of the least value is to be seen, too.
            let from = 10_f64.powf((least / 1.5).log10().floor());
            let to = 10_f64.powf(most.log10().ceil()).max(from * 10.0);
            return Some(Self {
                from,
                to,
                step: 10.0,
                log,
            });
        }
        let most = most.max(f64::MIN_POSITIVE);
        // Some five steps of 1, 2 or 5 times a power of ten.
        let rough = most / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|factor| factor * power)
            .find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        Some(Self {
            from: 0.0,
            to: (most / step).ceil() * step,
            step,
            log,
        })
    }

    /// Where `value` is, from 0 to 1.
    pub(super) fn place(&self, value: f64) -> f64 {
        let place = if self.log {
            (value.max(self.from) / self.from).log10() / (self.to / self.from).log10()
        } else {
            value / self.to
        };
        place.clamp(0.0, 1.0)
    }

    /// What is written at it.
    pub(super) fn ticks(self) -> Vec<f64> {
        let mut ticks = Vec::new();
        let mut tick = self.from;
        while tick <= self.to * 1.000_001 && ticks.len() < 40 {
            ticks.push(tick);
            tick = if self.log {
                tick * self.step
            } else {
                self.from + self.step * ticks.len() as f64
            };
        }
        ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(values: &[f64], log: bool) -> Axis {
        let spread = |value: &f64| Spread {
            median: *value,
            min: *value,
            max: *value,
        };
        Axis::over(values.iter().map(spread), log).unwrap()
    }

    #[test]
    fn steps_are_round() {
        let even = axis(&[3.0, 870.0], false);
        assert_eq!(even.ticks(), [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]);
        assert!((even.place(500.0) - 0.5).abs() < 1e-9);
        assert_eq!(axis(&[1.0], false).ticks().last(), Some(&1.0));
    }

    #[test]
    fn decades_are_evenly_spaced() {
        let log = axis(&[300.0, 40_000.0], true);
        assert_eq!(log.ticks(), [100.0, 1_000.0, 10_000.0, 100_000.0]);
        assert!((log.place(1_000.0) - 1.0 / 3.0).abs() < 1e-9);
        assert_eq!(log.place(0.0), 0.0);
        assert!(axis(&[100.0], true).place(100.0) > 0.0);
    }

    #[test]
    fn nothing_has_no_axis() {
        assert_eq!(Axis::over(std::iter::empty(), false), None);
    }
}
