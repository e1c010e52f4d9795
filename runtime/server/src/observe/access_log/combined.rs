//! Apache's combined log format.

use super::date::Moment;
use super::entry::{Entry, Event};
use super::escape;

/// Whether there is a line: of a WebSocket there are two, one when it is open (or refused) and one
/// at its end, which says `code=` and `duration=` behind the path.
pub(super) fn line(line: &mut Vec<u8>, entry: &Entry<'_>, now: &Moment) -> bool {
    if entry.event == Event::Connecting || entry.is_echo() {
        return false;
    }
    let host = entry.client.map_or("-", |client| &client.host);
    escape::text(line, host.as_bytes());
    line.extend_from_slice(b" - - [");
    line.extend_from_slice(now.local().as_bytes());
    line.push(b' ');
    line.extend_from_slice(now.offset().as_bytes());
    line.extend_from_slice(b"] \"");
    request(line, entry);
    line.extend_from_slice(b"\" ");
    escape::or_dash(line, entry.status.map(u64::from));
    line.push(b' ');
    escape::or_dash(line, Some(entry.bytes));
    for header in [entry.referer, entry.user_agent] {
        line.extend_from_slice(b" \"");
        escape::text(line, header.unwrap_or(b"-"));
        line.push(b'"');
    }
    true
}

/// Apache's `%r`.
pub(super) fn request(line: &mut Vec<u8>, entry: &Entry<'_>) {
    let word = entry.event.word().unwrap_or(entry.method);
    escape::text(line, word.as_bytes());
    line.push(b' ');
    escape::text(line, entry.target.as_bytes());
    if let Some(code) = entry.code {
        escape::number(line, format_args!(" code={code} duration="));
        escape::seconds(line, entry.duration);
    }
    line.push(b' ');
    line.extend_from_slice(entry.protocol.as_bytes());
}
