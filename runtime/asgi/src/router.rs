//! One application per protocol.

use http::{Response, StatusCode};

use crate::application::{Application, BoxApplication, Connection};
use crate::error::AppError;
use crate::event::Command;
use crate::exchange::Body;
use crate::lifespan;
use crate::scope::Scope;

/// Sends a connection to the application of its protocol (Channels: `ProtocolTypeRouter`).
///
/// Unlike Channels', a protocol without an application is answered, not raised: HTTP with 404, a
/// WebSocket by denying its handshake with 404.
///
/// ```
/// use laureola_asgi::{Command, Connection, ProtocolTypeRouter, app_fn};
/// # async fn page(_: Connection) -> Result<(), laureola_asgi::AppError> { Ok(()) }
/// # async fn socket(_: Connection) -> Result<(), laureola_asgi::AppError> { Ok(()) }
/// let application = ProtocolTypeRouter::new().http(app_fn(page)).websocket(app_fn(socket));
/// # let _ = application;
/// ```
#[derive(Clone, Debug, Default)]
pub struct ProtocolTypeRouter {
    http: Option<BoxApplication>,
    websocket: Option<BoxApplication>,
    lifespan: Option<BoxApplication>,
}

impl ProtocolTypeRouter {
    /// A router without applications.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The application of `http` connections.
    #[must_use]
    pub fn http(mut self, application: impl Application) -> Self {
        self.http = Some(application.boxed());
        self
    }

    /// The application of `websocket` connections.
    #[must_use]
    pub fn websocket(mut self, application: impl Application) -> Self {
        self.websocket = Some(application.boxed());
        self
    }

    /// The application that is told of the server's start and end. Without one the router answers
    /// for itself: started, and stopped.
    #[must_use]
    pub fn lifespan(mut self, application: impl Application) -> Self {
        self.lifespan = Some(application.boxed());
        self
    }
}

impl Application for ProtocolTypeRouter {
    fn call(&self, connection: Connection) -> impl Future<Output = Result<(), AppError>> + Send {
        let application = match connection.scope {
            Scope::Http(_) => &self.http,
            Scope::WebSocket(_) => &self.websocket,
            Scope::Lifespan(_) => &self.lifespan,
        };
        match application {
            Some(application) => application.call_boxed(connection),
            None => Box::pin(NotFound.call(connection)),
        }
    }
}

/// Answers everything with 404, and a lifespan with success: the end of a router's list.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotFound;

impl Application for NotFound {
    async fn call(&self, connection: Connection) -> Result<(), AppError> {
        let mut response = Response::new(Body::from("Not Found\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        response.headers_mut().insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        let response = Box::new(response);
        let command = match connection.scope {
            Scope::Http(_) => Command::HttpResponse(response),
            Scope::WebSocket(_) => Command::WebSocketDeny(response),
            Scope::Lifespan(_) => return lifespan::agree(connection).await,
        };
        Ok(connection.send.send(command).await?)
    }
}
