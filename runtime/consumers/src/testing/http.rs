//! One HTTP request in the test's own process.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body::Body as _;
use laureola_asgi::exchange::{self, Body, BoxError};
use laureola_asgi::{AppError, Application};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::error::CommunicatorError;
use super::running::Running;

/// One HTTP request to an application, and its response (Channels: `HttpCommunicator`). The application runs in a task
/// of its own, which ends with the communicator. Every call waits one second at most, unless told otherwise.
///
/// See [`HttpConsumer`](crate::HttpConsumer) for an example.
pub struct HttpCommunicator {
    response: Option<exchange::ResponseFuture>,
    body: Option<Body>,
    application: Running,
    /// Why the application failed, where a client would only see a 500.
    failed: oneshot::Receiver<AppError>,
    timeout: Duration,
}

impl HttpCommunicator {
    /// A request to `application`; its body is [`Bytes`], a text, or any other body.
    pub fn new<B>(application: impl Application, request: Request<B>) -> Self
    where
        B: Into<Body>,
    {
        let (connection, response, outcome) = exchange::open(request.map(Into::into));
        let (tell, failed) = oneshot::channel();
        let application = Running::of(async move {
            let result = application.call(connection).await;
            match result {
                Ok(()) => outcome.finish(&Ok(())),
                Err(error) => {
                    // First, so that whoever sees the 500 finds the reason.
                    let _ = tell.send(error);
                    drop(outcome);
                }
            }
            Ok(())
        });
        Self {
            response: Some(response),
            body: None,
            application,
            failed,
            timeout: Duration::from_secs(1),
        }
    }

    /// How long each call waits at most; default one second.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The whole response.
    ///
    /// # Errors
    /// It is not complete in time; what the application failed with.
    pub async fn get_response(&mut self) -> Result<Response<Bytes>, CommunicatorError> {
        let head = self.get_head().await?;
        let mut body = BytesMut::new();
        while let Some(part) = self.receive_part().await? {
            body.extend_from_slice(&part);
        }
        Ok(head.map(|()| body.freeze()))
    }

    /// The response's head, as soon as it is there; its body is read with [`HttpCommunicator::receive_part`].
    ///
    /// # Errors
    /// As [`HttpCommunicator::get_response`].
    ///
    /// # Panics
    /// If it is asked for twice.
    pub async fn get_head(&mut self) -> Result<Response<()>, CommunicatorError> {
        let response = self.response.take().expect("a response has one head");
        let Ok(response) = timeout(self.timeout, response).await else {
            return Err(self.timed_out("the response's head"));
        };
        if let Ok(error) = self.failed.try_recv() {
            return Err(CommunicatorError::Application(error));
        }
        let (parts, body) = response.into_parts();
        self.body = Some(body);
        Ok(Response::from_parts(parts, ()))
    }

    /// The next part of the body; `None` at its end.
    ///
    /// # Errors
    /// None came in time, or the response was broken off.
    ///
    /// # Panics
    /// Before [`HttpCommunicator::get_head`].
    pub async fn receive_part(&mut self) -> Result<Option<Bytes>, CommunicatorError> {
        let body = self.body.as_mut().expect("the head comes first");
        let next = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
        match timeout(self.timeout, next).await {
            Ok(Some(Ok(frame))) => Ok(Some(frame.into_data().unwrap_or_default())),
            Ok(Some(Err(error))) => Err(self.broken(error).await),
            Ok(None) => Ok(None),
            Err(_) => Err(self.timed_out("a part of the response's body")),
        }
    }

    /// Leaves, and waits for the application's end.
    ///
    /// # Errors
    /// What it failed with, or that it does not end.
    pub async fn disconnect(mut self) -> Result<(), CommunicatorError> {
        self.response = None;
        self.body = None;
        self.application.ended(self.timeout).await?;
        match self.failed.try_recv() {
            Ok(error) => Err(CommunicatorError::Application(error)),
            Err(_) => Ok(()),
        }
    }

    async fn broken(&mut self, error: BoxError) -> CommunicatorError {
        match timeout(self.timeout, &mut self.failed).await {
            Ok(Ok(error)) => CommunicatorError::Application(error),
            _ => CommunicatorError::Application(AppError::msg(error.to_string())),
        }
    }

    fn timed_out(&self, expected: &'static str) -> CommunicatorError {
        CommunicatorError::Timeout {
            expected,
            waited: self.timeout,
        }
    }
}

impl fmt::Debug for HttpCommunicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpCommunicator")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
