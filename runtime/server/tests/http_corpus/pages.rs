//! An application whose pages answer in ways a table of requests cannot ask for.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use laureola_asgi::{AppError, Application, Command, Connection, Event, Sender, app_fn};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

/// What tests and pages know of each other.
#[derive(Clone)]
pub(crate) struct Pages {
    /// Methods and paths, in the order of the calls.
    seen: Arc<Mutex<Vec<String>>>,
    gate: Arc<Semaphore>,
}

impl Pages {
    pub(crate) fn new() -> Self {
        Self {
            seen: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
        }
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().clone()
    }

    /// Lets one request to a `/gate…` page go on.
    pub(crate) fn open_gate(&self) {
        self.gate.add_permits(1);
    }

    /// * `/gate/…`: as the rest of the path, once the gate is open;
    /// * `/length`: a body of a known length;
    /// * `/parts`: a body in two parts;
    /// * `/hint`: the same behind early hints;
    /// * `/unread`: answers without a look at the body;
    /// * `/413`: the same, with that status;
    /// * `/status/N`: that status, with a body although there may be none;
    /// * anything else: the path and the request's body.
    pub(crate) fn application(&self) -> impl Application {
        let pages = self.clone();
        app_fn(move |connection: Connection| {
            let pages = pages.clone();
            async move { pages.answer(connection).await }
        })
    }

    async fn answer(self, mut connection: Connection) -> Result<(), AppError> {
        let path = connection.scope.path().into_owned();
        let method = match &connection.scope {
            laureola_asgi::Scope::Http(scope) => scope.method().to_string(),
            _ => String::new(),
        };
        self.seen.lock().push(format!("{method} {path}"));
        let page = match path.strip_prefix("/gate") {
            Some(rest) => {
                self.gate.acquire().await?.forget();
                rest
            }
            None => &path,
        };
        let send = &connection.send;
        match page {
            "/length" => {
                let mut headers = HeaderMap::new();
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("4"));
                respond(send, StatusCode::OK, headers, &["body"]).await
            }
            "/parts" => respond(send, StatusCode::OK, HeaderMap::new(), &["bo", "dy"]).await,
            "/hint" => {
                let links = vec![HeaderValue::from_static("</a>; rel=preload")];
                send.send(Command::HttpResponseEarlyHint { links }).await?;
                respond(send, StatusCode::OK, HeaderMap::new(), &["bo", "dy"]).await
            }
            "/unread" => respond(send, StatusCode::OK, HeaderMap::new(), &["not read"]).await,
            "/413" => {
                respond(
                    send,
                    StatusCode::PAYLOAD_TOO_LARGE,
                    HeaderMap::new(),
                    &["too large"],
                )
                .await
            }
            page => {
                if let Some(status) = page.strip_prefix("/status/") {
                    return respond(send, status.parse()?, HeaderMap::new(), &["no", "body"]).await;
                }
                let mut text = format!("{path} ").into_bytes();
                while let Event::HttpRequest { body, more_body } = connection.receive.next().await {
                    text.extend_from_slice(&body);
                    if !more_body {
                        let text = String::from_utf8(text)?;
                        return respond(&connection.send, StatusCode::OK, HeaderMap::new(), &[&text]).await;
                    }
                }
                Ok(())
            }
        }
    }
}

async fn respond(
    send: &Sender,
    status: StatusCode,
    headers: HeaderMap,
    parts: &[&str],
) -> Result<(), AppError> {
    send.send(Command::start(status, headers)).await?;
    for (number, part) in parts.iter().enumerate() {
        let body = Bytes::copy_from_slice(part.as_bytes());
        let more_body = number + 1 < parts.len();
        send.send(Command::HttpResponseBody { body, more_body }).await?;
    }
    Ok(())
}
