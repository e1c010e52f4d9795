//! Daphne's lines, byte for byte, but for the escapes.

use super::date::Moment;
use super::entry::{Entry, Event};
use super::escape;

/// Whether there is a line: Daphne says nothing of a request that was never answered.
pub(super) fn line(line: &mut Vec<u8>, entry: &Entry<'_>, now: &Moment) -> bool {
    match (entry.event, entry.status) {
        // Nor that an application failed in a handshake; its end follows at once.
        (Event::Http, None) | (Event::Reject, Some(500)) => return false,
        _ => {}
    }
    match entry.client.and_then(|client| Some((&client.host, client.port?))) {
        Some((host, port)) => {
            escape::text(line, host.as_bytes());
            escape::number(line, format_args!(":{port}"));
        }
        None => line.extend_from_slice(b"None"),
    }
    line.extend_from_slice(b" - - [");
    line.extend_from_slice(now.local().as_bytes());
    line.extend_from_slice(b"] \"");
    let is_http = entry.event == Event::Http;
    let (word, target) = match entry.event.word() {
        None => (entry.method, entry.target),
        Some(word) => (word, entry.path()),
    };
    escape::text(line, word.as_bytes());
    line.push(b' ');
    escape::text(line, target.as_bytes());
    line.extend_from_slice(b"\" ");
    escape::or_dash(line, entry.status.map(u64::from).filter(|_| is_http));
    line.push(b' ');
    escape::or_dash(line, is_http.then_some(entry.bytes));
    true
}
