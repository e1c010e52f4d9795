//! Times as people write and read them.

use std::time::Duration;

/// Reads `90`, `90s`, `15m`, `24h` or `7d`; a bare number is seconds.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit() && c != '.') {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => 0.0,
    };
    let number: f64 = number.parse().unwrap_or(0.0);
    Duration::try_from_secs_f64(number * seconds)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a time such as 90s, 15m, 24h or 7d".to_owned())
}

/// The two largest units that say something: `5s`, `2m 5s`, `3h 10m`, `4d 2h`.
pub(super) fn show(seconds: f64) -> String {
    // A clock that is behind the other's is not worth a minus sign; the cast saturates.
    let seconds = seconds.max(0.0) as u64;
    let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (size, name) in units {
        if parts.is_empty() && rest < size && size > 1 {
            continue;
        }
        parts.push(format!("{}{name}", rest / size));
        rest %= size;
    }
    parts.truncate(2);
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        for (text, seconds) in [
            ("90", 90.0),
            ("1.5s", 1.5),
            ("15m", 900.0),
            ("24h", 86_400.0),
            ("7d", 604_800.0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_secs_f64(seconds)), "{text}");
        }
        for text in ["", "s", "0", "1w", "-5s", "soon", "1 h", "1e400s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ages_are_shown_in_two_units() {
        for (seconds, text) in [
            (-3.0, "0s"),
            (5.9, "5s"),
            (125.0, "2m 5s"),
            (11_400.0, "3h 10m"),
            (352_800.0, "4d 2h"),
        ] {
            assert_eq!(show(seconds), text);
        }
    }
}
