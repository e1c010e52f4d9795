//! A call of the application, as the log names it.

use std::borrow::Cow;
use std::fmt;

use http::uri::PathAndQuery;
use laureola_asgi::{Address, Connection, Scope};
use percent_encoding::percent_decode;

use crate::clock::{Clock, Tick};

/// One call, by its path and client. See [`Call::at`].
#[derive(Debug)]
pub(crate) struct Call {
    protocol: &'static str,
    path: Path,
    client: Option<Address>,
    since: Tick,
}

#[derive(Debug)]
enum Path {
    /// A WebSocket's: its request's own bytes would keep their buffer alive for hours.
    Copied(Box<str>),
    /// A request's, decoded when somebody asks for it.
    Of(Option<PathAndQuery>),
}

impl Call {
    pub(crate) fn new(connection: &Connection, clock: &Clock) -> Self {
        let (path, client) = match &connection.scope {
            Scope::Http(scope) => (
                Path::Of(scope.parts.uri.path_and_query().cloned()),
                scope.client.clone(),
            ),
            Scope::WebSocket(scope) => (Path::Copied(scope.path().into()), scope.client.clone()),
            other => (Path::Copied(other.path().into()), None),
        };
        Self {
            protocol: connection.scope.protocol(),
            path,
            client,
            since: clock.now(),
        }
    }

    /// As it is now: `websocket "/ws/chat/" of 127.0.0.1:5000 (open for 12 s)`, to within a tick.
    pub(crate) fn at<'a>(&'a self, clock: &'a Clock) -> impl fmt::Display + 'a {
        At { call: self, clock }
    }
}

#[cfg(test)]
impl Call {
    pub(crate) fn sample() -> Self {
        Self {
            protocol: "http",
            path: Path::Copied("/".into()),
            client: None,
            since: 0,
        }
    }
}

struct At<'a> {
    call: &'a Call,
    clock: &'a Clock,
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call {
            protocol,
            path,
            client,
            since,
        } = self.call;
        let path = match path {
            Path::Copied(path) => Cow::Borrowed(&**path),
            Path::Of(target) => {
                let path = target.as_ref().map_or("", PathAndQuery::path);
                percent_decode(path.as_bytes()).decode_utf8_lossy()
            }
        };
        write!(f, "{protocol} {path:?}")?;
        if let Some(client) = client {
            write!(f, " of {client}")?;
        }
        let age = self.clock.tick() * self.clock.now().wrapping_sub(*since);
        write!(f, " (open for {:.0} s)", age.as_secs_f64())
    }
}
