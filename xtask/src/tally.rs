//! The sum over all test binaries of a `cargo test`, which itself sums up each binary alone.

use std::fmt;

/// How many tests ended how.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: usize,
    failed: usize,
    ignored: usize,
    binaries: usize,
}

impl Tally {
    /// Adds a line of output, if it is one like `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    pub(crate) fn add(&mut self, line: &str) {
        let Some((_, counts)) = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        self.binaries += 1;
        for (number, what) in counts.split("; ").filter_map(|count| count.split_once(' ')) {
            let number = number.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            ignored,
            binaries,
        } = self;
        let run = passed + failed;
        write!(
            f,
            "{run} tests run: {passed} passed, {failed} failed, {ignored} ignored in {binaries} test binaries"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_up_the_result_lines_and_nothing_else() {
        let mut tally = Tally::default();
        for line in [
            "running 2 tests",
            "test a ... ok",
            "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "",
            "test result: FAILED. 10 passed; 1 failed; 3 ignored; 0 measured; 7 filtered out; finished in 1.02s",
        ] {
            tally.add(line);
        }
        assert_eq!(
            tally,
            Tally {
                passed: 12,
                failed: 1,
                ignored: 3,
                binaries: 2
            }
        );
        assert_eq!(
            tally.to_string(),
            "13 tests run: 12 passed, 1 failed, 3 ignored in 2 test binaries"
        );
    }
}
