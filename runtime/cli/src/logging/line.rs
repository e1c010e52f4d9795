//! An event as one line of `--log-fmt`.

use std::fmt;

use jiff::Zoned;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::field::Record;
use super::format::Format;

/// Formats events with a [`Format`].
#[derive(Debug)]
pub(super) struct Line(Format);

impl Line {
    pub(super) fn new(format: Format) -> Self {
        super::field::begin();
        Self(format)
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut message = String::new();
        context.format_fields(Writer::new(&mut message), event)?;
        let metadata = event.metadata();
        let record = Record {
            level: *metadata.level(),
            target: metadata.target(),
            file: metadata.file(),
            line: metadata.line(),
            message: &message,
            now: Zoned::now(),
        };
        writeln!(writer, "{}", self.0.render(&record))
    }
}
