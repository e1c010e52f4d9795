//! One request or WebSocket under observation: what happens to it is told to it, and it tells the
//! access log and the metrics, at the latest when it is dropped.

use std::sync::Arc;
use std::time::Instant;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, Version};
use laureola_asgi::scope::Ends;
use laureola_asgi::{Address, CloseCode, MatchedRoute, RequestId};

use tracing::Span;

use super::access_log::{AccessLog, Entry, Event};
use super::metrics::{Open, Protocol};
use super::trace::{Traced, X_REQUEST_ID};
use crate::connection::Peer;
use crate::http::ResponseBody;
use crate::shared::Shared;
use crate::websocket::BROKEN;

/// See the module's documentation. Where nobody observes, it is a word that is zero.
#[derive(Debug, Default)]
pub(crate) struct Record(Option<Box<Observed>>);

#[derive(Debug)]
struct Observed {
    shared: Arc<Shared>,
    since: Instant,
    stage: Stage,
    method: Method,
    status: Option<u16>,
    bytes: u64,
    route: Option<MatchedRoute>,
    line: Option<Line>,
    /// Counts it while it is an open WebSocket.
    open: Option<Open>,
    traced: Traced,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Http,
    Connecting,
    Open(CloseCode),
}

/// What only lines show. Copied: a request's own bytes pin the buffer they came in, and a WebSocket
/// lives for hours.
#[derive(Debug)]
struct Line {
    client: Option<Address>,
    protocol: &'static str,
    target: Box<str>,
    user_agent: Option<Box<[u8]>>,
    referer: Option<Box<[u8]>>,
}

impl Record {
    /// Begins with a request that came this way.
    pub(crate) fn begin<B>(peer: &Peer, ends: &Ends, request: &mut Request<B>) -> Self {
        let shared = &peer.shared;
        let log = shared.options.access_log.as_ref();
        let traced = Traced::new(peer, ends, request);
        if log.is_none() && !shared.metrics.is_on() && traced.id.is_none() {
            return Self(None);
        }
        let route = MatchedRoute::default();
        request.extensions_mut().insert(route.clone());
        Self(Some(Box::new(Observed {
            shared: Arc::clone(shared),
            since: Instant::now(),
            stage: Stage::Http,
            method: request.method().clone(),
            status: None,
            bytes: 0,
            route: Some(route),
            line: log.map(|log| Line::new(log, ends, request)),
            open: None,
            traced,
        })))
    }

    /// The request's span, for whatever is done for it, if anybody wants it.
    pub(crate) fn span(&self) -> Option<Span> {
        let span = &self.0.as_ref()?.traced.span;
        (!span.is_disabled()).then(|| span.clone())
    }

    /// An application is called for a WebSocket.
    pub(crate) fn connecting(&mut self) {
        if let Some(observed) = &mut self.0 {
            observed.stage = Stage::Connecting;
            // Of requests only: a WebSocket would keep it for hours.
            observed.route = None;
            observed.log(Event::Connecting);
        }
    }

    /// The WebSocket is open, and the record goes with it.
    pub(crate) fn accepted(&mut self) -> Self {
        let mut record = std::mem::take(self);
        if let Some(observed) = &mut record.0 {
            let is_http2 = observed
                .line
                .as_ref()
                .is_some_and(|line| line.protocol == "HTTP/2.0");
            // RFC 8441 §5.
            observed.status = Some(if is_http2 { 200 } else { 101 });
            observed.log(Event::Connect);
            observed.open = Some(observed.shared.metrics.open(Protocol::WebSocket));
            // Until somebody says better.
            observed.stage = Stage::Open(BROKEN);
        }
        record
    }

    /// The WebSocket's application was told of its end.
    pub(crate) fn closed(&mut self, code: CloseCode) {
        if let Some(observed) = &mut self.0 {
            observed.stage = Stage::Open(code);
        }
    }

    /// There is a response, and the record goes with its body.
    pub(crate) fn answer(mut self, response: &mut Response<ResponseBody>) {
        let Some(observed) = &mut self.0 else {
            return;
        };
        observed.status = Some(response.status().as_u16());
        observed.echo(response.headers_mut());
        if observed.stage == Stage::Connecting {
            observed.log(Event::Reject);
            observed.shared.metrics.refused(response.status().as_u16());
        }
        response.body_mut().record(self);
    }

    /// Bytes of the response's body are on their way.
    pub(crate) fn sent(&mut self, bytes: usize) {
        if let Some(observed) = &mut self.0 {
            observed.bytes += bytes as u64;
        }
    }
}

impl Line {
    fn new<B>(log: &AccessLog, ends: &Ends, request: &Request<B>) -> Self {
        let header = |name: HeaderName| {
            let value = request.headers().get(name).filter(|_| log.names_agents());
            value.map(|value| Box::from(value.as_bytes()))
        };
        let target = request
            .uri()
            .path_and_query()
            .map_or("/", |target| target.as_str());
        Self {
            client: ends.client.clone(),
            protocol: match request.version() {
                Version::HTTP_09 | Version::HTTP_10 => "HTTP/1.0",
                Version::HTTP_2 => "HTTP/2.0",
                _ => "HTTP/1.1",
            },
            target: target.into(),
            user_agent: header(header::USER_AGENT),
            referer: header(header::REFERER),
        }
    }
}

impl Observed {
    fn echo(&self, headers: &mut HeaderMap) {
        let echoes = self.shared.options.request_ids.is_some_and(|ids| ids.echo);
        if let Some(id) = self.traced.id.as_ref().filter(|_| echoes)
            && let Ok(value) = HeaderValue::from_str(id.as_str())
        {
            headers.entry(X_REQUEST_ID).or_insert(value);
        }
    }

    /// What the span lacks at its end.
    fn complete(&self, route: Option<&str>) {
        let span = &self.traced.span;
        if span.is_disabled() {
            return;
        }
        if let Some(status) = self.status {
            span.record("http.response.status_code", status);
        }
        if let Some(route) = route {
            span.record("http.route", route);
            span.record("otel.name", format!("{} {route}", self.method));
        }
        if let Stage::Open(code) = self.stage {
            span.record("websocket.close_code", code);
        }
    }

    fn log(&self, event: Event) {
        let (Some(line), Some(log)) = (&self.line, &self.shared.options.access_log) else {
            return;
        };
        let route = self.route.as_ref().and_then(MatchedRoute::get);
        log.log(&Entry {
            event,
            client: line.client.as_ref(),
            method: self.method.as_str(),
            target: &line.target,
            protocol: line.protocol,
            status: self.status,
            bytes: self.bytes,
            duration: self.since.elapsed(),
            code: match self.stage {
                Stage::Open(code) if event == Event::Disconnect => Some(code),
                _ => None,
            },
            user_agent: line.user_agent.as_deref(),
            referer: line.referer.as_deref(),
            request_id: self.traced.id.as_ref().map(RequestId::as_str),
            route: route.as_deref(),
        });
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let route = self.route.as_ref().and_then(MatchedRoute::get);
        self.complete(route.as_deref());
        if self.stage == Stage::Http {
            let took = self.since.elapsed();
            let metrics = &self.shared.metrics;
            metrics.request(&self.method, self.status, route.as_deref(), took);
        }
        self.log(match self.stage {
            Stage::Http => Event::Http,
            Stage::Connecting | Stage::Open(_) => Event::Disconnect,
        });
    }
}
