//! What a plugin declares its routes to.

use std::fmt;

use laureola_consumers::routing::Route;
use laureola_layers::Layer;

/// Collects the routes of the plugins, and offers them the server's channel layer.
pub struct Registry<'a> {
    layer: &'a Layer,
    pub(crate) http: Vec<Route>,
    pub(crate) websocket: Vec<Route>,
}

impl<'a> Registry<'a> {
    pub(crate) fn new(layer: &'a Layer) -> Self {
        Self {
            layer,
            http: Vec::new(),
            websocket: Vec::new(),
        }
    }

    /// The channel layer every plugin of the server shares.
    #[must_use]
    pub fn layer(&self) -> Layer {
        self.layer.clone()
    }

    /// Serves HTTP requests to a path; see [`laureola_consumers::path`]. A tower service, such as
    /// an axum router, is mounted with [`TowerApp`](laureola_asgi::tower::TowerApp).
    pub fn http(&mut self, route: Route) {
        self.http.push(route);
    }

    /// Serves WebSockets of a path.
    pub fn websocket(&mut self, route: Route) {
        self.websocket.push(route);
    }
}

impl fmt::Debug for Registry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("http", &self.http.len())
            .field("websocket", &self.websocket.len())
            .finish_non_exhaustive()
    }
}
