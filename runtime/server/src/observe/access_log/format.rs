//! What a line looks like.

use std::str::FromStr;

use super::date::Moment;
use super::entry::Entry;
use super::template::Template;
use super::{combined, daphne, json};

/// The look of an access log's lines (`--access-log-format`). Control characters, quotation marks
/// and backslashes of clients are escaped in all of them.
///
/// Parsed from `daphne`, `combined`, `json`, or a template, which is a text with fields written as
/// `%(name)s` or `{name}` (`%%`, `{{` and `}}` for the signs themselves). Its fields are `client`,
/// `host`, `port`, `time`, `iso_time`, `event`, `method`, `target`, `path`, `query`, `protocol`,
/// `request` (the three together), `status`, `bytes`, `duration` (seconds), `duration_ms`, `code`,
/// `route`, `user_agent`, `referer`, `request_id`, `pid`; what there is none of is `-`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Format {
    /// `host:port - - [date] "GET /path?query" 200 length`, and for a WebSocket `WSCONNECTING`,
    /// `WSCONNECT`, `WSREJECT` and `WSDISCONNECT` lines. Exactly Daphne's.
    Daphne,
    /// Apache's combined format. A WebSocket's last line holds its close code and duration.
    Combined,
    /// An object per line, with everything that is known.
    Json,
    /// A format of your own: `"{client} {status}".parse()`. A request, a refused WebSocket and the
    /// end of an accepted one have a line each.
    Template(TemplateFormat),
}

/// A template that was read.
#[derive(Clone, Debug)]
pub struct TemplateFormat(pub(super) Template);

/// A format that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Neither a format's name nor a template.
    #[error(
        "{0:?} is no access log format: daphne, combined, json, or a template such as \"{{client}} {{status}}\""
    )]
    Unknown(String),
    /// A field there is not.
    #[error("access log lines have no field {name:?}: they have {known}")]
    Field {
        /// What the template says.
        name: String,
        /// What there is.
        known: String,
    },
    /// A field that is not closed.
    #[error("the access log template has a field without an end behind {0:?}")]
    Open(String),
}

impl FromStr for Format {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<Self, FormatError> {
        match text {
            "daphne" => Ok(Self::Daphne),
            "combined" => Ok(Self::Combined),
            "json" => Ok(Self::Json),
            _ if text.contains("%(") || text.contains('{') => {
                Ok(Self::Template(TemplateFormat(Template::parse(text)?)))
            }
            _ => Err(FormatError::Unknown(text.to_owned())),
        }
    }
}

impl Format {
    /// Writes an entry without the line's end; whether there is a line at all.
    pub(super) fn line(&self, line: &mut Vec<u8>, entry: &Entry<'_>, now: &Moment) -> bool {
        match self {
            Self::Daphne => daphne::line(line, entry, now),
            Self::Combined => combined::line(line, entry, now),
            Self::Json => json::line(line, entry, now),
            Self::Template(format) => format.0.line(line, entry, now),
        }
    }

    pub(super) fn names_ids(&self) -> bool {
        match self {
            Self::Daphne | Self::Combined => false,
            Self::Json => true,
            Self::Template(format) => format.0.names_ids(),
        }
    }

    pub(super) fn names_agents(&self) -> bool {
        match self {
            Self::Daphne => false,
            Self::Combined | Self::Json => true,
            Self::Template(format) => format.0.names_agents(),
        }
    }
}
