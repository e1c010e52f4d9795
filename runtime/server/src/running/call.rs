//! A call of the application, as the log names it.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::Uri;
use laureola_asgi::{Address, Connection, Scope};
use percent_encoding::percent_decode;
use tokio::time::Instant;

/// `websocket "/ws/chat/" of 127.0.0.1:5000 (open for 12.5 s)`.
#[derive(Debug)]
pub(crate) struct Call {
    protocol: &'static str,
    path: Path,
    client: Option<Address>,
    since: Instant,
}

#[derive(Debug)]
enum Path {
    /// A WebSocket's: its request's own bytes would keep their buffer alive for hours.
    Copied(Box<str>),
    /// A request's, decoded when somebody asks for it.
    Of(Uri),
}

impl Call {
    pub(crate) fn new(connection: &Connection) -> Self {
        let (path, client) = match &connection.scope {
            Scope::Http(scope) => (Path::Of(scope.parts.uri.clone()), scope.client.clone()),
            Scope::WebSocket(scope) => (Path::Copied(scope.path().into()), scope.client.clone()),
            other => (Path::Copied(other.path().into()), None),
        };
        Self {
            protocol: connection.scope.protocol(),
            path,
            client,
            since: Instant::now(),
        }
    }
}

#[cfg(test)]
impl Call {
    pub(crate) fn sample() -> Self {
        Self {
            protocol: "http",
            path: Path::Copied("/".into()),
            client: None,
            since: Instant::now(),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = match &self.path {
            Path::Copied(path) => Cow::Borrowed(&**path),
            Path::Of(uri) => percent_decode(uri.path().as_bytes()).decode_utf8_lossy(),
        };
        write!(f, "{} {path:?}", self.protocol)?;
        if let Some(client) = &self.client {
            write!(f, " of {client}")?;
        }
        write!(f, " (open for {} s)", Seconds(self.since.elapsed()))
    }
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0.as_secs_f64())
    }
}
