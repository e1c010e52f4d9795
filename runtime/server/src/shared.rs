//! What every connection of a server shares.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};

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
    stopping: watch::Sender<bool>,
    /// The same, to look at.
    stops: AtomicBool,
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
            stops: AtomicBool::new(false),
        })
    }

    /// The server shuts down.
    pub(crate) fn stop(&self) {
        self.stops.store(true, Ordering::Release);
        self.stopping.send_replace(true);
    }

    /// Ready once the server shuts down.
    pub(crate) async fn stopped(&self) {
        let mut stopping = self.stopping.subscribe();
        let mut stopped = pin!(stopping.wait_for(|stopping| *stopping));
        let mut registered: Option<Waker> = None;
        poll_fn(|cx| {
            // Every connection looks here each time it has something to do, and to register again
            // takes a lock they all share.
            let is_known = registered
                .as_ref()
                .is_some_and(|waker| waker.will_wake(cx.waker()));
            if is_known && !self.stops.load(Ordering::Acquire) {
                return Poll::Pending;
            }
            registered = Some(cx.waker().clone());
            // The sender lives as long as we do, so this cannot fail.
            stopped.as_mut().poll(cx).map(drop)
        })
        .await;
    }
}
