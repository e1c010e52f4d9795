//! The server: accept loops, the sweep, and the end of it all.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use laureola_asgi::Application;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tracing::info;

use crate::accept;
use crate::builder::Builder;
use crate::endpoint::ListenAddr;
use crate::lifespan::{self, StartupError};
use crate::listener::Listener;
use crate::readiness::{Readiness, Stage};
use crate::shared::Shared;
use crate::stopping;
use crate::tls::Reloader;
use crate::websocket::sweep;

/// What the application's shutdown may take, however long the connections took.
const SHUTDOWN_AT_LEAST: Duration = Duration::from_secs(2);

/// A protocol server in front of one application. See the crate's documentation.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    listeners: Vec<Listener>,
}

impl Server {
    /// Settings for a server of `application`.
    pub fn builder(application: impl Application) -> Builder {
        Builder::new(application)
    }

    pub(crate) fn new(shared: Arc<Shared>, listeners: Vec<Listener>) -> Self {
        Self { shared, listeners }
    }

    /// Where the server listens, in the order of the builder's calls.
    pub fn local_addrs(&self) -> impl Iterator<Item = &ListenAddr> {
        self.listeners.iter().map(Listener::local_addr)
    }

    /// The first TCP address the server listens at; with its real port where 0 was asked for.
    ///
    /// # Panics
    /// If there is none: [`local_addrs`](Self::local_addrs) knows UNIX sockets, too.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addrs()
            .find_map(ListenAddr::tcp)
            .expect("the server listens at no TCP address")
    }

    /// A handle that has the certificates read again.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        let acceptors = self
            .listeners
            .iter()
            .filter_map(|listener| listener.via.tls.clone());
        Reloader::new(acceptors)
    }

    /// A handle that says whether the server wants new clients: for `/readyz`, or a service manager.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.shared.readiness.clone()
    }

    /// Starts the application (see [`Lifespan`](crate::Lifespan)), serves until `shutdown` is ready,
    /// then ends in order:
    ///
    /// 1. the [`readiness`](Self::readiness) says `Stopping`, while everything is served on for the
    ///    [`shutdown_delay`](Builder::shutdown_delay);
    /// 2. no new connections; idle ones close, requests under way are answered;
    /// 3. every WebSocket's application gets its disconnect event, and its client a close with 1012;
    /// 4. after the last connection, the application's lifespan shuts down.
    ///
    /// What is not done within the [`shutdown_timeout`](Builder::shutdown_timeout), counted from 2,
    /// is stopped. Dropping the future stops everything at once.
    ///
    /// # Errors
    /// The application does not start. Later nothing fails: errors of single connections end these,
    /// and listeners survive theirs.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), StartupError> {
        let reloader = self.reloader();
        let Self { shared, listeners } = self;
        let stop = StopOnDrop(Arc::clone(&shared));
        let mut shutdown = pin!(shutdown);
        let application = tokio::select! {
            started = lifespan::start(&shared) => started?,
            () = &mut shutdown => return Ok(()),
        };
        let mut sweep = pin!(look_after(&shared, reloader));
        let mut accepting = JoinSet::new();
        for listener in listeners {
            info!(address = %listener.local_addr(), "listening");
            accepting.spawn(accept::run(Arc::clone(&shared), listener));
        }
        shared.readiness.advance(Stage::Ready);
        tokio::select! {
            () = &mut shutdown => {}
            () = &mut sweep => {}
        }
        shared.readiness.advance(Stage::Stopping);
        tokio::select! {
            () = sleep(shared.options.shutdown_delay) => {}
            () = &mut sweep => {}
        }
        let deadline = Instant::now() + shared.options.shutdown_timeout;
        // Waits for the loops to end, and so for the listeners to close.
        accepting.shutdown().await;
        tokio::select! {
            () = stopping::end(&shared) => {}
            () = &mut sweep => {}
        }
        if let Some(application) = application {
            let left = deadline.saturating_duration_since(Instant::now());
            application.stop(left.max(SHUTDOWN_AT_LEAST)).await;
        }
        drop(stop);
        Ok(())
    }
}

/// What goes on beside serving, until it is dropped.
async fn look_after(shared: &Shared, reloader: Reloader) {
    let certificates = reloader.watch(shared.options.certificate_interval);
    tokio::join!(sweep::run(shared), shared.stuck.run(), certificates);
}

/// Nothing of a server outlives its `serve`.
struct StopOnDrop(Arc<Shared>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.readiness.advance(Stage::Stopping);
        self.0.tasks.abort();
    }
}
