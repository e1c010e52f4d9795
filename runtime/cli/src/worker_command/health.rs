//! What a worker's probes are answered.

use std::future::pending;
use std::net::SocketAddr;
use std::pin::Pin;

use anyhow::{Context, Result};
use http::{Response, StatusCode, header};
use laureola::asgi::exchange::Body;
use laureola::asgi::{AppError, Command, Connection, Scope, app_fn};
use laureola::server::{Lifespan, Limits, Server};
use tokio::sync::watch;

/// Probes at a time; more is nobody who belongs here.
const CONNECTIONS: usize = 64;

/// A server for probes, or nothing.
pub(super) struct Health {
    ready: watch::Sender<bool>,
    serving: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Health {
    pub(super) async fn bind(address: Option<SocketAddr>) -> Result<Self> {
        let (ready, is_ready) = watch::channel(false);
        let Some(address) = address else {
            let serving = Box::pin(pending());
            return Ok(Self { ready, serving });
        };
        let application = app_fn(move |connection: Connection| {
            let is_ready = *is_ready.borrow();
            async move { answer(connection, is_ready).await }
        });
        let limits = Limits {
            max_connections: Some(CONNECTIONS),
            ..Limits::default()
        };
        let builder = Server::builder(application)
            .limits(limits)
            .lifespan(Lifespan::Off);
        let server = builder.bind(address).await.context("cannot serve --health")?;
        tracing::info!("health pages on http://{}/", server.local_addr());
        let serving = Box::pin(async move {
            // It has no lifespan that could fail, and nothing to end for.
            let _ = server.serve(pending()).await;
            pending::<()>().await;
        });
        Ok(Self { ready, serving })
    }

    pub(super) fn set_ready(&self, ready: bool) {
        self.ready.send_replace(ready);
    }

    /// Serves for as long as it is polled, and is never ready.
    pub(super) async fn serve(&mut self) {
        self.serving.as_mut().await;
    }
}

async fn answer(connection: Connection, is_ready: bool) -> Result<(), AppError> {
    let Scope::Http(scope) = &connection.scope else {
        return Ok(());
    };
    let (status, body) = match &*scope.path() {
        "/healthz" => (StatusCode::OK, "ok\n"),
        "/readyz" if is_ready => (StatusCode::OK, "ready\n"),
        "/readyz" => (StatusCode::SERVICE_UNAVAILABLE, "not taking messages\n"),
        _ => (StatusCode::NOT_FOUND, "/healthz /readyz\n"),
    };
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-store")
        .body(Body::from(body))
        .expect("these headers are legal");
    let response = Command::HttpResponse(Box::new(response));
    Ok(connection.send.send(response).await?)
}
