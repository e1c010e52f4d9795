//! A call of the application, as the log names it.

use std::fmt;
use std::time::Duration;

use laureola_asgi::{Address, Connection, Scope};
use tokio::time::Instant;

/// `websocket "/ws/chat/" of 127.0.0.1:5000 (open for 12.5 s)`.
#[derive(Debug)]
pub(crate) struct Call {
    protocol: &'static str,
    path: Box<str>,
    client: Option<Address>,
    since: Instant,
}

impl Call {
    pub(crate) fn new(connection: &Connection) -> Self {
        let client = match &connection.scope {
            Scope::Http(scope) => scope.client.clone(),
            Scope::WebSocket(scope) => scope.client.clone(),
            _ => None,
        };
        Self {
            protocol: connection.scope.protocol(),
            path: connection.scope.path().into(),
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
            path: "/".into(),
            client: None,
            since: Instant::now(),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.protocol, self.path)?;
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
