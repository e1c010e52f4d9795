//! The JSON WebSocket consumer.

use std::future::Future;
use std::sync::Arc;

use laureola_asgi::{CloseCode, Payload, WebSocketScope};
use laureola_layers::{GroupName, Notice};
use laureola_message::Delivery;
use serde::de::DeserializeOwned;

use crate::Result;
use crate::application;
pub use crate::application::ConsumerApplication;
use crate::context::Context;
use crate::driver::{Held, Socket, held};
use crate::layers::Layers;
use crate::relay::{Relay, Relaying};
use crate::shared::{Shared, no_handler};

/// A WebSocket whose messages are JSON texts. Counterpart of `AsyncJsonWebsocketConsumer`.
///
/// One value serves one connection, and its methods are never called at the same time. An error
/// from any of them closes the connection with 1011 and is logged; `disconnect` is called even
/// then, exactly once, for every connection that `connect` was called for.
pub trait JsonConsumer: Send + Sized + 'static {
    /// What the client sends. What does not fit goes to [`JsonConsumer::invalid`].
    type Receive: DeserializeOwned + Send;

    /// What the channel layer sends to this consumer: an enum with `#[serde(tag = "type")]`. A
    /// type it does not have is an error, as in Channels; `#[serde(other)]` lets it pass.
    type Event: DeserializeOwned + Send + Sync + 'static;

    /// The groups this consumer is in from before [`connect`](JsonConsumer::connect) to its end, besides those it joins
    /// itself (Channels: the class attribute `groups`).
    fn groups(&self) -> Vec<GroupName> {
        Vec::new()
    }

    /// Reads a message of the client (Channels: `decode_json`). What fails goes to [`JsonConsumer::invalid`].
    ///
    /// # Errors
    /// Why the text is no message: [`InvalidMessage::Json`], or words of your own as [`InvalidMessage::Decode`].
    fn decode_json(&self, text: &str) -> Result<Self::Receive, InvalidMessage> {
        Ok(serde_json::from_str(text)?)
    }

    /// How [`Context::send_json`] writes a value, if not as serde_json does (Channels: `encode_json`).
    ///
    /// Cost: with a function of one's own every value passes through [`serde_json::Value`]. Frames that are shared by a
    /// group are made by [`Shared::frame_once`] or [`Shared::make_frame_once`], not by this.
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
    fn connect(&mut self, ctx: &mut Context) -> impl Future<Output = Result<()>> + Send {
        async { ctx.accept().await }
    }

    /// The client sent a message.
    fn receive_json(
        &mut self,
        ctx: &mut Context,
        content: Self::Receive,
    ) -> impl Future<Output = Result<()>> + Send;

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

    /// The client sent what is no JSON of the right shape: closes with 1007 and the reason, unless
    /// written otherwise. (Channels raises, which closes with 1011 and tells the client nothing.)
    fn invalid(
        &mut self,
        ctx: &mut Context,
        error: InvalidMessage,
    ) -> impl Future<Output = Result<()>> + Send {
        async move { ctx.close_with(1007, error.to_string()).await }
    }

    /// The channel layer has something to say that is no message: its server is away or back, or
    /// this consumer was too slow for its mailbox. Unless written otherwise the last closes with
    /// 1013 (try again later), and the others pass.
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

/// What a client sent instead of the JSON its consumer expects.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// A binary message.
    #[error("this socket takes JSON texts, not binary messages")]
    Binary,
    /// No JSON, or not of the expected shape.
    #[error("not a valid message: {0}")]
    Json(#[from] serde_json::Error),
    /// What a [`decode_json`](JsonConsumer::decode_json) of one's own says.
    #[error("not a valid message: {0}")]
    Decode(String),
}

/// Writes a value for the client; see [`JsonConsumer::encode_json`].
pub type EncodeJson = fn(&serde_json::Value) -> Result<String>;

/// Makes a consumer the application of a URL (Channels: `ChatConsumer.as_asgi()`).
///
/// `make` is called for each connection; an error from it denies the handshake with 404 and the
/// error's text, for the URL's arguments did not name anything the consumer knows.
///
/// `layers` is the channel layer, or [`Layers`] where consumers use several by alias.
pub fn as_application<C, F>(layers: impl Into<Layers>, make: F) -> ConsumerApplication
where
    C: JsonConsumer,
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
        move |scope| Ok(Json(make(scope)?)),
    )
}

struct Json<C>(C);

impl<C: JsonConsumer> Socket for Json<C> {
    fn groups(&self) -> Vec<GroupName> {
        self.0.groups()
    }

    async fn connect(&mut self, ctx: &mut Held) -> Result<()> {
        self.0.connect(held(ctx)).await
    }

    async fn receive(&mut self, ctx: &mut Held, payload: Payload) -> Result<()> {
        match decode(&payload, |text| self.0.decode_json(text)) {
            Ok(content) => self.0.receive_json(held(ctx), content).await,
            Err(error) => self.0.invalid(held(ctx), error).await,
        }
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

/// What a client's message holds.
pub(crate) fn decode<T>(
    payload: &Payload,
    decode: impl FnOnce(&str) -> Result<T, InvalidMessage>,
) -> Result<T, InvalidMessage> {
    match payload.as_text() {
        Some(text) => decode(text),
        None => Err(InvalidMessage::Binary),
    }
}
