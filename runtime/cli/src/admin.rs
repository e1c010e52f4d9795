//! The admin address: a small server of its own, for probes and Prometheus and nobody else.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use http::{Method, Response, StatusCode, header};
use laureola::asgi::exchange::Body;
use laureola::asgi::{AppError, Command, Connection, Scope, app_fn};
use laureola::server::{Lifespan, Limits, Readiness, Server};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of what is measured in seconds, from a cached answer to a request that hangs.
const SECONDS: [f64; 14] = [
    0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];
/// How often what was measured is summed up; in between it takes memory.
const UPKEEP: Duration = Duration::from_secs(5);
/// Probes and scrapers at a time; more is nobody who belongs here.
const CONNECTIONS: usize = 64;

/// Installs the process's metrics recorder.
pub(crate) fn recorder() -> Result<PrometheusHandle> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .context("cannot measure anything for --admin")
}

/// A server of `/healthz` (200: the process lives), `/readyz` (200 while the server takes clients,
/// else 503) and `/metrics`.
pub(crate) async fn bind(
    address: SocketAddr,
    metrics: PrometheusHandle,
    readiness: Readiness,
) -> Result<Server> {
    let application = app_fn(move |connection: Connection| {
        let (metrics, readiness) = (metrics.clone(), readiness.clone());
        async move { answer(connection, &metrics, &readiness).await }
    });
    let limits = Limits {
        max_connections: Some(CONNECTIONS),
        ..Limits::default()
    };
    let builder = Server::builder(application)
        .limits(limits)
        .lifespan(Lifespan::Off);
    let server = builder.bind(address).await;
    server.context("cannot serve --admin")
}

/// Sums up what was measured, now and then.
pub(crate) async fn upkeep(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        metrics.run_upkeep();
    }
}

async fn answer(
    connection: Connection,
    metrics: &PrometheusHandle,
    readiness: &Readiness,
) -> Result<(), AppError> {
    let Scope::Http(scope) = &connection.scope else {
        // A handshake that nobody accepts is refused.
        return Ok(());
    };
    let (status, body) = match (scope.method(), &*scope.path()) {
        (&Method::GET | &Method::HEAD, path) => match path {
            "/healthz" => (StatusCode::OK, "ok\n".to_owned()),
            "/readyz" if readiness.is_ready() => (StatusCode::OK, "ready\n".to_owned()),
            "/readyz" => (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned()),
            "/metrics" => (StatusCode::OK, metrics.render()),
            _ => (StatusCode::NOT_FOUND, "/healthz /readyz /metrics\n".to_owned()),
        },
        _ => (StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned()),
    };
    let response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")
        .header(header::CACHE_CONTROL, "no-store")
        .body(Body::from(body))
        .expect("these headers are legal");
    connection
        .send
        .send(Command::HttpResponse(Box::new(response)))
        .await?;
    Ok(())
}
