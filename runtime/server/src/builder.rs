//! The server's settings.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use laureola_asgi::{Application, BoxApplication};
use tokio::net::ToSocketAddrs;

use crate::activation::Activation;
use crate::endpoint::Endpoint;
use crate::error::BindError;
use crate::lifespan::Lifespan;
use crate::limits::Limits;
use crate::listener;
use crate::observe::access_log::AccessLog;
use crate::observe::trace::{Join, RequestIds, TraceParent};
use crate::options::Options;
use crate::proxy_headers::{ProxyHeaders, Trusted};
use crate::server::Server;
use crate::shared::Shared;
use crate::websocket::Deflate;

/// Settings of a [`Server`], all with Daphne's defaults where Daphne has one. `None` where a setter
/// takes an option means "never".
#[derive(Clone, Debug)]
#[must_use = "a builder serves nothing before it is bound"]
pub struct Builder {
    application: BoxApplication,
    options: Options,
    endpoints: Vec<Endpoint>,
}

impl Builder {
    pub(crate) fn new(application: impl Application) -> Self {
        Self {
            application: application.boxed(),
            options: Options::default(),
            endpoints: Vec::new(),
        }
    }

    /// What one client may cost. See [`Limits`] for the defaults.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// The `server` header of responses that have none (`-s/--server-name`). Default `laureola`;
    /// `None` sends none. A name that is no legal header value is not sent either.
    pub fn server_name(mut self, name: Option<&str>) -> Self {
        self.options.server_name = name.and_then(|name| HeaderValue::from_str(name).ok());
        self
    }

    /// Where the application is mounted (`--root-path`): `root_path` in its scopes. Default `""`. A
    /// trusted peer's `Daphne-Root-Path` counts more; nobody's reaches the application as a header.
    pub fn root_path(mut self, root_path: &str) -> Self {
        self.options.forwarding.root_path = root_path.into();
        self
    }

    /// Takes the client's address and scheme from the headers of trusted proxies
    /// (`--proxy-headers`). Default `None`: no such header is looked at.
    pub fn proxy_headers(mut self, headers: Option<ProxyHeaders>) -> Self {
        self.options.forwarding.headers = headers;
        self
    }

    /// Whose `Daphne-Root-Path` and proxy headers count (`--forwarded-allow-ips`). Default: loopback
    /// addresses and UNIX sockets.
    pub fn trusted_proxies(mut self, trusted: Trusted) -> Self {
        self.options.forwarding.trusted = trusted;
        self
    }

    /// Where every request and WebSocket leaves a line (`--access-log`). Default `None`.
    pub fn access_log(mut self, log: Option<AccessLog>) -> Self {
        self.options.access_log = log;
        self
    }

    /// Whether to count, into the recorder of the `metrics` facade that is installed when the server
    /// is bound: see [`observe::metrics`](crate::observe::metrics) for the names. Default `false`.
    pub fn metrics(mut self, on: bool) -> Self {
        self.options.metrics = on;
        self
    }

    /// Gives every request and WebSocket a [`RequestId`](laureola_asgi::RequestId) in its scope's
    /// extensions. Default `None`: there is one only where the access log or a span shows it.
    pub fn request_ids(mut self, ids: Option<RequestIds>) -> Self {
        self.options.request_ids = ids;
        self
    }

    /// Tells `join` of the span of every request with a valid `traceparent`, before its application
    /// is called: an exporter may make the one the other's parent. Spans are there where a
    /// subscriber takes the debug level of [`trace::TARGET`](crate::observe::trace::TARGET).
    pub fn join_traces(mut self, join: impl Fn(&tracing::Span, TraceParent) + Send + Sync + 'static) -> Self {
        self.options.join = Some(Join(Arc::new(join)));
        self
    }

