//! One consumer at work: events in order, one at a time.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use laureola_asgi::{AppError, BoxFuture};
use laureola_layers::Mailbox;
use laureola_layers::mailbox::Received;
use laureola_message::Delivery;
use tokio::sync::watch;

use super::consumer::WorkerConsumer;
use super::context::WorkerContext;
use crate::Result;
use crate::shared::Shared;

/// Consumers of one kind for a named channel; see [`worker_application`](super::worker_application). Clones share it.
#[derive(Clone)]
pub struct WorkerApplication(Arc<Start>);

type Start = dyn Fn(WorkerContext, Mailbox, watch::Receiver<bool>) -> BoxFuture<'static, ()> + Send + Sync;

impl WorkerApplication {
    pub(super) fn new<C, F>(make: F) -> Self
    where
        C: WorkerConsumer,
        F: Fn() -> Result<C> + Send + Sync + 'static,
    {
        let make = Arc::new(make);
        Self(Arc::new(move |ctx, mailbox, stop| {
            let lane = Lane {
                make: Arc::clone(&make),
                consumer: None,
                ctx,
            };
            Box::pin(lane.run(mailbox, stop))
        }))
    }

    pub(super) fn start(
        &self,
        ctx: WorkerContext,
        mailbox: Mailbox,
        stop: watch::Receiver<bool>,
    ) -> BoxFuture<'static, ()> {
        (self.0)(ctx, mailbox, stop)
    }
}

impl fmt::Debug for WorkerApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WorkerApplication")
    }
}

struct Lane<C, F> {
    make: Arc<F>,
    /// `None` before the first event, and after one that failed.
    consumer: Option<C>,
    ctx: WorkerContext,
}

impl<C, F> Lane<C, F>
where
    C: WorkerConsumer,
    F: Fn() -> Result<C> + Send + Sync + 'static,
{
    /// Until `stop`, which is looked at before each event is taken.
    async fn run(mut self, mut mailbox: Mailbox, mut stop: watch::Receiver<bool>) {
        loop {
            let received = tokio::select! {
                biased;
                // Nobody to stop it is a reason to stop, too.
                _ = stop.wait_for(|stop| *stop) => return,
                received = mailbox.next() => received,
            };
            // An outage is logged by the layer; what it lost, nobody can say.
            let Received::Delivery(delivery) = received else {
                continue;
            };
            if let Err(error) = self.handle(delivery).await {
                self.consumer = None;
                tracing::error!(channel = %self.ctx.channel_name(), %error, "a worker consumer failed");
            }
        }
    }

    async fn handle(&mut self, delivery: Arc<Delivery>) -> Result<()> {
        let event = Shared::of(delivery)?;
        let consumer = match &mut self.consumer {
            Some(consumer) => consumer,
            none => none.insert((self.make)()?),
        };
        unpanicking(consumer.event(&mut self.ctx, event)).await
    }
}

/// A panic is an error: the other events of the channel are none of its fault.
async fn unpanicking(future: impl Future<Output = Result<()>> + Send) -> Result<()> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        polled.unwrap_or_else(|_| Poll::Ready(Err(AppError::msg("it panicked"))))
    })
    .await
}
