//! What a plugin declares its routes to.

use std::fmt;

use laureola_consumers::routing::Route;
use laureola_consumers::worker::WorkerApplication;
use laureola_consumers::{Layers, Result};
use laureola_layers::Layer;

/// Collects the routes of the plugins, and offers them the server's channel layers.
pub struct Registry<'a> {
    layers: &'a Layers,
    pub(crate) http: Vec<Route>,
    pub(crate) websocket: Vec<Route>,
    pub(crate) workers: Vec<(String, WorkerApplication)>,
}

impl<'a> Registry<'a> {
    pub(crate) fn new(layers: &'a Layers) -> Self {
        Self {
            layers,
            http: Vec::new(),
            websocket: Vec::new(),
            workers: Vec::new(),
        }
    }

    /// The channel layer every plugin of the server shares.
    #[must_use]
    pub fn layer(&self) -> Layer {
        self.layers.own().clone()
    }

    /// All channel layers of the server, for consumers that use several:
    /// `as_application(registry.layers(), …)`.
    #[must_use]
    pub fn layers(&self) -> Layers {
        self.layers.clone()
    }

    /// The channel layer with this alias (Channels: `get_channel_layer(alias)`).
    ///
    /// # Errors
    /// There is none; the error names those there are.
    pub fn layer_named(&self, alias: &str) -> Result<Layer> {
        self.layers.get(alias).cloned()
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

    /// Handles what is sent to a named channel, where a worker runs for it (`laureola worker CHANNEL`); see
    /// [`laureola_consumers::worker_application`]. A server that serves connections does not.
    pub fn worker(&mut self, channel: impl Into<String>, consumers: WorkerApplication) {
        self.workers.push((channel.into(), consumers));
    }
}

impl fmt::Debug for Registry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("http", &self.http.len())
            .field("websocket", &self.websocket.len())
            .field("workers", &self.workers.len())
            .finish_non_exhaustive()
    }
}
