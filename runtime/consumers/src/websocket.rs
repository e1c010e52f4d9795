//! The WebSocket consumer: texts and bytes as they come.

use std::future::Future;
use std::sync::Arc;

use laureola_asgi::{CloseCode, Payload, WebSocketScope};
use laureola_layers::{GroupName, Notice};
use laureola_message::Delivery;
use serde::de::DeserializeOwned;

use crate::Result;
use crate::application::{self, ConsumerApplication};
use crate::context::Context;
use crate::driver::{Held, Socket, held};
use crate::layers::Layers;
use crate::relay::{Relay, Relaying};
use crate::shared::{Shared, no_handler};

/// A WebSocket whose messages are texts and bytes. Counterpart of `AsyncWebsocketConsumer`.
///
/// One value serves one connection, and its methods are never called at the same time. An error from any of them closes
/// the connection with 1011 and is logged; `disconnect` is called even then, once.
///
/// ```
/// use laureola_asgi::Payload;
/// use laureola_consumers::testing::WebsocketCommunicator;
/// use laureola_consumers::{Context, Result, WebsocketConsumer, websocket_application};
/// use laureola_layers::{Layer, MemoryLayer};
///
/// /// Sends everything back, texts as texts and bytes as bytes.
/// struct Echo;
///
/// impl WebsocketConsumer for Echo {
///     type Event = ();
///
///     async fn receive(&mut self, ctx: &mut Context, message: Payload) -> Result<()> {
///         match message {
///             Payload::Text(text) => ctx.send_text(text).await,
///             Payload::Binary(bytes) => ctx.send_bytes(bytes).await,
///             _ => Ok(()),
///         }
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let application = websocket_application(Layer::new(MemoryLayer::new()), |_scope| Ok(Echo));
/// let mut browser = WebsocketCommunicator::new(application, "/");
/// browser.connect().await?;
/// browser.send_text("hello").await?;
/// assert_eq!(browser.receive_text().await?, "hello");
/// browser.send_bytes(&b"\x00\xff"[..]).await?;
/// assert_eq!(&browser.receive_bytes().await?[..], b"\x00\xff");
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub trait WebsocketConsumer: Send + Sized + 'static {
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
    fn connect(&mut self, ctx: &mut Context) -> impl Future<Output = Result<()>> + Send {
        async { ctx.accept().await }
    }

    /// The client sent a text or bytes: [`Payload::Text`] or [`Payload::Binary`] (Channels: `text_data` and `bytes_data`).
    fn receive(&mut self, ctx: &mut Context, message: Payload) -> impl Future<Output = Result<()>> + Send;

    /// The channel layer has an event for this consumer. Unless written otherwise it is an error.
    fn event(
        &mut self,
        ctx: &mut Context,
        event: Shared<Self::Event>,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = ctx;
        let error = no_handler(event.message());
        async move { Err(error) }
    }

    /// The channel layer has something to say that is no message; as
    /// [`JsonConsumer::notice`](crate::JsonConsumer::notice).
    fn notice(&mut self, ctx: &mut Context, notice: Notice) -> impl Future<Output = Result<()>> + Send {
        async move {
            match notice {
                Notice::Overflowed => ctx.close_with(1013, "too slow: messages were lost").await,
                _ => Ok(()),
            }
        }
    }

    /// The connection has ended. Nothing can be sent any more; groups are left afterwards.
    fn disconnect(&mut self, ctx: &mut Context, code: CloseCode) -> impl Future<Output = ()> + Send {
        let _ = (ctx, code);
        async {}
    }
}

/// Makes a consumer the application of a URL; as [`as_application`](crate::as_application).
pub fn websocket_application<C, F>(layers: impl Into<Layers>, make: F) -> ConsumerApplication
where
    C: WebsocketConsumer,
    F: Fn(&WebSocketScope) -> Result<C> + Send + Sync + 'static,
{
    let relaying = Relaying {
        relay: C::relay(),
        direct: C::direct_delivery(),
    };
    application::of_socket(layers.into(), None, relaying.of::<C>(), move |scope| {
        Ok(Raw(make(scope)?))
    })
}

struct Raw<C>(C);

impl<C: WebsocketConsumer> Socket for Raw<C> {
    fn groups(&self) -> Vec<GroupName> {
        self.0.groups()
    }

    async fn connect(&mut self, ctx: &mut Held) -> Result<()> {
        self.0.connect(held(ctx)).await
    }

    async fn receive(&mut self, ctx: &mut Held, payload: Payload) -> Result<()> {
        self.0.receive(held(ctx), payload).await
    }

    async fn event(&mut self, ctx: &mut Held, delivery: Arc<Delivery>) -> Result<()> {
        let event = Shared::of(delivery)?;
        self.0.event(held(ctx), event).await
    }

    async fn notice(&mut self, ctx: &mut Held, notice: Notice) -> Result<()> {
        self.0.notice(held(ctx), notice).await
    }

    async fn disconnect(&mut self, ctx: &mut Held, code: CloseCode) {
        self.0.disconnect(held(ctx), code).await;
    }
}
