//! An application that records every request it sees, by the client's port.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use laureola_asgi::{AppError, Application, Command, Connection, Event, HttpScope, Scope, app_fn};
use parking_lot::Mutex;

/// More headers, and longer values, than these are only counted.
const MANY: usize = 20;
const LONG: usize = 100;

/// What was seen so far.
#[derive(Clone, Default)]
pub(crate) struct Records(Arc<Mutex<HashMap<u16, Vec<String>>>>);

impl Records {
    /// The lines of one connection.
    pub(crate) fn of(&self, port: u16) -> Vec<String> {
        self.0.lock().get(&port).cloned().unwrap_or_default()
    }

    /// The kernel may give the next connection the same port.
    pub(crate) fn forget(&self, port: u16) {
        self.0.lock().remove(&port);
    }

    /// Every line of every connection that is not forgotten.
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().values().flatten().cloned().collect()
    }

    fn push(&self, scope: &HttpScope, lines: Vec<String>) {
        let port = scope.client.as_ref().and_then(|client| client.port);
        let port = port.expect("a TCP client has a port");
        self.0.lock().entry(port).or_default().extend(lines);
    }
}

/// Reads the whole body, records the request, answers 200 with the path as it came.
pub(crate) fn recording(records: Records) -> impl Application {
    app_fn(move |connection: Connection| {
        let records = records.clone();
        async move { record(connection, &records).await }
    })
}

async fn record(mut connection: Connection, records: &Records) -> Result<(), AppError> {
    let Scope::Http(scope) = &connection.scope else {
        return Ok(());
    };
    let mut lines = described(scope);
    let mut whole = Vec::new();
    loop {
        match connection.receive.next().await {
            Event::HttpRequest { body, more_body } => {
                whole.extend_from_slice(&body);
                if !more_body {
                    break;
                }
            }
            _ => {
                lines.push("gone".to_owned());
                records.push(scope, lines);
                return Ok(());
            }
        }
    }
    if !whole.is_empty() {
        lines.push(format!("body {}", value(&whole)));
    }
    records.push(scope, lines);
    let (status, headers) = (StatusCode::OK, HeaderMap::new());
    let body = Bytes::copy_from_slice(scope.raw_path());
    let more_body = false;
    connection.send.send(Command::start(status, headers)).await?;
    connection
        .send
        .send(Command::HttpResponseBody { body, more_body })
        .await?;
    Ok(())
}

/// The lines of a request, as they stand behind `app` in a case.
fn described(scope: &HttpScope) -> Vec<String> {
    let raw = String::from_utf8_lossy(scope.raw_path()).into_owned();
    let query = scope.query_string();
    let target = match query {
        [] => value(raw.as_bytes()),
        _ => value(format!("{raw}?{}", String::from_utf8_lossy(query)).as_bytes()),
    };
    let mut lines = vec![format!("{} {target} {}", scope.method(), scope.http_version())];
    if scope.path() != raw {
        lines.push(format!("path {}", scope.path().escape_debug()));
    }
    let headers = &scope.parts.headers;
    if headers.len() > MANY {
        lines.push(format!("{} headers", headers.len()));
        return lines;
    }
    for (name, content) in headers {
        let line = format!("{}: {}", short(name.as_str()), value(content.as_bytes()));
        lines.push(line.trim_end().to_owned());
    }
    lines
}

fn short(name: &str) -> String {
    if name.len() > LONG {
        return value(name.as_bytes());
    }
    name.to_owned()
}

fn value(bytes: &[u8]) -> String {
    if bytes.len() > LONG {
        return format!("({} bytes)", bytes.len());
    }
    bytes.escape_ascii().to_string()
}
