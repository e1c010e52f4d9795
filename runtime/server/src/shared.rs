//! What every connection of a server shares.

use std::sync::Arc;

use laureola_asgi::{BoxApplication, SharedState};
use tokio::sync::watch;

use crate::admission::Admission;
use crate::clock::Clock;
use crate::complaints::Complaints;
use crate::observe::Metrics;
use crate::options::Options;
use crate::readiness::Readiness;
use crate::tasks::Tasks;
use crate::websocket::Registry;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) application: BoxApplication,
    pub(crate) options: Options,
    pub(crate) admission: Admission,
    /// What the lifespan's startup left.
    pub(crate) state: SharedState,
    pub(crate) clock: Clock,
    pub(crate) tasks: Tasks,
    pub(crate) sockets: Registry,
    /// Applications that outlived their clients.
    pub(crate) stuck: Complaints,
    pub(crate) metrics: Metrics,
    /// What `/readyz` says.
    pub(crate) readiness: Readiness,
    /// Becomes true once, when the server shuts down.
    pub(crate) stopping: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(application: BoxApplication, options: Options) -> Arc<Self> {
        Arc::new(Self {
            application,
            admission: Admission::new(&options.limits),
            clock: Clock::new(&options),
            metrics: Metrics::new(options.metrics),
            options,
            state: SharedState::default(),
            tasks: Tasks::default(),
            sockets: Registry::default(),
            stuck: Complaints::default(),
            readiness: Readiness::default(),
            stopping: watch::Sender::new(false),
        })
    }

    /// Ready once the server shuts down.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as we do, so this cannot fail.
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }
}
