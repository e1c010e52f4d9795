//! Spans to an OpenTelemetry collector (feature `otel`, `--otel-endpoint`), as OTLP over HTTP.
//!
//! - `client`: the HTTP of it

mod client;

use std::time::Duration;

use anyhow::{Context as _, Result};
use laureola::server::Builder;
use laureola::server::observe::trace::{TARGET, TraceParent};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use client::Client;

/// Time for the collector to take a batch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Time for the last spans, once the server has ended.
const LAST: Duration = Duration::from_secs(5);

/// Exports spans until it is dropped, which sends what is left.
#[derive(Debug)]
pub(crate) struct Exporting(SdkTracerProvider);

impl Exporting {
    /// Starts the thread that exports. The collector need not be there yet.
    ///
    /// # Errors
    /// The endpoint is no URL that we can use.
    pub(crate) fn start(endpoint: &str, service: &str) -> Result<Self> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client::new(TIMEOUT))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(TIMEOUT)
            .build()
            .with_context(|| format!("cannot export spans to {endpoint}"))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder()
            .with_service_name(service.to_owned())
            .with_attribute(version)
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .build();
        Ok(Self(provider))
    }

    /// What takes spans from tracing: those of requests, and what applications have within them at
    /// info level or above.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let tracer = self.0.tracer("laureola");
        let spans = Targets::new()
            .with_default(LevelFilter::INFO)
            .with_target(TARGET, LevelFilter::DEBUG);
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_filter(spans)
    }
}

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST) {
            tracing::warn!(%error, "the last spans could not be exported");
        }
    }
}

/// Makes the spans of requests children of the clients' spans that sent them.
pub(crate) fn join(builder: Builder) -> Builder {
    builder.join_traces(|span, parent: TraceParent| {
        let remote = SpanContext::new(
            TraceId::from(parent.trace_id),
            SpanId::from(parent.parent_id),
            TraceFlags::new(parent.flags & 1),
            true,
            TraceState::default(),
        );
        // Fails only where nobody exports.
        let _ = span.set_parent(Context::new().with_remote_span_context(remote));
    })
}
