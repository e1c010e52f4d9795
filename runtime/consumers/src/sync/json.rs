//! The synchronous JSON WebSocket consumer.

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
use crate::json::{EncodeJson, InvalidMessage, decode};
use crate::layers::Layers;
use crate::relay::{Relay, Relaying};
use crate::shared::{Shared, no_handler};

/// A WebSocket whose messages are JSON texts, and a consumer that may block. Counterpart of `JsonWebsocketConsumer`.
///
/// Its methods run on the threads of a [`BlockingPool`], one at a time per connection: a slow one holds up its own
/// connection, and others only once every thread is taken. A panic is an error like any other. For the rest it is as
/// [`JsonConsumer`](crate::JsonConsumer).
///
/// ```
/// use laureola_consumers::testing::WebsocketCommunicator;
/// use laureola_consumers::{BlockingPool, Result, SyncContext, SyncJsonConsumer, sync_application};
/// use laureola_layers::{Layer, MemoryLayer};
///
/// struct Slow;
///
/// impl SyncJsonConsumer for Slow {
///     type Receive = u64;
///     type Event = ();
///
///     fn receive_json(&mut self, ctx: &mut SyncContext<'_>, content: u64) -> Result<()> {
///         // Anything that blocks: a query, a file, a computation.
///         std::thread::sleep(std::time::Duration::from_millis(content));
///         ctx.send_json(&content)
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let layer = Layer::new(MemoryLayer::new());
/// let application = sync_application(layer, BlockingPool::default(), |_scope| Ok(Slow));
/// let mut browser = WebsocketCommunicator::new(application, "/");
/// browser.connect().await?;
/// browser.send_json(&5).await?;
/// assert_eq!(browser.receive_json().await?, 5);
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub trait SyncJsonConsumer: Send + Sized + 'static {
    /// What the client sends. What does not fit goes to [`SyncJsonConsumer::invalid`].
    type Receive: DeserializeOwned + Send + 'static;

    /// What the channel layer sends to this consumer; see [`JsonConsumer::Event`](crate::JsonConsumer::Event).
    type Event: DeserializeOwned + Send + Sync + 'static;

    /// The groups this consumer is in from before `connect` to its end (Channels: `groups`).
    fn groups(&self) -> Vec<GroupName> {
        Vec::new()
    }

    /// Reads a message of the client; see [`JsonConsumer::decode_json`](crate::JsonConsumer::decode_json).
    ///
    /// # Errors
    /// Why the text is no message.
    fn decode_json(&self, text: &str) -> Result<Self::Receive, InvalidMessage> {
        Ok(serde_json::from_str(text)?)
    }

    /// How [`SyncContext::send_json`] writes; see [`JsonConsumer::encode_json`](crate::JsonConsumer::encode_json).
    #[must_use]
    fn encode_json() -> Option<EncodeJson> {
        None
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

    /// The client sent a message.
    ///
    /// # Errors
    /// As [`SyncJsonConsumer::connect`].
    fn receive_json(&mut self, ctx: &mut SyncContext<'_>, content: Self::Receive) -> Result<()>;

    /// The client sent what is no JSON of the right shape: closes with 1007 and the reason, unless written otherwise.
    ///
    /// # Errors
    /// As [`SyncJsonConsumer::connect`].
    fn invalid(&mut self, ctx: &mut SyncContext<'_>, error: InvalidMessage) -> Result<()> {
        ctx.close_with(1007, error.to_string())
    }

    /// The channel layer has an event for this consumer. Unless written otherwise it is an error.
    ///
    /// # Errors
    /// As [`SyncJsonConsumer::connect`].
    fn event(&mut self, ctx: &mut SyncContext<'_>, event: Shared<Self::Event>) -> Result<()> {
        let _ = ctx;
        Err(no_handler(event.message()))
    }

    /// As [`JsonConsumer::notice`](crate::JsonConsumer::notice).
    ///
    /// # Errors
    /// As [`SyncJsonConsumer::connect`].
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
pub fn sync_application<C, F>(layers: impl Into<Layers>, pool: BlockingPool, make: F) -> ConsumerApplication
where
    C: SyncJsonConsumer,
    F: Fn(&WebSocketScope) -> Result<C> + Send + Sync + 'static,
{
    let relaying = Relaying {
        relay: C::relay(),
        direct: C::direct_delivery(),
    };
    application::of_socket(
        layers.into(),
        C::encode_json(),
        relaying.of::<C>(),
        move |scope| Ok(Json(OnThreads::new(make(scope)?, pool.clone()))),
    )
}

struct Json<C>(OnThreads<C>);

impl<C: SyncJsonConsumer> Socket for Json<C> {
    fn groups(&self) -> Vec<GroupName> {
        self.0.consumer().groups()
    }

    async fn connect(&mut self, ctx: &mut Held) -> Result<()> {
        self.0.connect(ctx, |consumer, ctx| consumer.connect(ctx)).await
    }

    async fn receive(&mut self, ctx: &mut Held, payload: Payload) -> Result<()> {
        let decoded = decode(&payload, |text| self.0.consumer().decode_json(text));
        self.0
            .call(ctx, |consumer, ctx| match decoded {
                Ok(content) => consumer.receive_json(ctx, content),
                Err(error) => consumer.invalid(ctx, error),
            })
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
