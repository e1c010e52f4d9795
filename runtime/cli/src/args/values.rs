//! What flags take: times in seconds, sizes in bytes.

use std::str::FromStr;
use std::time::Duration;

/// Seconds that may be fractions, not negative.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("expected seconds, such as 10 or 0.5, not {text:?}");
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// A time limit; Daphne's "-1 for infinite".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<Duration>);

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let negative = text.parse::<f64>().is_ok_and(|seconds| seconds < 0.0);
        if negative {
            return Ok(Self(None));
        }
        seconds(text).map(|limit| Self(Some(limit)))
    }
}

impl Limit {
    /// The limit of a flag whose 0 means "off", as for Daphne's keep-alive pings and
    /// `--http-timeout`.
    #[must_use]
    pub fn unless_zero(self) -> Option<Duration> {
        self.0.filter(|limit| !limit.is_zero())
    }
}

/// Bytes: `1048576`, `64k`, `1m`, `2g` (powers of 1024).
pub(super) fn bytes(text: &str) -> Result<usize, String> {
    let wrong = || format!("expected bytes, such as 65536, 64k or 1m, not {text:?}");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    let number: usize = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(factor).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_may_be_fractions_and_negative_ones_are_infinite() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!("-1".parse(), Ok(Limit(None)));
        assert_eq!("20".parse(), Ok(Limit(Some(Duration::from_secs(20)))));
        assert_eq!("0".parse::<Limit>().map(Limit::unless_zero), Ok(None));
        for bad in ["", "soon", "-1", "nan", "inf", "1e30"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_have_units() {
        assert_eq!(bytes("1048576"), Ok(1 << 20));
        assert_eq!(bytes("64k"), Ok(65536));
        assert_eq!(bytes("2GiB"), Ok(2 << 30));
        for bad in ["", "k", "1 t", "-1", "1.5m", "99999999999g"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
