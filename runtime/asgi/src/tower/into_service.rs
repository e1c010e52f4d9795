//! Application → Service.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use crate::application::{Application, BoxApplication, BoxFuture};
use crate::exchange::{self, Body, BoxError, ResponseFuture};

/// Where the futures of applications run: an application outlives its response (it may work on
/// after the last part, and sees the disconnect), so a service cannot poll it itself.
pub trait Spawn: Send + Sync + 'static {
    /// Runs `future` to its end.
    fn spawn(&self, future: BoxFuture<'static, ()>);
}

impl<F: Fn(BoxFuture<'static, ()>) + Send + Sync + 'static> Spawn for F {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        self(future);
    }
}

/// An application as a tower HTTP service, to be mounted in hyper or axum.
///
/// ```
/// use laureola_asgi::tower::ApplicationService;
/// use laureola_asgi::{AppError, Connection, app_fn};
///
/// # async fn page(_: Connection) -> Result<(), AppError> { Ok(()) }
/// let service = ApplicationService::new(app_fn(page), |future| {
///     tokio::spawn(future);
/// });
/// # let _ = service;
/// ```
pub struct ApplicationService {
    application: BoxApplication,
    spawn: Arc<dyn Spawn>,
}

impl ApplicationService {
    /// A service whose applications run where `spawn` puts them.
    pub fn new(application: impl Application, spawn: impl Spawn) -> Self {
        Self {
            application: application.boxed(),
            spawn: Arc::new(spawn),
        }
    }
}

impl Clone for ApplicationService {
    fn clone(&self) -> Self {
        Self {
            application: self.application.clone(),
            spawn: Arc::clone(&self.spawn),
        }
    }
}

impl<B> Service<Request<B>> for ApplicationService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseResult;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (connection, response, outcome) = exchange::open(request);
        let application = self.application.clone();
        self.spawn.spawn(Box::pin(async move {
            outcome.finish(&application.call(connection).await);
        }));
        ResponseResult(response)
    }
}

impl fmt::Debug for ApplicationService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApplicationService")
    }
}

/// The response of an [`ApplicationService`]; it never fails.
#[derive(Debug)]
pub struct ResponseResult(ResponseFuture);

impl Future for ResponseResult {
    type Output = Result<Response<Body>, Infallible>;

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        std::pin::Pin::new(&mut self.0).poll(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Command, Event};
    use crate::{AppError, Connection, app_fn};
    use http::{HeaderMap, StatusCode};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    #[tokio::test]
    async fn an_application_answers_as_a_service_and_works_on_after_its_response() {
        let (done, is_done) = tokio::sync::oneshot::channel();
        let done = parking_lot::Mutex::new(Some(done));
        let done = Arc::new(done);
        let application = app_fn(move |mut connection: Connection| {
            let done = Arc::clone(&done);
            async move {
                let start = Command::start(StatusCode::OK, HeaderMap::new());
                connection.send.send(start).await?;
                let body = Bytes::from_static(b"hello");
                connection
                    .send
                    .send(Command::HttpResponseBody {
                        body,
                        more_body: false,
                    })
                    .await?;
                while !matches!(connection.receive.next().await, Event::HttpDisconnect) {}
                done.lock().take().map(|done| done.send(()));
                Ok::<_, AppError>(())
            }
        });
        let service = ApplicationService::new(application, |future| {
            tokio::spawn(future);
        });
        let request = Request::get("/").body(Body::empty()).expect("valid");
        let response = service.oneshot(request).await.expect("infallible");
        assert_eq!(
            response.into_body().collect().await.expect("a body").to_bytes(),
            "hello"
        );
        is_done.await.expect("the application saw the end");
    }
}
