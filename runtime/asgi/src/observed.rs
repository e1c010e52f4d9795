//! What a server and its applications tell each other for logs, metrics and traces. A server leaves
//! these in the extensions of a scope where somebody has asked for them.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

/// The id of a request or WebSocket, in the server's access log and spans as well: from its
/// `traceparent` (the 32 hex digits of the trace), a trusted proxy's `x-request-id`, or made by the
/// server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(Arc<str>);

impl RequestId {
    /// An id that was found or made.
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a router leaves the pattern that matched, for the server's metrics and access log. Clones
/// share it; of several routers, one behind the other, the last counts.
#[derive(Clone, Debug, Default)]
pub struct MatchedRoute(Arc<Mutex<Option<Arc<str>>>>);

impl MatchedRoute {
    /// Leaves a pattern. It becomes a metric's label: it must come from a router's table, never from
    /// the request.
    pub fn set(&self, pattern: &Arc<str>) {
        *self.0.lock() = Some(Arc::clone(pattern));
    }

    /// The pattern, once there is one.
    #[must_use]
    pub fn get(&self) -> Option<Arc<str>> {
        self.0.lock().clone()
    }
}
