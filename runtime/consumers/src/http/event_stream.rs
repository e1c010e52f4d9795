//! Server-sent events (HTML Living Standard §9.2).

use std::fmt::Write;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::Result;

/// What a client sees as nothing, and a proxy as a sign of life.
pub(super) const KEEP_ALIVE: Bytes = Bytes::from_static(b":\n\n");

/// One event of a stream.
///
/// ```
/// use laureola_consumers::ServerSentEvent;
///
/// let event = ServerSentEvent::new("two\nlines").event("chat").id("7");
/// assert_eq!(event.to_string(), "event: chat\nid: 7\ndata: two\ndata: lines\n\n");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerSentEvent {
    fields: String,
    data: String,
}

impl ServerSentEvent {
    /// An event with this text.
    #[must_use]
    pub fn new(data: &str) -> Self {
        let mut event = Self::default();
        for line in lines(data) {
            let _ = writeln!(event.data, "data: {line}");
        }
        event
    }

    /// An event whose text is a value as JSON.
    ///
    /// # Errors
    /// It is no JSON.
    pub fn json(data: &impl Serialize) -> Result<Self> {
        Ok(Self::new(&serde_json::to_string(data)?))
    }

    /// Its name, for which the browser's listeners are registered; without one it is `message`.
    #[must_use]
    pub fn event(self, name: &str) -> Self {
        self.field("event", name)
    }

    /// What the browser sends as `Last-Event-ID` when it reconnects.
    #[must_use]
    pub fn id(self, id: &str) -> Self {
        self.field("id", id)
    }

    /// How long the browser waits before it reconnects.
    #[must_use]
    pub fn retry(self, wait: Duration) -> Self {
        let millis = wait.as_millis().to_string();
        self.field("retry", &millis)
    }

    /// A field stands on one line, and a NUL in an id makes browsers ignore it: what is behind either is cut off.
    fn field(mut self, name: &str, value: &str) -> Self {
        let end = value.find(['\n', '\r', '\0']).unwrap_or(value.len());
        let _ = writeln!(self.fields, "{name}: {}", &value[..end]);
        self
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.to_string().into()
    }
}

impl std::fmt::Display for ServerSentEvent {
    /// As it goes to the client.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}{}", self.fields, self.data)
    }
}

/// The lines of a text, however they end: any of the three ends one in a stream.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let width = if text[end..].starts_with("\r\n") { 2 } else { 1 };
        rest = Some(&text[end + width..]);
        Some(&text[..end])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_end_smuggles_a_field() {
        let event = ServerSentEvent::new("a\r\nb\rc\n")
            .id("1\ndata: x")
            .event("e\rid: 2");
        assert_eq!(
            event.to_string(),
            "id: 1\nevent: e\ndata: a\ndata: b\ndata: c\ndata: \n\n"
        );
    }

    #[test]
    fn an_event_may_carry_json_and_a_retry() {
        let event = ServerSentEvent::json(&[1, 2]).expect("JSON");
        let event = event.retry(Duration::from_millis(1500));
        assert_eq!(event.to_string(), "retry: 1500\ndata: [1,2]\n\n");
        assert_eq!(ServerSentEvent::new("").to_string(), "data: \n\n");
    }
}
