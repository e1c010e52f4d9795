//! Requests by method, status and route: handles made with the first of their kind.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use metrics::{Counter, Histogram, counter, histogram};
use parking_lot::RwLock;

/// Routes with a histogram of their own; what a router's table has beyond is `other`.
const MAX_ROUTES: usize = 1000;

#[derive(Default)]
pub(super) struct Requests {
    counters: Known<(&'static str, Option<u16>), Counter>,
    refused: Known<u16, Counter>,
    latencies: RwLock<HashMap<Arc<str>, Histogram>>,
}

/// Handles by what they count.
struct Known<K, H>(RwLock<HashMap<K, H>>);

impl<K, H> Default for Known<K, H> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Eq + Hash + Copy> Known<K, Counter> {
    fn count(&self, key: K, make: impl FnOnce() -> Counter) {
        if let Some(counter) = self.0.read().get(&key) {
            return counter.increment(1);
        }
        self.0.write().entry(key).or_insert_with(make).increment(1);
    }
}

impl Requests {
    pub(super) fn count(&self, method: &Method, status: Option<u16>, route: Option<&str>, took: Duration) {
        let method = label(method);
        self.counters.count((method, status), || {
            let status = status.map_or_else(|| "none".to_owned(), |status| status.to_string());
            counter!("laureola_http_requests_total", "method" => method, "status" => status)
        });
        self.took(route.unwrap_or(OTHER), took);
    }

    pub(super) fn refused(&self, status: u16) {
        self.refused.count(
            status,
            || counter!("laureola_websocket_refused_total", "status" => status.to_string()),
        );
    }

    fn took(&self, route: &str, took: Duration) {
        if let Some(histogram) = self.latencies.read().get(route) {
            return histogram.record(took);
        }
        let mut latencies = self.latencies.write();
        let route = if latencies.len() < MAX_ROUTES {
            route
        } else {
            OTHER
        };
        latencies
            .entry(Arc::from(route))
            .or_insert_with(
                || histogram!("laureola_http_request_duration_seconds", "route" => route.to_owned()),
            )
            .record(took);
    }
}

const OTHER: &str = "other";

/// Methods are a client's to invent: unknown ones share a label.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => OTHER,
    }
}
