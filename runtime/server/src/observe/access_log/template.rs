//! Lines of a user's own making.

use super::combined;
use super::date::Moment;
use super::entry::Entry;
use super::escape;
use super::format::FormatError;

/// A parsed template.
#[derive(Clone, Debug)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Literal(String),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Client,
    Host,
    Port,
    Time,
    IsoTime,
    Event,
    Method,
    Target,
    Path,
    Query,
    Protocol,
    Request,
    Status,
    Bytes,
    Duration,
    DurationMs,
    Code,
    Route,
    UserAgent,
    Referer,
    RequestId,
    Pid,
}

const FIELDS: [(&str, Field); 22] = [
    ("client", Field::Client),
    ("host", Field::Host),
    ("port", Field::Port),
    ("time", Field::Time),
    ("iso_time", Field::IsoTime),
    ("event", Field::Event),
    ("method", Field::Method),
    ("target", Field::Target),
    ("path", Field::Path),
    ("query", Field::Query),
    ("protocol", Field::Protocol),
    ("request", Field::Request),
    ("status", Field::Status),
    ("bytes", Field::Bytes),
    ("duration", Field::Duration),
    ("duration_ms", Field::DurationMs),
    ("code", Field::Code),
    ("route", Field::Route),
    ("user_agent", Field::UserAgent),
    ("referer", Field::Referer),
    ("request_id", Field::RequestId),
    ("pid", Field::Pid),
];

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, FormatError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (field, behind) = if let Some(behind) = rest.strip_prefix("%(") {
                let end = behind.split_once(")s");
                end.ok_or_else(|| FormatError::Open(rest.to_owned()))?
            } else if let Some(sign) = ["%%", "{{", "}}"].iter().find(|sign| rest.starts_with(**sign)) {
                literal.push(first);
                rest = &rest[sign.len()..];
                continue;
            } else if let Some(behind) = rest.strip_prefix('{') {
                let end = behind.split_once('}');
                end.ok_or_else(|| FormatError::Open(rest.to_owned()))?
            } else {
                literal.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            };
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(Part::Field(Field::named(field)?));
            rest = behind;
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self(parts))
    }

    pub(super) fn names_agents(&self) -> bool {
        let agents = |part: &Part| matches!(part, Part::Field(Field::UserAgent | Field::Referer));
        self.0.iter().any(agents)
    }

    pub(super) fn names_ids(&self) -> bool {
        let ids = |part: &Part| matches!(part, Part::Field(Field::RequestId));
        self.0.iter().any(ids)
    }

    /// One line for each outcome.
    pub(super) fn line(&self, line: &mut Vec<u8>, entry: &Entry<'_>, now: &Moment) -> bool {
        if entry.is_turn() || entry.is_echo() {
            return false;
        }
        for part in &self.0 {
            match part {
                Part::Literal(text) => line.extend_from_slice(text.as_bytes()),
                Part::Field(field) => field.write(line, entry, now),
            }
        }
        true
    }
}

impl Field {
    fn named(name: &str) -> Result<Self, FormatError> {
        let found = FIELDS.iter().find(|(known, _)| *known == name);
        found.map(|(_, field)| *field).ok_or_else(|| FormatError::Field {
            name: name.to_owned(),
            known: FIELDS.map(|(known, _)| known).join(", "),
        })
    }

    fn write(self, line: &mut Vec<u8>, entry: &Entry<'_>, now: &Moment) {
        let client = entry.client;
        match self {
            Self::Client => text(line, client.map(ToString::to_string).as_deref()),
            Self::Host => text(line, client.map(|client| &*client.host)),
            Self::Port => escape::or_dash(line, client.and_then(|client| client.port).map(u64::from)),
            Self::Time => {
                line.extend_from_slice(now.local().as_bytes());
                line.push(b' ');
                line.extend_from_slice(now.offset().as_bytes());
            }
            Self::IsoTime => now.rfc3339(line),
            Self::Event => text(line, Some(entry.event.name())),
            Self::Method => text(line, Some(entry.method)),
            Self::Target => text(line, Some(entry.target)),
            Self::Path => text(line, Some(entry.path())),
            Self::Query => text(line, entry.query()),
            Self::Protocol => text(line, Some(entry.protocol)),
            Self::Request => combined::request(line, entry),
            Self::Status => escape::or_dash(line, entry.status.map(u64::from)),
            Self::Bytes => escape::number(line, format_args!("{}", entry.bytes)),
            Self::Duration => escape::seconds(line, entry.duration),
            Self::DurationMs => escape::number(line, format_args!("{}", entry.duration.as_millis())),
            Self::Code => escape::or_dash(line, entry.code.map(u64::from)),
            Self::Route => text(line, entry.route),
            Self::UserAgent => escape::text(line, entry.user_agent.unwrap_or(b"-")),
            Self::Referer => escape::text(line, entry.referer.unwrap_or(b"-")),
            Self::RequestId => text(line, entry.request_id),
            Self::Pid => escape::number(line, format_args!("{}", std::process::id())),
        }
    }
}

fn text(line: &mut Vec<u8>, text: Option<&str>) {
    escape::text(line, text.unwrap_or("-").as_bytes());
}