    /// Time for a request's whole head, from its first byte, and for a new connection's first byte.
    /// Over HTTP/2 for the preface with its SETTINGS, too. Default 10 s. Costs a timer only while a
    /// head is incomplete.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.options.header_timeout = timeout;
        self
    }

    /// How long a connection may idle between two requests, until the next one's first byte. An HTTP/2
    /// connection idles while it has no stream. Default 75 s.
    pub fn keep_alive_timeout(mut self, timeout: Duration) -> Self {
        self.options.keep_alive_timeout = timeout;
        self
    }

    /// How long an application may wait for the next byte of a request's body before the client
    /// counts as gone. Default 60 s.
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.options.body_timeout = timeout;
        self
    }

    /// Time for a whole response (`-t/--http-timeout`): 503 if it has not started, and its end if
    /// it is under way. Default `None`. Costs a timer per request.
    pub fn http_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.options.http_timeout = timeout;
        self
    }

    /// Time for an application to accept or close a WebSocket (`--websocket_connect_timeout`); then
    /// the handshake is answered with 503, and the application sees a disconnect (1006). Default 5 s.
    /// Daphne 4.2 means to answer 403, but resets the connection: a second timer of the same length
    /// is faster. A client, or a proxy, is better off with a response.
    pub fn websocket_connect_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.options.websocket_connect_timeout = timeout;
        self
    }

    /// How long a WebSocket may last (`--websocket_timeout`); then it is closed with 1000.
    /// Default 86,400 s.
    pub fn websocket_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.options.websocket_timeout = timeout;
        self
    }

    /// Time for a client to answer a close frame before the connection is cut. Default 5 s.
    pub fn websocket_close_timeout(mut self, timeout: Duration) -> Self {
        self.options.websocket_close_timeout = timeout;
        self
    }

    /// Speaks permessage-deflate (RFC 7692) with WebSocket clients that offer it. Default `None`, as
    /// Daphne has it. Think before: compression of secrets beside a client's own words gives their
    /// length away (BREACH), and costs time; see [`Deflate`] for what.
    pub fn websocket_compression(mut self, settings: Option<Deflate>) -> Self {
        self.options.websocket_compression = settings;
        self
    }

    /// How long a client may take not a single byte while bytes wait for it; then the connection of
    /// a response is cut, and a WebSocket closed with 1013. An HTTP/2 client that only grants no
    /// window has the stream reset. Default 60 s.
    pub fn slow_client_timeout(mut self, timeout: Duration) -> Self {
        self.options.slow_client_timeout = timeout;
        self
    }

    /// Silence after which a WebSocket client is pinged (`--ping-interval`), and a client of HTTP/2
    /// that has streams open. Default 20 s. All sockets share one timer, which rounds to a second.
    pub fn ping_interval(mut self, interval: Option<Duration>) -> Self {
        self.options.ping_interval = interval;
        self
    }

    /// Time for anything to come after a ping (`--ping-timeout`); then the connection is cut.
    /// Default 30 s.
    pub fn ping_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.options.ping_timeout = timeout;
        self
    }

    /// Time for an application to end after its client has left, or has its whole response
    /// (`--application-close-timeout`); then it is stopped, and the log says so. Default 10 s.
    pub fn application_close_timeout(mut self, timeout: Duration) -> Self {
        self.options.application_close_timeout = timeout;
        self
    }

    /// Whether the application is told of the server's start and end. Default
    /// [`Lifespan::Auto`].
    pub fn lifespan(mut self, lifespan: Lifespan) -> Self {
        self.options.lifespan = lifespan;
        self
    }

    /// Time for the application's startup. Default 60 s.
    pub fn startup_timeout(mut self, timeout: Duration) -> Self {
        self.options.startup_timeout = timeout;
        self
    }

    /// How long the server serves on, new connections too, after it was asked to stop and its
    /// [`Readiness`](crate::Readiness) says so: time for a load balancer to notice. Default 0.
    pub fn shutdown_delay(mut self, delay: Duration) -> Self {
        self.options.shutdown_delay = delay;
        self
    }

    /// The time over which a stopping server spreads the closing of its WebSockets, so that their
    /// clients do not all come back at one moment. The first 128 are closed at once, whatever it is.
    /// At most half of the shutdown timeout. Default 2 s; 0 closes all at once.
    pub fn shutdown_drain(mut self, drain: Duration) -> Self {
        self.options.shutdown_drain = drain;
        self
    }

    /// Time for a shutdown, the delay not counted: what still runs then is stopped, and the log
    /// names it. Default 30 s.
    pub fn shutdown_timeout(mut self, timeout: Duration) -> Self {
        self.options.shutdown_timeout = timeout;
        self
    }

    /// Adds a place to listen at; [`open`](Self::open) opens them all.
    pub fn listen(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// The descriptors that systemd passed, for [`Endpoint::Systemd`]. Default none.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.options.opening.activation = activation;
        self
    }

    /// Connections that may wait to be accepted, where an endpoint does not say. Default 4096; the
    /// kernel takes less where its own limit (`net.core.somaxconn`) is lower.
    pub fn backlog(mut self, connections: u32) -> Self {
        self.options.opening.backlog = connections;
        self
    }

    /// Lets several processes of the same user listen at the same TCP addresses, each getting a
    /// share of the connections (`SO_REUSEPORT`). Default false.
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.options.opening.reuse_port = reuse;
        self
    }

    /// Whether HTTP/2 is spoken: by ALPN over TLS, and with clients that begin with its preface
    /// over bare sockets. Default true.
    pub fn http2(mut self, on: bool) -> Self {
        self.options.http2 = on;
        self.options.opening.http2 = on;
        self
    }

    /// Time for a TLS handshake, from its beginning. Default 10 s.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.options.handshake_timeout = timeout;
        self
    }

    /// How often the server looks whether the files of its certificates have changed. New
    /// connections get the new ones; where these cannot be used the old ones stay, and the log says
    /// so. Default 10 s; `None` leaves it to the [`Reloader`](crate::tls::Reloader).
    pub fn certificate_interval(mut self, interval: Option<Duration>) -> Self {
        self.options.certificate_interval = interval;
        self
    }

    /// The peers that may speak the PROXY protocol, at endpoints that want it
    /// ([`Endpoint::ProxyProtocol`]); others are cut off. Default loopback and UNIX sockets.
    pub fn proxy_protocol_from(mut self, trusted: Trusted) -> Self {
        self.options.proxy_protocol = trusted;
        self
    }

    /// Listens at every endpoint that was added. Clients may connect from now on; they are served
    /// by [`Server::serve`].
    ///
    /// # Errors
    /// [`BindError`] of the first endpoint that cannot be listened at; none is then.
    pub async fn open(self) -> Result<Server, BindError> {
        let mut listeners = Vec::with_capacity(self.endpoints.len());
        for endpoint in &self.endpoints {
            listeners.push(listener::open(endpoint, &self.options.opening).await?);
        }
        if listeners.is_empty() {
            return Err(BindError::NoAddress);
        }
        Ok(Server::new(
            Shared::new(self.application, self.options),
            listeners,
        ))
    }

    /// Listens on the first of the addresses that can be had: `("127.0.0.1", 8000)`,
    /// `"[::1]:8000"`, a [`SocketAddr`](std::net::SocketAddr); and at every endpoint that was
    /// added, too. Port 0 takes a free one.
    ///
    /// # Errors
    /// [`BindError`]: the name is not known, none of its addresses can be listened on, or an
    /// endpoint cannot.
    pub async fn bind(self, address: impl ToSocketAddrs) -> Result<Server, BindError> {
        let opening = &self.options.opening;
        let mut listeners = vec![listener::bind(address, opening).await?];
        for endpoint in &self.endpoints {
            listeners.push(listener::open(endpoint, opening).await?);
        }
        Ok(Server::new(
            Shared::new(self.application, self.options),
            listeners,
        ))
    }
}
