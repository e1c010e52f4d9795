//! Request ids, and the spans that carry them.

use std::fmt;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName};
use http::{Request, Version};
use laureola_asgi::RequestId;
use laureola_asgi::scope::Ends;
use tracing::{Level, Span};

use super::random;
pub use super::trace_parent::TraceParent;
use crate::connection::Peer;

/// The target of the spans of requests and WebSockets; their level is debug.
pub const TARGET: &str = "laureola_server::request";

pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer id than anybody makes is not for our logs.
const LONGEST: usize = 128;

/// Where the ids of requests come from, and go to. An id is the trace's of a valid `traceparent`
/// (W3C Trace Context), else what is said here, else 32 random hex digits.
///
/// Scopes carry it as [`RequestId`] in their extensions, access logs and spans name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestIds {
    /// Take the `x-request-id` of trusted peers, before `traceparent`: up to 128 characters of
    /// visible ASCII. Default `false`.
    pub accept_header: bool,
    /// Send `x-request-id` with responses. Default `false`.
    pub echo: bool,
}

/// Told of the span of every request that came with a `traceparent`: for exporters that join
/// traces, which tracing itself knows nothing of. Called before the application is.
#[derive(Clone)]
pub(crate) struct Join(pub(crate) Arc<Told>);

type Told = dyn Fn(&Span, TraceParent) + Send + Sync;

impl fmt::Debug for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Join")
    }
}

/// A request's id and span, if anybody wants them.
#[derive(Debug)]
pub(super) struct Traced {
    pub(super) id: Option<RequestId>,
    pub(super) span: Span,
}

impl Traced {
    /// Leaves the id in the request's extensions.
    pub(super) fn new<B>(peer: &Peer, ends: &Ends, request: &mut Request<B>) -> Self {
        let options = &peer.shared.options;
        let log_wants = options.access_log.as_ref().is_some_and(|log| log.names_ids());
        let spans = tracing::span_enabled!(target: "laureola_server::request", Level::DEBUG);
        if !(spans || log_wants || options.request_ids.is_some()) {
            return Self {
                id: None,
                span: Span::none(),
            };
        }
        let parent = TraceParent::of(request.headers());
        let header = || {
            let accepts = options.request_ids.is_some_and(|ids| ids.accept_header);
            let trusted = || options.forwarding.trusted.trusts(peer.ends.client.as_ref());
            (accepts && trusted())
                .then(|| from_header(request.headers()))
                .flatten()
        };
        let made = || {
            RequestId::new(format!(
                "{:032x}",
                parent.map_or_else(random, |parent| parent.trace_id)
            ))
        };
        let id = header().unwrap_or_else(made);
        let span = if spans {
            span(ends, request, &id)
        } else {
            Span::none()
        };
        if let (Some(parent), Some(join), false) = (parent, &options.join, span.is_disabled()) {
            join.0(&span, parent);
        }
        request.extensions_mut().insert(id.clone());
        Self { id: Some(id), span }
    }
}

fn from_header(headers: &HeaderMap) -> Option<RequestId> {
    let id = headers.get(X_REQUEST_ID)?.to_str().ok()?;
    let is_plain = !id.is_empty() && id.len() <= LONGEST && id.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain.then(|| RequestId::new(id))
}

/// Fields by the names of OpenTelemetry's conventions for servers. The query string is left out: it
/// holds secrets often enough.
fn span<B>(ends: &Ends, request: &Request<B>, id: &RequestId) -> Span {
    let client = ends.client.as_ref();
    let version = match request.version() {
        Version::HTTP_09 | Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    };
    let method = request.method().as_str();
    tracing::debug_span!(
        target: "laureola_server::request",
        "request",
        otel.kind = "server",
        otel.name = method,
        request_id = id.as_str(),
        http.request.method = method,
        url.path = request.uri().path(),
        network.protocol.version = version,
        client.address = client.map(|client| &*client.host),
        http.route = tracing::field::Empty,
        http.response.status_code = tracing::field::Empty,
        websocket.close_code = tracing::field::Empty,
    )
}
