//! The synchronous WebSocket consumer.

use std::sync::Arc;

use laureola_asgi::{CloseCode, Payload, WebSocketScope};
use laureola_layers::{GroupName, Notice};
use laureola_message::Delivery;
use serde::de::DeserializeOwned;

use super::call::OnThreads;
use super::{BlockingPool, SyncContext};
use crate::Result;
use crate::application::{self, ConsumerApplication};
use crate::driver::{Held, Socket};
use crate::layers::Layers;
use crate::relay::{Relay, Relaying};
use crate::shared::{Shared, no_handler};

/// A WebSocket whose messages are texts and bytes, and a consumer that may block. Counterpart of `WebsocketConsumer`.
///
/// It runs as a [`SyncJsonConsumer`](super::SyncJsonConsumer) does.
///
/// ```
/// use laureola_asgi::Payload;
/// use laureola_consumers::testing::WebsocketCommunicator;
/// use laureola_consumers::{BlockingPool, Result, SyncContext, SyncWebsocketConsumer};
/// use laureola_consumers::sync_websocket_application;
/// use laureola_layers::{Layer, MemoryLayer};
///
/// struct Shout;
///
/// impl SyncWebsocketConsumer for Shout {
///     type Event = ();
///
///     fn receive(&mut self, ctx: &mut SyncContext<'_>, message: Payload) -> Result<()> {
///         ctx.send_text(message.as_text().unwrap_or_default().to_uppercase())
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let layer = Layer::new(MemoryLayer::new());
/// let application = sync_websocket_application(layer, BlockingPool::default(), |_scope| Ok(Shout));
/// let mut browser = WebsocketCommunicator::new(application, "/");
/// browser.connect().await?;
/// browser.send_text("hello").await?;
/// assert_eq!(browser.receive_text().await?, "HELLO");
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub trait SyncWebsocketConsumer: Send + Sized + 'static {
    /// What the channel layer sends to this consumer; see [`JsonConsumer::Event`](crate::JsonConsumer::Event).
    type Event: DeserializeOwned + Send + Sync + 'static;

    /// The groups this consumer is in from before `connect` to its end (Channels: `groups`).
    fn groups(&self) -> Vec<GroupName> {
        Vec::new()
    }

    /// Events that go to the client as they are, without waking this consumer; see [`relay`](crate::relay). None, unless
    /// written otherwise. `Some(|event| …)`, where the function's `None` hands an event to
    /// [`event`](Self::event) after all.
    #[must_use]
    fn relay() -> Option<Relay<Self::Event>> {
        None
    }

    /// Whether messages `{"type": "websocket.send", "text": …}` (or `"bytes"`) of the channel layer, from whatever
    /// sender, go to the client as they are; see [`relay`](crate::relay). Not, unless written otherwise.
    #[must_use]
    fn direct_delivery() -> bool {
        false
    }

    /// The client wants to connect. Accepts, unless written otherwise.
    ///
    /// # Errors
    /// Whatever ends the connection with 1011, as from every method.
    fn connect(&mut self, ctx: &mut SyncContext<'_>) -> Result<()> {
        ctx.accept()
    }

    /// The client sent a text or bytes: [`Payload::Text`] or [`Payload::Binary`].
    ///
    /// # Errors
    /// As [`SyncWebsocketConsumer::connect`].
    fn receive(&mut self, ctx: &mut SyncContext<'_>, message: Payload) -> Result<()>;

    /// The channel layer has an event for this consumer. Unless written otherwise it is an error.
    ///
    /// # Errors
    /// As [`SyncWebsocketConsumer::connect`].
    fn event(&mut self, ctx: &mut SyncContext<'_>, event: Shared<Self::Event>) -> Result<()> {
        let _ = ctx;
        Err(no_handler(event.message()))
    }

    /// As [`JsonConsumer::notice`](crate::JsonConsumer::notice).
    ///
    /// # Errors
    /// As [`SyncWebsocketConsumer::connect`].
    fn notice(&mut self, ctx: &mut SyncContext<'_>, notice: Notice) -> Result<()> {
        match notice {
            Notice::Overflowed => ctx.close_with(1013, "too slow: messages were lost"),
            _ => Ok(()),
        }
    }

    /// The connection has ended. Nothing can be sent any more; groups are left afterwards.
    fn disconnect(&mut self, ctx: &mut SyncContext<'_>, code: CloseCode) {
        let _ = (ctx, code);
    }
}

/// Makes a consumer the application of a URL, as [`as_application`](crate::as_application); its methods run on `pool`.
/// `make` itself must not block.
pub fn sync_websocket_application<C, F>(
    layers: impl Into<Layers>,
    pool: BlockingPool,
    make: F,
) -> ConsumerApplication
where
    C: SyncWebsocketConsumer,
    F: Fn(&WebSocketScope) -> Result<C> + Send + Sync + 'static,
{
    let relaying = Relaying {
        relay: C::relay(),
        direct: C::direct_delivery(),
    };
    application::of_socket(layers.into(), None, relaying.of::<C>(), move |scope| {
        Ok(Raw(OnThreads::new(make(scope)?, pool.clone())))
    })
}

struct Raw<C>(OnThreads<C>);

impl<C: SyncWebsocketConsumer> Socket for Raw<C> {
    fn groups(&self) -> Vec<GroupName> {
        self.0.consumer().groups()
    }

    async fn connect(&mut self, ctx: &mut Held) -> Result<()> {
        self.0.connect(ctx, |consumer, ctx| consumer.connect(ctx)).await
    }

    async fn receive(&mut self, ctx: &mut Held, payload: Payload) -> Result<()> {
        self.0
            .call(ctx, |consumer, ctx| consumer.receive(ctx, payload))
            .await
    }

    async fn event(&mut self, ctx: &mut Held, delivery: Arc<Delivery>) -> Result<()> {
        let event = Shared::of(delivery)?;
        self.0.call(ctx, |consumer, ctx| consumer.event(ctx, event)).await
    }

    async fn notice(&mut self, ctx: &mut Held, notice: Notice) -> Result<()> {
        self.0
            .call(ctx, move |consumer, ctx| consumer.notice(ctx, notice))
            .await
    }

    async fn disconnect(&mut self, ctx: &mut Held, code: CloseCode) {
        let done = self.0.call_however_long(ctx, move |consumer, ctx| {
            consumer.disconnect(ctx, code);
            Ok(())
        });
        if let Err(error) = done.await {
            tracing::error!(%error, "a synchronous consumer's disconnect failed");
        }
    }
}
