//! The attributes of Python's `LogRecord`, as far as there is something to say here.

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::{Timestamp, Zoned};
use tracing::Level;

/// For `%(relativeCreated)d`.
static STARTED: LazyLock<Timestamp> = LazyLock::new(Timestamp::now);

/// Begins to count.
pub(super) fn begin() {
    LazyLock::force(&STARTED);
}

/// One event.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) level: Level,
    pub(super) target: &'a str,
    pub(super) file: Option<&'a str>,
    pub(super) line: Option<u32>,
    /// The text and the fields behind it.
    pub(super) message: &'a str,
    pub(super) now: Zoned,
}

/// See the module's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    AscTime,
    Created,
    Msecs,
    RelativeCreated,
    LevelName,
    LevelNo,
    Message,
    Name,
    Module,
    FuncName,
    PathName,
    FileName,
    LineNo,
    Process,
    ProcessName,
    Thread,
    ThreadName,
    TaskName,
}

#[derive(Debug)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(f64),
}

impl FromStr for Field {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "asctime" => Self::AscTime,
            "created" => Self::Created,
            "msecs" => Self::Msecs,
            "relativeCreated" => Self::RelativeCreated,
            "levelname" => Self::LevelName,
            "levelno" => Self::LevelNo,
            "message" => Self::Message,
            "name" => Self::Name,
            "module" => Self::Module,
            "funcName" => Self::FuncName,
            "pathname" => Self::PathName,
            "filename" => Self::FileName,
            "lineno" => Self::LineNo,
            "process" => Self::Process,
            "processName" => Self::ProcessName,
            "thread" => Self::Thread,
            "threadName" => Self::ThreadName,
            "taskName" => Self::TaskName,
            _ => {
                return Err(format!(
                    "%({name}) is unknown; there is asctime, levelname, message, name, process, threadName and what else Python's log records have"
                ));
            }
        })
    }
}

impl Field {
    pub(super) fn is_number(self) -> bool {
        matches!(
            self,
            Self::Created
                | Self::Msecs
                | Self::RelativeCreated
                | Self::LevelNo
                | Self::LineNo
                | Self::Process
                | Self::Thread
        )
    }

    pub(super) fn of<'a>(self, record: &'a Record<'_>) -> Value<'a> {
        let text = |text: &'a str| Value::Text(Cow::Borrowed(text));
        let file = record.file.unwrap_or("(unknown file)");
        match self {
            Self::AscTime => Value::Text(asctime(&record.now).into()),
            Self::Created => Value::Number(record.now.timestamp().as_microsecond() as f64 / 1e6),
            Self::Msecs => Value::Number(f64::from(record.now.subsec_nanosecond()) / 1e6),
            Self::RelativeCreated => {
                let since = record.now.timestamp().as_microsecond() - STARTED.as_microsecond();
                Value::Number(since as f64 / 1e3)
            }
            Self::LevelName => text(level(record.level).0),
            Self::LevelNo => Value::Number(level(record.level).1),
            Self::Message => text(record.message),
            // Python's loggers have dots in their names.
            Self::Name => Value::Text(record.target.replace("::", ".").into()),
            Self::Module => text(record.target.rsplit("::").next().unwrap_or_default()),
            // Events do not know it.
            Self::FuncName => text("-"),
            Self::PathName => text(file),
            Self::FileName => text(file.rsplit('/').next().unwrap_or_default()),
            Self::LineNo => Value::Number(record.line.unwrap_or(0).into()),
            Self::Process => Value::Number(std::process::id().into()),
            Self::ProcessName => text("MainProcess"),
            Self::Thread => Value::Number(thread()),
            Self::ThreadName => Value::Text(match std::thread::current().name() {
                Some(name) => name.to_owned().into(),
                None => "-".into(),
            }),
            Self::TaskName => text("None"),
        }
    }
}

/// Python's name and number of a level.
fn level(level: Level) -> (&'static str, f64) {
    match level {
        Level::ERROR => ("ERROR", 40.0),
        Level::WARN => ("WARNING", 30.0),
        Level::INFO => ("INFO", 20.0),
        Level::DEBUG | Level::TRACE => ("DEBUG", 10.0),
    }
}

/// `2026-03-01 12:30:05,042`, in local time.
fn asctime(now: &Zoned) -> String {
    let millis = now.subsec_nanosecond() / 1_000_000;
    format!("{},{millis:03}", now.strftime("%Y-%m-%d %H:%M:%S"))
}

/// The number in `ThreadId(3)`: the standard library shows it no other way.
fn thread() -> f64 {
    let id = format!("{:?}", std::thread::current().id());
    let digits = id.trim_matches(|c: char| !c.is_ascii_digit());
    digits.parse().unwrap_or(0.0)
}
