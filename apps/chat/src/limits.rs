//! How much one connection may say.

use std::time::Duration;

use tokio::time::Instant;

/// Limits of what people send. 0 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Characters of a message. Default 4096.
    pub message_length: usize,
    /// Messages of one connection in ten seconds. Default 50.
    pub messages_per_10_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_length: 4096,
            messages_per_10_s: 50,
        }
    }
}

impl Limits {
    /// Whether a text is longer than a message may be.
    #[must_use]
    pub fn is_too_long(&self, text: &str) -> bool {
        // Characters are never more than bytes; few messages have to be counted.
        self.message_length > 0
            && text.len() > self.message_length
            && text.chars().count() > self.message_length
    }
}

/// The messages a connection may still send: a bucket that fills evenly, up to ten seconds' worth.
#[derive(Debug)]
pub(crate) struct Allowance {
    left: f64,
    since: Instant,
}

const SPAN: Duration = Duration::from_secs(10);

impl Allowance {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            left: f64::from(limits.messages_per_10_s),
            since: Instant::now(),
        }
    }

    /// Takes one message's worth, or says how long to wait for it.
    pub(crate) fn take(&mut self, limits: &Limits) -> Result<(), Duration> {
        let full = f64::from(limits.messages_per_10_s);
        if full == 0.0 {
            return Ok(());
        }
        let rate = full / SPAN.as_secs_f64();
        let now = Instant::now();
        self.left = (self.left + now.duration_since(self.since).as_secs_f64() * rate).min(full);
        self.since = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            Ok(())
        } else {
            Err(Duration::from_secs_f64((1.0 - self.left) / rate))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_allowance_fills_up_again() {
        let limits = Limits {
            messages_per_10_s: 5,
            ..Limits::default()
        };
        let mut allowance = Allowance::new(&limits);
        for _ in 0..5 {
            assert_eq!(allowance.take(&limits), Ok(()));
        }
        let wait = allowance.take(&limits).expect_err("five are five");
        tokio::time::advance(wait + Duration::from_millis(1)).await;
        assert_eq!(allowance.take(&limits), Ok(()));
        assert!(allowance.take(&limits).is_err());
        let none = Limits {
            messages_per_10_s: 0,
            message_length: 0,
        };
        assert!((0..1000).all(|_| allowance.take(&none).is_ok()));
        assert!(!none.is_too_long(&"x".repeat(100_000)));
    }

    #[test]
    fn length_is_counted_in_characters() {
        let limits = Limits {
            message_length: 3,
            ..Limits::default()
        };
        assert!(!limits.is_too_long("éèê"));
        assert!(limits.is_too_long("abcd"));
    }
}
