//! The JSON WebSocket consumer.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use laureola_asgi::{AppError, Application, BoxFuture, CloseCode, Connection, Scope, WebSocketScope};
use laureola_layers::{Layer, Notice};
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::driver;
use crate::shared::Shared;
use crate::{Result, routing};

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
        let text = event.message().message_type().unwrap_or_default().to_owned();
        async move { Err(AppError::msg(format!("no handler for message type {text}"))) }
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
}

/// Makes a consumer the application of a URL (Channels: `ChatConsumer.as_asgi()`).
///
/// `make` is called for each connection; an error from it denies the handshake with 404 and the
/// error's text, for the URL's arguments did not name anything the consumer knows.
pub fn as_application<C, F>(layer: Layer, make: F) -> ConsumerApplication
where
    C: JsonConsumer,
    F: Fn(&WebSocketScope) -> Result<C> + Send + Sync + 'static,
{
    let make = Arc::new(make);
    ConsumerApplication(Arc::new(move |connection| {
        let (layer, make) = (layer.clone(), Arc::clone(&make));
        let Connection { scope, receive, send } = connection;
        let scope = match scope {
            Scope::WebSocket(scope) => scope,
            scope => return Box::pin(routing::not_found(Connection { scope, receive, send })),
        };
        match make(&scope) {
            Ok(consumer) => Box::pin(driver::run(consumer, layer, scope, receive, send)),
            Err(error) => Box::pin(driver::deny(error, send)),
        }
    }))
}

/// See [`as_application`].
#[derive(Clone)]
pub struct ConsumerApplication(Arc<Call>);

type Call = dyn Fn(Connection) -> BoxFuture<'static, Result<()>> + Send + Sync;

impl Application for ConsumerApplication {
    fn call(&self, connection: Connection) -> impl Future<Output = Result<()>> + Send {
        (self.0)(connection)
    }
}

impl fmt::Debug for ConsumerApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsumerApplication")
    }
}
