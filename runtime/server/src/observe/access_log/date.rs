//! The time of day, as logs write it.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::escape;

/// The formatted second, kept per thread: a busy server writes thousands of lines in it.
#[derive(Debug, Default)]
pub(super) struct Now(Moment);

/// A moment in the local time zone.
#[derive(Debug, Default)]
pub(super) struct Moment {
    second: i64,
    millisecond: u32,
    local: String,
    offset: String,
    utc: String,
}

impl Now {
    pub(super) fn tick(&mut self) -> &Moment {
        // A clock before 1970 is wrong in any case.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.0
            .set(i64::try_from(since.as_secs()).unwrap_or(0), since.subsec_millis());
        &self.0
    }
}

impl Moment {
    fn set(&mut self, second: i64, millisecond: u32) {
        self.millisecond = millisecond;
        if self.second == second && !self.local.is_empty() {
            return;
        }
        self.second = second;
        let now = Timestamp::from_second(second).unwrap_or_default();
        let local = now.to_zoned(TimeZone::system());
        self.local = local.strftime("%d/%b/%Y:%H:%M:%S").to_string();
        self.offset = local.strftime("%z").to_string();
        self.utc = now.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    }

    /// `22/Nov/2026:06:07:01`.
    pub(super) fn local(&self) -> &str {
        &self.local
    }

    /// `+0100`.
    pub(super) fn offset(&self) -> &str {
        &self.offset
    }

    /// `2026-11-22T05:07:01.042Z`.
    pub(super) fn rfc3339(&self, line: &mut Vec<u8>) {
        line.extend_from_slice(self.utc.as_bytes());
        escape::number(line, format_args!(".{:03}Z", self.millisecond));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_formatted_once_and_its_milliseconds_count() {
        let mut moment = Moment::default();
        moment.set(1_795_327_621, 42);
        let mut line = Vec::new();
        moment.rfc3339(&mut line);
        assert_eq!(line, b"2026-11-22T06:07:01.042Z");
        let address = moment.local().as_ptr();
        moment.set(1_795_327_621, 43);
        assert_eq!(moment.local().as_ptr(), address);
        moment.set(1_795_327_622, 0);
        line.clear();
        moment.rfc3339(&mut line);
        assert_eq!(line, b"2026-11-22T06:07:02.000Z");
        assert_eq!(moment.offset().len(), 5);
    }
}
