//! Service → Application.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use crate::application::{Application, Connection};
use crate::error::AppError;
use crate::event::Command;
use crate::exchange::{Body, BoxError};
use crate::router::NotFound;
use crate::scope::{Ends, HttpScope, Scope};

/// A tower HTTP service, such as an axum router, as an application for `http` connections.
///
/// Request parts and body, and the response, are handed over whole: nothing is copied or
/// re-encoded. The service is cloned per request, as hyper does it. The two ends of the connection
/// stand in the request's extensions as [`Ends`]. A WebSocket is denied with 404.
#[derive(Clone, Copy)]
pub struct TowerApp<S>(pub S);

impl<S, B> Application for TowerApp<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    async fn call(&self, mut connection: Connection) -> Result<(), AppError> {
        let Scope::Http(scope) = connection.scope else {
            return NotFound.call(connection).await;
        };
        let HttpScope {
            mut parts,
            client,
            server,
            secure,
            tls,
            ..
        } = *scope;
        let ends = Ends {
            client,
            server,
            secure,
            tls,
        };
        parts.extensions.insert(ends);
        let body = connection.receive.take_body().unwrap_or_default();
        let mut service = self.0.clone();
        std::future::poll_fn(|cx| service.poll_ready(cx))
            .await
            .map_err(failed)?;
        let response = service
            .call(Request::from_parts(parts, body))
            .await
            .map_err(failed)?;
        let response = Box::new(response.map(Body::new));
        Ok(connection.send.send(Command::HttpResponse(response)).await?)
    }
}

/// The service's error, in a type that keeps it as its source.
#[derive(Debug, thiserror::Error)]
#[error("the mounted service failed")]
struct ServiceError(#[source] BoxError);

fn failed(error: impl Into<BoxError>) -> AppError {
    ServiceError(error.into()).into()
}

impl<S> fmt::Debug for TowerApp<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TowerApp")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange;
    use http_body_util::{BodyExt, Full};
    use std::convert::Infallible;

    #[tokio::test]
    async fn a_service_answers_as_an_application() {
        let service = tower::service_fn(|request: Request<Body>| async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.expect("a body").to_bytes();
            let text = format!("{path}: {}", String::from_utf8_lossy(&body));
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(text))))
        });
        let request = Request::post("/here")
            .body(Full::new(Bytes::from("body")))
            .expect("valid");
        let (connection, response, outcome) = exchange::open(request);
        outcome.finish(&TowerApp(service).call(connection).await);
        let response = response.await;
        assert_eq!(http_body::Body::size_hint(response.body()).exact(), Some(11));
        assert_eq!(
            response.into_body().collect().await.expect("a body").to_bytes(),
            "/here: body"
        );
    }

    #[tokio::test]
    async fn a_service_that_fails_is_an_error_with_its_source() {
        let service = tower::service_fn(|_: Request<Body>| async {
            Err::<Response<Body>, _>(std::io::Error::other("database gone"))
        });
        let request = Request::get("/").body(Body::empty()).expect("valid");
        let (connection, _response, _outcome) = exchange::open(request);
        let error = TowerApp(service).call(connection).await.expect_err("it fails");
        assert_eq!(error.to_string(), "the mounted service failed: database gone");
    }
}
