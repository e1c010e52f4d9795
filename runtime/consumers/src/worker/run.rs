//! Receives from named channels for their consumers.

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::time::Duration;

use laureola_asgi::BoxFuture;
use laureola_layers::ChannelName;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::context::WorkerContext;
use super::router::{ChannelNameRouter, WorkerError};
use crate::layers::Layers;

/// What runs when the worker is to stop may take so long.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// A worker's settings (Channels: `manage.py runworker`). See [`WorkerConsumer`](super::WorkerConsumer) for an example.
#[derive(Debug)]
pub struct Worker {
    layers: Layers,
    router: ChannelNameRouter,
    concurrency: NonZeroUsize,
    stop_timeout: Duration,
}

impl Worker {
    /// A worker that receives from the layer for the consumers of `router`.
    pub fn new(layers: impl Into<Layers>, router: ChannelNameRouter) -> Self {
        Self {
            layers: layers.into(),
            router,
            concurrency: NonZeroUsize::MIN,
            stop_timeout: STOP_TIMEOUT,
        }
    }

    /// So many events of each channel are handled at a time, each by a consumer of its own; default one. With one, the
    /// events of a channel are handled in their order, unless other workers take some.
    #[must_use]
    pub fn concurrency(mut self, concurrency: NonZeroUsize) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// How long what runs may take once the worker is to stop; default 30 seconds.
    #[must_use]
    pub fn stop_timeout(mut self, timeout: Duration) -> Self {
        self.stop_timeout = timeout;
        self
    }

    /// Begins to receive from `channels`. Nothing is handled before [`Listening::run`].
    ///
    /// # Errors
    /// [`WorkerError`].
    pub async fn listen<N: AsRef<str>>(
        self,
        channels: impl IntoIterator<Item = N>,
    ) -> Result<Listening, WorkerError> {
        let (stop, stopping) = watch::channel(false);
        let mut lanes = Vec::new();
        for channel in channels {
            let channel = ChannelName::new(channel)?;
            let application = self.router.get(&channel)?;
            for _ in 0..self.concurrency.get() {
                let listened = self.layers.own().listen(&channel).await;
                let mailbox = listened.map_err(|source| WorkerError::Layer {
                    channel: channel.clone(),
                    source,
                })?;
                let ctx = WorkerContext::new(channel.clone(), self.layers.clone());
                lanes.push(application.start(ctx, mailbox, stopping.clone()));
            }
        }
        Ok(Listening {
            lanes,
            stop,
            stop_timeout: self.stop_timeout,
        })
    }
}

/// A worker that is connected and about to run.
pub struct Listening {
    lanes: Vec<BoxFuture<'static, ()>>,
    stop: watch::Sender<bool>,
    stop_timeout: Duration,
}

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// Consumers that were still at work at the deadline, and were cut off.
    pub abandoned: usize,
}

impl Listening {
    /// Handles events until `stop` is ready. Then no more are taken, and what runs is waited for, up to the deadline.
    /// What no consumer has taken stays in the layer where the layer keeps it (Redis).
    pub async fn run(self, stop: impl Future<Output = ()>) -> Stopped {
        let mut lanes: JoinSet<()> = self.lanes.into_iter().collect();
        stop.await;
        self.stop.send_replace(true);
        let deadline = Instant::now() + self.stop_timeout;
        while let Ok(Some(_)) = timeout_at(deadline, lanes.join_next()).await {}
        let abandoned = lanes.len();
        lanes.shutdown().await;
        Stopped { abandoned }
    }
}

impl fmt::Debug for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listening")
            .field("lanes", &self.lanes.len())
            .finish_non_exhaustive()
    }
}
