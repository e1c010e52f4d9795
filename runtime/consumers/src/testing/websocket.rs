//! A WebSocket client in the test's own process.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, Request, StatusCode};
use laureola_asgi::queue::{EventSender, event_queue};
use laureola_asgi::{
    Application, CloseCode, Command, Connection, Event, Payload, Receiver, Scope, Sender, WebSocketScope,
};
use serde::Serialize;
use tokio::sync::mpsc;

use super::error::{CommunicatorError, unexpected};
use super::running::{self, Running};
use super::sink::TestSink;

/// What an accepted handshake brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// The subprotocol the application chose.
    pub subprotocol: Option<Box<str>>,
    /// The headers it added.
    pub headers: HeaderMap,
}

/// A WebSocket client for tests (Channels: `WebsocketCommunicator`). The application runs in a task
/// of its own, which ends with the communicator.
///
/// Waits one second at most, unless told otherwise; see the [crate's example](crate).
pub struct WebsocketCommunicator {
    events: EventSender,
    commands: mpsc::Receiver<Command>,
    /// Starts the application, at the first `connect`.
    start: Option<Box<dyn FnOnce() -> Running + Send>>,
    application: Option<Running>,
    timeout: Duration,
}

impl WebsocketCommunicator {
    /// A client of `application` at `target`: a path with an optional query string.
    ///
    /// # Panics
    /// If `target` is no request target.
    pub fn new(application: impl Application, target: &str) -> Self {
        let request = Request::get(target).header("host", "testserver").body(());
        Self::with_request(application, request.expect("a valid request target"))
    }

    /// A client with a handshake of its own: headers, subprotocols, extensions.
    pub fn with_request(application: impl Application, request: Request<()>) -> Self {
        let (events, receiver) = event_queue(super::sink::CAPACITY);
        let scope = WebSocketScope::new(&mut request.into_parts().0);
        let (sink, commands) = TestSink::new(scope.subprotocols().into());
        let connection = Connection {
            scope: Scope::WebSocket(Box::new(scope)),
            receive: Receiver::new(receiver),
            send: Sender::new(sink),
        };
        Self {
            events,
            commands,
            start: Some(Box::new(move || Running::spawn(application, connection))),
            application: None,
            timeout: Duration::from_secs(1),
        }
    }

    /// How long each call waits at most; default one second.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Shakes hands.
    ///
    /// # Errors
    /// [`CommunicatorError::Denied`]: 403 for a close before accept.
    pub async fn connect(&mut self) -> Result<Connected, CommunicatorError> {
        if let Some(start) = self.start.take() {
            self.application = Some(start());
        }
        self.event(Event::WebSocketConnect).await;
        match self.command("websocket.accept").await? {
            Command::WebSocketAccept { subprotocol, headers } => Ok(Connected { subprotocol, headers }),
            Command::WebSocketClose { .. } => Err(CommunicatorError::Denied(StatusCode::FORBIDDEN)),
            Command::WebSocketDeny(response) => Err(CommunicatorError::Denied(response.status())),
            other => Err(unexpected("websocket.accept", &other)),
        }
    }

    /// Sends a text.
    ///
    /// # Errors
    /// What the application failed with, if it has ended.
    pub async fn send_text(&mut self, text: &str) -> Result<(), CommunicatorError> {
        self.send(text.into()).await
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// As [`WebsocketCommunicator::send_text`].
    pub async fn send_bytes(&mut self, bytes: impl Into<bytes::Bytes>) -> Result<(), CommunicatorError> {
        self.send(Payload::Binary(bytes.into())).await
    }

    /// Sends a value as JSON text.
    ///
    /// # Errors
    /// As [`WebsocketCommunicator::send_text`].
    pub async fn send_json(&mut self, content: &impl Serialize) -> Result<(), CommunicatorError> {
        self.send(serde_json::to_string(content)?.into()).await
    }

    async fn send(&mut self, payload: Payload) -> Result<(), CommunicatorError> {
        if self.event(Event::WebSocketReceive(payload)).await {
            Ok(())
        } else {
            Err(self.failure().await)
        }
    }

    /// The next message's text.
    ///
    /// # Errors
    /// None came in time, or it was something else.
    pub async fn receive_text(&mut self) -> Result<String, CommunicatorError> {
        match self.command("a text message").await? {
            Command::WebSocketSend(payload) if payload.as_text().is_some() => {
                Ok(payload.as_text().unwrap_or_default().to_owned())
            }
            other => Err(unexpected("a text message", &other)),
        }
    }

    /// The next message's bytes.
    ///
    /// # Errors
    /// None came in time, or it was something else.
    pub async fn receive_bytes(&mut self) -> Result<bytes::Bytes, CommunicatorError> {
        match self.command("a binary message").await? {
            Command::WebSocketSend(Payload::Binary(bytes)) => Ok(bytes),
            Command::WebSocketSend(Payload::Frame(frame)) if frame.payload_str().is_none() => {
                Ok(frame.payload())
            }
            other => Err(unexpected("a binary message", &other)),
        }
    }

    /// The next message, which must be JSON.
    ///
    /// # Errors
    /// As [`WebsocketCommunicator::receive_text`].
    pub async fn receive_json(&mut self) -> Result<serde_json::Value, CommunicatorError> {
        Ok(serde_json::from_str(&self.receive_text().await?)?)
    }

    /// The code and reason of the application's close, which must come next.
    ///
    /// # Errors
    /// None came in time, or it was something else.
    pub async fn receive_close(&mut self) -> Result<(CloseCode, String), CommunicatorError> {
        match self.command("websocket.close").await? {
            Command::WebSocketClose { code, reason } => Ok((code, reason.as_str().to_owned())),
            other => Err(unexpected("websocket.close", &other)),
        }
    }

    /// Whether the application sends nothing for `quiet`.
    pub async fn receive_nothing(&mut self, quiet: Duration) -> bool {
        tokio::time::timeout(quiet, self.commands.recv()).await.is_err()
    }

    /// Leaves with a close code, and waits for the application's end.
    ///
    /// # Errors
    /// What the application failed with, or that it does not end.
    pub async fn disconnect(mut self, code: CloseCode) -> Result<(), CommunicatorError> {
        self.event(Event::WebSocketDisconnect {
            code,
            reason: "".into(),
        })
        .await;
        self.commands.close();
        match &mut self.application {
            Some(application) => application.ended(self.timeout).await,
            None => Ok(()),
        }
    }

    async fn event(&mut self, event: Event) -> bool {
        tokio::time::timeout(self.timeout, self.events.send(event))
            .await
            .unwrap_or(false)
    }

    async fn command(&mut self, expected: &'static str) -> Result<Command, CommunicatorError> {
        match tokio::time::timeout(self.timeout, self.commands.recv()).await {
            Ok(Some(command)) => Ok(command),
            Ok(None) => Err(self.failure().await),
            Err(_) => Err(CommunicatorError::Timeout {
                expected,
                waited: self.timeout,
            }),
        }
    }

    async fn failure(&mut self) -> CommunicatorError {
        match &mut self.application {
            Some(application) => application.failure(self.timeout).await,
            None => running::returned_early(),
        }
    }
}

impl fmt::Debug for WebsocketCommunicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebsocketCommunicator")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
