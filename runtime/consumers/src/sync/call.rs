//! One call of a synchronous consumer: it and its context go to a thread and come back.

use std::panic::{AssertUnwindSafe, catch_unwind};

use http::StatusCode;
use laureola_asgi::AppError;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use super::{BlockingPool, SyncContext};
use crate::Result;
use crate::driver::{Held, held};

/// A synchronous consumer and where it runs.
pub(super) struct OnThreads<C> {
    /// Away during a call.
    consumer: Option<C>,
    pool: BlockingPool,
}

impl<C: Send + 'static> OnThreads<C> {
    pub(super) fn new(consumer: C, pool: BlockingPool) -> Self {
        Self {
            consumer: Some(consumer),
            pool,
        }
    }

    /// The consumer, between two calls.
    pub(super) fn consumer(&self) -> &C {
        self.consumer.as_ref().expect("calls do not overlap")
    }

    /// Calls `method` when its turn comes, or closes the connection where too many wait.
    pub(super) async fn call(
        &mut self,
        ctx: &mut Held,
        method: impl FnOnce(&mut C, &mut SyncContext<'_>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        match self.pool.turn().await {
            Ok(turn) => self.run(ctx, turn, method).await,
            Err(_) => {
                tracing::warn!("too many calls of synchronous consumers wait: a connection is closed");
                held(ctx).close_with(1013, "too busy: try again later").await
            }
        }
    }

    /// The same for the first call, which a handshake waits for.
    pub(super) async fn connect(
        &mut self,
        ctx: &mut Held,
        method: impl FnOnce(&mut C, &mut SyncContext<'_>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        match self.pool.turn().await {
            Ok(turn) => self.run(ctx, turn, method).await,
            Err(_) => {
                tracing::warn!("too many calls of synchronous consumers wait: a handshake is denied");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                held(ctx).deny(status, "too busy: try again later\n").await
            }
        }
    }

    /// The same for the last call, which must not be missed.
    pub(super) async fn call_however_long(
        &mut self,
        ctx: &mut Held,
        method: impl FnOnce(&mut C, &mut SyncContext<'_>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let turn = self.pool.turn_however_long().await;
        self.run(ctx, turn, method).await
    }

    async fn run(
        &mut self,
        place: &mut Held,
        turn: OwnedSemaphorePermit,
        method: impl FnOnce(&mut C, &mut SyncContext<'_>) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let mut consumer = self.consumer.take().expect("calls do not overlap");
        let mut ctx = place.take().expect("calls do not overlap");
        let runtime = Handle::current();
        let back = tokio::task::spawn_blocking(move || {
            let mut sync = SyncContext::new(&mut ctx, runtime);
            let result = catch_unwind(AssertUnwindSafe(|| method(&mut consumer, &mut sync)));
            drop(turn);
            (consumer, ctx, result)
        });
        // It fails only where the runtime ends, and with it everything.
        let (consumer, ctx, result) = back.await?;
        self.consumer = Some(consumer);
        *place = Some(ctx);
        result.unwrap_or_else(|panic| {
            Err(AppError::msg(format!(
                "the consumer panicked: {}",
                words(&*panic)
            )))
        })
    }
}

/// What a panic said.
fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("nothing that could be shown")
}
