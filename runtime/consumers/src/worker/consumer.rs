//! The trait of worker consumers.

use std::future::Future;

use serde::de::DeserializeOwned;

use super::context::WorkerContext;
use super::lane::WorkerApplication;
use crate::Result;
use crate::shared::Shared;

/// Handles the events of a named channel, sent there by any process. Counterpart of a `SyncConsumer` or `AsyncConsumer`
/// under `ChannelNameRouter`.
///
/// One value handles one event at a time, for as long as the worker runs; with `concurrency` there are several. An error
/// or a panic is logged, the event is gone (the layer delivers at most once), and the next one gets a new value. So it is
/// with an event of a type that `Event` does not have.
///
/// ```
/// use laureola_consumers::{ChannelNameRouter, Result, Shared, Worker, WorkerConsumer, WorkerContext};
/// use laureola_consumers::worker_application;
/// use laureola_layers::{ChannelName, GroupName, Layer, MemoryLayer};
/// use serde::{Deserialize, Serialize};
///
/// struct Thumbnails;
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(tag = "type")]
/// enum Job {
///     #[serde(rename = "generate")]
///     Generate { id: u64, reply_to: String },
/// }
/// # #[derive(Debug, Deserialize)]
/// # struct Done { id: u64 }
///
/// impl WorkerConsumer for Thumbnails {
///     type Event = Job;
///
///     async fn event(&mut self, ctx: &mut WorkerContext, event: Shared<Job>) -> Result<()> {
///         let Job::Generate { id, reply_to } = &*event;
///         let done = serde_json::json!({ "type": "generated", "id": id });
///         ctx.group_send(&GroupName::new(reply_to)?, &done).await
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let layer = Layer::new(MemoryLayer::new());
/// let router = ChannelNameRouter::new([("thumbnails", worker_application(|| Ok(Thumbnails)))])?;
/// let worker = Worker::new(layer.clone(), router).listen(["thumbnails"]).await?;
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// let worker = tokio::spawn(worker.run(async { drop(stopped.await) }));
///
/// let group = GroupName::new("viewers")?;
/// let (mut channel, mut mailbox) = layer.new_channel("specific").await?;
/// channel.group_add(&group).await?;
/// let job = Job::Generate { id: 7, reply_to: group.to_string() };
/// layer.send(&ChannelName::new("thumbnails")?, &job).await?;
/// let done: Done = mailbox.recv().await.message().decode()?;
/// assert_eq!(done.id, 7);
///
/// drop(stop);
/// assert_eq!(worker.await?.abandoned, 0);
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub trait WorkerConsumer: Send + Sized + 'static {
    /// What is sent to the channel: an enum with `#[serde(tag = "type")]`.
    type Event: DeserializeOwned + Send + Sync + 'static;

    /// An event came.
    fn event(
        &mut self,
        ctx: &mut WorkerContext,
        event: Shared<Self::Event>,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// Makes a consumer what a [`ChannelNameRouter`](super::ChannelNameRouter) takes (Channels: `as_asgi()`). `make` is called
/// for every value that is needed.
pub fn worker_application<C, F>(make: F) -> WorkerApplication
where
    C: WorkerConsumer,
    F: Fn() -> Result<C> + Send + Sync + 'static,
{
    WorkerApplication::new(make)
}
