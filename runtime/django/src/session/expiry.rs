//! How long a session lasts.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::Data;

/// The value under which a session carries its own expiry.
pub(crate) const NAME: &str = "_session_expiry";

/// The settings that decide how long sessions last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// `SESSION_COOKIE_AGE`. Default two weeks.
    pub cookie_age: Duration,
    /// `SESSION_EXPIRE_AT_BROWSER_CLOSE`. Default false.
    pub at_browser_close: bool,
}

impl Default for Expiry {
    fn default() -> Self {
        Self {
            cookie_age: Duration::from_secs(60 * 60 * 24 * 14),
            at_browser_close: false,
        }
    }
}

impl Expiry {
    /// `get_expiry_age`: how long the session still lasts if it is written `modified`. Zero: it is over.
    #[must_use]
    pub fn age(&self, data: &Data, modified: SystemTime) -> Duration {
        match data.get(NAME) {
            Some(value) if value.as_u64() == Some(0) => self.cookie_age,
            Some(value) => match (value.as_f64(), value.as_str().and_then(at)) {
                // Negative ages are over, and so is what no Duration can hold: nobody meant it.
                (Some(seconds), _) => Duration::try_from_secs_f64(seconds).unwrap_or_default(),
                (None, Some(at)) => at.duration_since(modified).unwrap_or_default(),
                (None, None) => self.cookie_age,
            },
            None => self.cookie_age,
        }
    }

    /// `get_expire_at_browser_close`: whether the cookie has no age.
    #[must_use]
    pub fn is_at_browser_close(&self, data: &Data) -> bool {
        match data.get(NAME) {
            None => self.at_browser_close,
            Some(value) => value.as_f64() == Some(0.0),
        }
    }
}

/// A time in `datetime.isoformat`; without an offset it is UTC.
fn at(text: &str) -> Option<SystemTime> {
    let timestamp = text.parse::<Timestamp>().or_else(|_| {
        let naive = text.parse::<DateTime>()?;
        naive
            .to_zoned(jiff::tz::TimeZone::UTC)
            .map(|zoned| zoned.timestamp())
    });
    timestamp.ok().map(SystemTime::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn data(value: serde_json::Value) -> Data {
        Data::from_iter([(NAME.to_owned(), value)])
    }

    #[test]
    fn a_session_lasts_as_django_counts() {
        let expiry = Expiry::default();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let age = |value| expiry.age(&data(value), now).as_secs();
        assert_eq!(expiry.age(&Data::new(), now), expiry.cookie_age);
        assert_eq!(age(json!(300)), 300);
        assert_eq!(age(json!(0)), expiry.cookie_age.as_secs());
        assert_eq!(age(json!(-5)), 0);
        assert_eq!(age(json!("2023-11-14T22:14:20+00:00")), 60);
        assert_eq!(age(json!("2023-11-14T22:14:20.500000")), 60);
        assert_eq!(age(json!("2023-11-14T21:00:00+00:00")), 0);
        assert_eq!(age(json!("soon")), expiry.cookie_age.as_secs());
        assert_eq!(age(json!(1e300)), 0);
    }

    #[test]
    fn zero_ends_with_the_browser() {
        let expiry = Expiry::default();
        assert!(expiry.is_at_browser_close(&data(json!(0))));
        assert!(!expiry.is_at_browser_close(&data(json!(300))));
        assert!(!expiry.is_at_browser_close(&Data::new()));
        let closing = Expiry {
            at_browser_close: true,
            ..expiry
        };
        assert!(closing.is_at_browser_close(&Data::new()));
        assert!(!closing.is_at_browser_close(&data(json!(300))));
    }
}
