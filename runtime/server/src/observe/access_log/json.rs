//! One JSON object per line.

use super::date::Moment;
use super::entry::{Entry, Event};
use super::escape;

/// `time` (RFC 3339, UTC), `event` (`http`, `websocket.connecting`, `.connect`, `.reject`,
/// `.disconnect`), `client`, `method`, `path`, `protocol`, and where there is one: `query`, `status`,
/// `bytes`, `duration` (seconds), `code`, `route`, `user_agent`, `referer`, `request_id`.
pub(super) fn line(line: &mut Vec<u8>, entry: &Entry<'_>, now: &Moment) -> bool {
    if entry.is_echo() {
        return false;
    }
    line.extend_from_slice(b"{\"time\":\"");
    now.rfc3339(line);
    line.push(b'"');
    text(line, "event", Some(entry.event.name().as_bytes()));
    let client = entry.client.map(ToString::to_string);
    match client.as_deref() {
        Some(client) => text(line, "client", Some(client.as_bytes())),
        None => line.extend_from_slice(b",\"client\":null"),
    }
    text(line, "method", Some(entry.method.as_bytes()));
    text(line, "path", Some(entry.path().as_bytes()));
    text(line, "query", entry.query().map(str::as_bytes));
    text(line, "protocol", Some(entry.protocol.as_bytes()));
    if !entry.is_turn() {
        match entry.status {
            Some(status) => escape::number(line, format_args!(",\"status\":{status}")),
            None => line.extend_from_slice(b",\"status\":null"),
        }
        if entry.event == Event::Http {
            escape::number(line, format_args!(",\"bytes\":{}", entry.bytes));
        }
        line.extend_from_slice(b",\"duration\":");
        escape::seconds(line, entry.duration);
    }
    if let Some(code) = entry.code {
        escape::number(line, format_args!(",\"code\":{code}"));
    }
    text(line, "route", entry.route.map(str::as_bytes));
    text(line, "user_agent", entry.user_agent);
    text(line, "referer", entry.referer);
    text(line, "request_id", entry.request_id.map(str::as_bytes));
    line.push(b'}');
    true
}

fn text(line: &mut Vec<u8>, name: &str, value: Option<&[u8]>) {
    let Some(value) = value else { return };
    escape::number(line, format_args!(",\"{name}\":"));
    escape::json(line, value);
}
