//! How many messages may wait, by channel name.

use std::fmt;

use glob::Pattern;
use regex::Regex;

/// A default capacity, and exceptions by pattern (channels_redis' `capacity` and
/// `channel_capacity`).
///
/// A pattern is a glob over the whole channel name, as Python's `fnmatch` reads it: `*`, `?`,
/// `[seq]`, `[!seq]`; the first that matches counts.
///
/// ```
/// use laureola_layers::Capacities;
///
/// let capacities = Capacities::new(100).with("thumbnails", 10)?.with("specific.*", 1_000)?;
/// assert_eq!(capacities.of("thumbnails"), 10);
/// assert_eq!(capacities.of("specific.ab!cd"), 1_000);
/// assert_eq!(capacities.of("mail"), 100);
/// # Ok::<_, laureola_layers::CapacityError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Capacities {
    default: usize,
    rules: Vec<(Rule, usize)>,
}

/// Which channels an exception is for.
#[derive(Clone, Debug)]
enum Rule {
    Glob(Pattern),
    Regex(Regex),
}

impl Rule {
    fn matches(&self, channel: &str) -> bool {
        match self {
            Self::Glob(pattern) => pattern.matches(channel),
            Self::Regex(pattern) => pattern.is_match(channel),
        }
    }
}

/// A pattern that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapacityError {
    pattern: String,
    reason: String,
}

impl fmt::Display for CapacityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the channel capacity pattern {:?} is not valid: {}",
            self.pattern, self.reason
        )
    }
}

impl std::error::Error for CapacityError {}

impl Capacities {
    /// The same capacity, at least 1, for every channel.
    #[must_use]
    pub fn new(default: usize) -> Self {
        Self {
            default: default.max(1),
            rules: Vec::new(),
        }
    }

    /// One more exception, behind those there are.
    ///
    /// # Errors
    /// [`CapacityError`] for a pattern that cannot be read.
    pub fn with(mut self, pattern: &str, capacity: usize) -> Result<Self, CapacityError> {
        let compiled = Pattern::new(pattern).map_err(|error| CapacityError {
            pattern: pattern.to_owned(),
            reason: error.msg.to_owned(),
        })?;
        self.rules.push((Rule::Glob(compiled), capacity.max(1)));
        Ok(self)
    }

    /// The same with a regular expression, which has to match from the name's beginning (Python's
    /// `re.match`) but not up to its end.
    ///
    /// # Errors
    /// [`CapacityError`] for a pattern that cannot be read; look-around and back-references are
    /// not known.
    pub fn with_regex(mut self, pattern: &str, capacity: usize) -> Result<Self, CapacityError> {
        let compiled = Regex::new(&format!("^(?:{pattern})")).map_err(|error| CapacityError {
            pattern: pattern.to_owned(),
            // Its text shows the pattern once more, over several lines, before it says what is wrong.
            reason: error.to_string().lines().last().unwrap_or_default().to_owned(),
        })?;
        self.rules.push((Rule::Regex(compiled), capacity.max(1)));
        Ok(self)
    }

    /// The same exceptions, with another capacity for all other channels.
    #[must_use]
    pub fn with_default(mut self, default: usize) -> Self {
        self.default = default.max(1);
        self
    }

    /// How many messages may wait in a channel.
    #[must_use]
    pub fn of(&self, channel: &str) -> usize {
        let rule = self.rules.iter().find(|(pattern, _)| pattern.matches(channel));
        rule.map_or(self.default, |(_, capacity)| *capacity)
    }
}

impl Default for Capacities {
    /// 100 messages, as in channels_redis.
    fn default() -> Self {
        Self::new(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pattern_that_matches_counts() {
        let capacities = Capacities::new(5).with("a.?", 1).and_then(|c| c.with("a.*", 2));
        let capacities = capacities.expect("globs");
        assert_eq!(
            ["a.b", "a.bc", "b", "A.b"].map(|name| capacities.of(name)),
            [1, 2, 5, 5]
        );
    }

    #[test]
    fn a_pattern_matches_the_whole_name_and_a_bad_one_is_said() {
        let capacities = Capacities::new(5).with("[ab]x", 1).expect("a glob");
        assert_eq!(
            ["ax", "axx", "cax", "cx"].map(|name| capacities.of(name)),
            [1, 5, 5, 5]
        );
        let error = Capacities::default()
            .with("[a", 1)
            .expect_err("no glob")
            .to_string();
        assert!(error.contains("\"[a\" is not valid"), "{error}");
    }

    #[test]
    fn a_regular_expression_matches_from_the_beginning() {
        let capacities = Capacities::new(5).with_regex("a|b.c", 1).expect("a regex");
        assert_eq!(
            ["ax", "bxcx", "xa", "bc"].map(|name| capacities.of(name)),
            [1, 1, 5, 5]
        );
        let error = Capacities::default()
            .with_regex("(?=a)", 1)
            .expect_err("look-ahead");
        assert!(error.to_string().contains("\"(?=a)\" is not valid"), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }

    #[test]
    fn at_least_one_message_may_wait() {
        assert_eq!(Capacities::new(0).with("x", 0).expect("a glob").of("x"), 1);
    }
}
