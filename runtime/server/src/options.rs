//! The timeouts and names a server runs with; the builder's setters document them.

use std::time::Duration;

use http::HeaderValue;

use crate::lifespan::Lifespan;
use crate::limits::Limits;
use crate::listener::Opening;
use crate::observe::access_log::AccessLog;
use crate::observe::trace::{Join, RequestIds};
use crate::proxy_headers::{Forwarding, Trusted};
use crate::websocket::Deflate;

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) limits: Limits,
    pub(crate) opening: Opening,
    pub(crate) http2: bool,
    pub(crate) handshake_timeout: Duration,
    pub(crate) certificate_interval: Option<Duration>,
    pub(crate) proxy_protocol: Trusted,
    pub(crate) server_name: Option<HeaderValue>,
    pub(crate) forwarding: Forwarding,
    pub(crate) access_log: Option<AccessLog>,
    pub(crate) metrics: bool,
    pub(crate) request_ids: Option<RequestIds>,
    pub(crate) join: Option<Join>,
    pub(crate) header_timeout: Duration,
    pub(crate) keep_alive_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) http_timeout: Option<Duration>,
    pub(crate) websocket_connect_timeout: Option<Duration>,
    pub(crate) websocket_timeout: Option<Duration>,
    pub(crate) websocket_close_timeout: Duration,
    pub(crate) websocket_compression: Option<Deflate>,
    pub(crate) slow_client_timeout: Duration,
    pub(crate) ping_interval: Option<Duration>,
    pub(crate) ping_timeout: Option<Duration>,
    pub(crate) application_close_timeout: Duration,
    pub(crate) lifespan: Lifespan,
    pub(crate) startup_timeout: Duration,
    pub(crate) shutdown_delay: Duration,
    pub(crate) shutdown_drain: Duration,
    pub(crate) shutdown_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            opening: Opening::default(),
            http2: true,
            handshake_timeout: Duration::from_secs(10),
            certificate_interval: Some(Duration::from_secs(10)),
            proxy_protocol: Trusted::default(),
            server_name: Some(HeaderValue::from_static("laureola")),
            forwarding: Forwarding::default(),
            access_log: None,
            metrics: false,
            request_ids: None,
            join: None,
            header_timeout: Duration::from_secs(10),
            keep_alive_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(60),
            http_timeout: None,
            websocket_connect_timeout: Some(Duration::from_secs(5)),
            websocket_timeout: Some(Duration::from_secs(86_400)),
            websocket_close_timeout: Duration::from_secs(5),
            websocket_compression: None,
            slow_client_timeout: Duration::from_secs(60),
            ping_interval: Some(Duration::from_secs(20)),
            ping_timeout: Some(Duration::from_secs(30)),
            application_close_timeout: Duration::from_secs(10),
            lifespan: Lifespan::Auto,
            startup_timeout: Duration::from_secs(60),
            shutdown_delay: Duration::ZERO,
            shutdown_drain: Duration::from_secs(2),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}
