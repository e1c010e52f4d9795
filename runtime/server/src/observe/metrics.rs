//! Numbers, through the `metrics` facade into whatever recorder the process has.
//!
//! Handles are looked up once, when the server is made; what a message costs is two additions to
//! a counter of its own thread. The sweep gathers these, and looks at the queues, once a second.
//!
//! | name | labels | what |
//! | --- | --- | --- |
//! | `laureola_connections_total`, `laureola_connections_open` | `protocol`: `http1`, `http2`, `websocket` | accepted so far, open now |
//! | `laureola_http_requests_total` | `method`, `status` | responses begun; `status` is `none` where the client left before |
//! | `laureola_http_request_duration_seconds` | `route` | from the head to the last byte; the router's pattern, else `other` |
//! | `laureola_websocket_refused_total` | `status` | handshakes that ended with a response |
//! | `laureola_websocket_messages_total`, `laureola_websocket_bytes_total` | `direction`: `in`, `out` | messages, and the bytes of their payloads (`in`) or frames (`out`) |
//! | `laureola_websocket_outbound_bytes`, `laureola_websocket_outbound_bytes_max` | | waiting for all clients, and for the one with most |
//! | `laureola_websocket_clients_behind` | | clients that something waits for |
//! | `laureola_websocket_slow_consumers_total` | | clients that were cut because they did not read |
//! | `laureola_applications_stuck_total`, `laureola_applications_failed_total` | | stopped after their client had left; ended with an error |
//! | `laureola_access_log_dropped_total` | | lines of the access log that were dropped |

mod requests;
mod traffic;

use std::time::Duration;

use http::Method;
use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, describe_histogram, gauge};

use requests::Requests;
use traffic::Traffic;

/// See the module's documentation. Off, every method is one comparison.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Option<Box<Handles>>);

struct Handles {
    /// Of `Protocol`, in its order.
    connections: [(Counter, Gauge); 3],
    requests: Requests,
    traffic: Traffic,
    waiting: Gauge,
    waiting_most: Gauge,
    behind: Gauge,
    slow: Counter,
    stuck: Counter,
    failed: Counter,
}

impl std::fmt::Debug for Handles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handles")
    }
}

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
    WebSocket,
}

/// What waits for WebSocket clients, summed up by the sweep.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Waiting {
    bytes: usize,
    most: usize,
    clients: u32,
}

impl Waiting {
    /// Adds what waits for one client.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.most = self.most.max(bytes);
        self.clients += u32::from(bytes > 0);
    }
}

/// An open connection, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Open(Option<Gauge>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(gauge) = &self.0 {
            gauge.decrement(1);
        }
    }
}

impl Metrics {
    /// Handles of the recorder that is installed now.
    pub(crate) fn new(on: bool) -> Self {
        if !on {
            return Self(None);
        }
        describe();
        let of_protocol = |protocol: &'static str| {
            (
                counter!("laureola_connections_total", "protocol" => protocol),
                gauge!("laureola_connections_open", "protocol" => protocol),
            )
        };
        Self(Some(Box::new(Handles {
            connections: [
                of_protocol("http1"),
                of_protocol("http2"),
                of_protocol("websocket"),
            ],
            requests: Requests::default(),
            traffic: Traffic::new(),
            waiting: gauge!("laureola_websocket_outbound_bytes"),
            waiting_most: gauge!("laureola_websocket_outbound_bytes_max"),
            behind: gauge!("laureola_websocket_clients_behind"),
            slow: counter!("laureola_websocket_slow_consumers_total"),
            stuck: counter!("laureola_applications_stuck_total"),
            failed: counter!("laureola_applications_failed_total"),
        })))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn open(&self, protocol: Protocol) -> Open {
        let Some(handles) = &self.0 else { return Open(None) };
        let (total, open) = &handles.connections[protocol as usize];
        total.increment(1);
        open.increment(1);
        Open(Some(open.clone()))
    }

    /// A response is complete, or was given up.
    pub(crate) fn request(&self, method: &Method, status: Option<u16>, route: Option<&str>, took: Duration) {
        if let Some(handles) = &self.0 {
            handles.requests.count(method, status, route, took);
        }
    }

    /// A handshake ended with a response.
    pub(crate) fn refused(&self, status: u16) {
        if let Some(handles) = &self.0 {
            handles.requests.refused(status);
        }
    }

    /// A message came from a WebSocket's client.
    pub(crate) fn received(&self, bytes: usize) {
        if let Some(handles) = &self.0 {
            handles.traffic.received(bytes);
        }
    }

    /// Messages are on their way to a WebSocket's client.
    pub(crate) fn sent(&self, messages: usize, bytes: usize) {
        if let Some(handles) = &self.0 {
            handles.traffic.sent(messages, bytes);
        }
    }

    /// A client was cut because it did not read.
    pub(crate) fn slow_consumer(&self) {
        if let Some(handles) = &self.0 {
            handles.slow.increment(1);
        }
    }

    /// An application outlived its client.
    pub(crate) fn stuck(&self) {
        if let Some(handles) = &self.0 {
            handles.stuck.increment(1);
        }
    }

    /// An application ended with an error, or panicked.
    pub(crate) fn failed(&self) {
        if let Some(handles) = &self.0 {
            handles.failed.increment(1);
        }
    }

    /// The sweep's turn.
    pub(crate) fn gather(&self, waiting: Waiting) {
        let Some(handles) = &self.0 else { return };
        handles.traffic.gather();
        handles.waiting.set(waiting.bytes as f64);
        handles.waiting_most.set(waiting.most as f64);
        handles.behind.set(waiting.clients);
    }
}

fn describe() {
    describe_counter!("laureola_connections_total", "Connections accepted");
    describe_gauge!("laureola_connections_open", "Connections open");
    describe_counter!("laureola_http_requests_total", "Responses to HTTP requests");
    describe_histogram!(
        "laureola_http_request_duration_seconds",
        "Seconds from an HTTP request's head to its response's last byte"
    );
    describe_counter!("laureola_websocket_refused_total", "WebSocket handshakes refused");
    describe_counter!("laureola_websocket_messages_total", "WebSocket messages");
    describe_counter!("laureola_websocket_bytes_total", "Bytes of WebSocket messages");
    describe_gauge!(
        "laureola_websocket_outbound_bytes",
        "Bytes waiting for WebSocket clients"
    );
    describe_gauge!(
        "laureola_websocket_outbound_bytes_max",
        "Bytes waiting for the WebSocket client that has most"
    );
    describe_gauge!(
        "laureola_websocket_clients_behind",
        "WebSocket clients that bytes wait for"
    );
    describe_counter!(
        "laureola_websocket_slow_consumers_total",
        "WebSocket clients cut because they did not read"
    );
    describe_counter!(
        "laureola_applications_stuck_total",
        "Applications stopped because they outlived their client"
    );
    describe_counter!(
        "laureola_applications_failed_total",
        "Applications that ended with an error"
    );
    describe_counter!(
        "laureola_access_log_dropped_total",
        "Lines of the access log that were dropped"
    );
}
