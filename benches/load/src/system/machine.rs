//! The whole machine's CPU time.

use std::fs;

use rustix::param::clock_ticks_per_second;

/// CPU seconds since the machine started, over all its cores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Machine {
    /// Of everything.
    pub total: f64,
    /// Of processes and the kernel.
    pub busy: f64,
    /// That a hypervisor gave to others.
    pub stolen: f64,
}

impl Machine {
    /// As of now; zeros where there is no `/proc`.
    #[must_use]
    pub fn now() -> Self {
        let text = fs::read_to_string("/proc/stat").unwrap_or_default();
        Self::parse(&text, clock_ticks_per_second() as f64)
    }

    fn parse(text: &str, ticks: f64) -> Self {
        let line = text.lines().next().unwrap_or_default();
        // user nice system idle iowait irq softirq steal; guests are in user already.
        let fields: Vec<f64> = line
            .split_ascii_whitespace()
            .skip(1)
            .take(8)
            .map_while(|field| field.parse().ok())
            .collect();
        let at = |index: usize| fields.get(index).copied().unwrap_or_default() / ticks;
        let total = (0..8).map(at).sum::<f64>();
        Self {
            total,
            busy: total - at(3) - at(4) - at(7),
            stolen: at(7),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_line_is_understood() {
        let machine = Machine::parse("cpu  100 10 50 800 20 5 5 10 0 0\ncpu0 1 2 3\n", 10.0);
        assert_eq!((machine.total, machine.busy, machine.stolen), (100.0, 17.0, 1.0));
        assert!(Machine::now().total > 0.0);
    }
}
