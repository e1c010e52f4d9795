//! What a consumer acts through.

use std::fmt;

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use laureola_asgi::exchange::Body;
use laureola_asgi::{CloseCode, Command, Payload, Sender, WebSocketScope};
use laureola_layers::{Channel, ChannelName, GroupName, Layer, Relay};
use laureola_message::{Frame, Str};
use serde::Serialize;

use crate::Result;
use crate::json::EncodeJson;
use crate::layers::Layers;
use crate::relay::MakeRelay;
use crate::routing::UrlArguments;

/// One connection, as its consumer sees it (Channels: `self.scope`, `self.channel_layer`,
/// `self.accept()`, …).
pub struct Context {
    scope: Box<WebSocketScope>,
    send: Sender,
    channel: Channel,
    /// One pointer, for every idle socket has it.
    settings: Arc<Settings>,
}

/// What all consumers of an application share.
pub(crate) struct Settings {
    pub(crate) layers: Layers,
    /// How [`Context::send_json`] writes, where a consumer has a way of its own.
    pub(crate) encode: Option<EncodeJson>,
    /// What takes events for a client past its consumer, where the consumer says so.
    pub(crate) relay: Option<MakeRelay>,
}

impl Context {
    pub(crate) fn new(
        scope: Box<WebSocketScope>,
        send: Sender,
        channel: Channel,
        settings: Arc<Settings>,
    ) -> Self {
        Self {
            scope,
            send,
            channel,
            settings,
        }
    }

    /// The connection's scope.
    #[must_use]
    pub fn scope(&self) -> &WebSocketScope {
        &self.scope
    }

    /// An argument of the URL pattern, as text (Channels: `scope["url_route"]["kwargs"]`).
    #[must_use]
    pub fn url_argument(&self, name: &str) -> Option<&str> {
        self.scope.url_argument(name)
    }

    /// The channel layer.
    #[must_use]
    pub fn layer(&self) -> &Layer {
        self.channel.layer()
    }

    /// Another channel layer of the site (Channels: `get_channel_layer(alias)`). This consumer's own
    /// groups and channel are those of [`Context::layer`].
    ///
    /// # Errors
    /// No layer has this alias; the error names those there are.
    pub fn layer_named(&self, alias: &str) -> Result<&Layer> {
        self.settings.layers.get(alias)
    }

    /// The name under which others reach this consumer alone.
    #[must_use]
    pub fn channel_name(&self) -> &ChannelName {
        self.channel.name()
    }

    /// A sender to the client that may be kept and moved to other tasks.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.send.clone()
    }

    /// Joins a group; it is left by itself when the connection ends.
    ///
    /// # Errors
    /// What the layer says.
    pub async fn group_add(&mut self, group: &GroupName) -> Result<()> {
        Ok(self.channel.group_add(group).await?)
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// What the layer says.
    pub async fn group_discard(&mut self, group: &GroupName) -> Result<()> {
        Ok(self.channel.group_discard(group).await?)
    }

    /// Sends to every member of a group, this consumer included if it is one.
    ///
    /// # Errors
    /// What the layer says.
    pub async fn group_send(&self, group: &GroupName, message: &impl Serialize) -> Result<()> {
        Ok(self.layer().group_send(group, message).await?)
    }

    /// Accepts the connection.
    ///
    /// # Errors
    /// The client has left, or the connection is decided already.
    pub async fn accept(&mut self) -> Result<()> {
        Ok(self.send.send(Command::accept()).await?)
    }

    /// Accepts the connection with one of the client's subprotocols, and headers for the response.
    ///
    /// # Errors
    /// As [`Context::accept`].
    pub async fn accept_with(&mut self, subprotocol: Option<&str>, headers: HeaderMap) -> Result<()> {
        let subprotocol = subprotocol.map(Box::from);
        Ok(self
            .send
            .send(Command::WebSocketAccept { subprotocol, headers })
            .await?)
    }

    /// Denies the handshake with a status and a short text for whoever looks at the response
    /// (ASGI's denial response). Only before an accept.
    ///
    /// # Errors
    /// As [`Context::accept`].
    pub async fn deny(&mut self, status: StatusCode, text: impl Into<String>) -> Result<()> {
        Ok(self.send.send(denial(status, text.into())).await?)
    }

    /// Denies the handshake with a response of one's own (ASGI's denial response). Only before an
    /// accept.
    ///
    /// # Errors
    /// As [`Context::accept`].
    pub async fn deny_with<B: Into<Body>>(&mut self, response: Response<B>) -> Result<()> {
        let response = Box::new(response.map(Into::into));
        Ok(self.send.send(Command::WebSocketDeny(response)).await?)
    }

    /// Sends a value as JSON text, written as the consumer's
    /// [`encoder`](crate::JsonConsumer::encode_json) has it.
    ///
    /// # Errors
    /// It is no JSON, or the client has left.
    pub async fn send_json(&self, content: &impl Serialize) -> Result<()> {
        match self.settings.encode {
            None => self.send_frame(Frame::text_json(content)?).await,
            Some(encode) => self.send_text(encode(&serde_json::to_value(content)?)?).await,
        }
    }

    /// Sends a text.
    ///
    /// # Errors
    /// The client has left.
    pub async fn send_text(&self, text: impl Into<Str>) -> Result<()> {
        Ok(self
            .send
            .send(Command::WebSocketSend(Payload::Text(text.into())))
            .await?)
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// The client has left.
    pub async fn send_bytes(&self, bytes: impl Into<bytes::Bytes>) -> Result<()> {
        Ok(self
            .send
            .send(Command::WebSocketSend(Payload::Binary(bytes.into())))
            .await?)
    }

    /// Sends a frame that was built before, for every member of a group the same; see
    /// [`Shared::frame_once`](crate::Shared::frame_once).
    ///
    /// # Errors
    /// The client has left.
    pub async fn send_frame(&self, frame: Frame) -> Result<()> {
        Ok(self
            .send
            .send(Command::WebSocketSend(Payload::Frame(frame)))
            .await?)
    }

    /// Closes the connection; before an accept, denies it with 403.
    ///
    /// # Errors
    /// The client has left.
    pub async fn close(&mut self, code: CloseCode) -> Result<()> {
        self.close_with(code, "").await
    }

    /// Closes the connection with words for the client, of at most 123 bytes.
    ///
    /// # Errors
    /// The client has left.
    pub async fn close_with(&mut self, code: CloseCode, reason: impl Into<Str>) -> Result<()> {
        let reason = reason.into();
        Ok(self.send.send(Command::WebSocketClose { code, reason }).await?)
    }

    /// This connection's relay.
    pub(crate) fn relay(&self) -> Option<Arc<dyn Relay>> {
        let make = self.settings.relay.as_ref()?;
        Some(make(self.send.clone()))
    }

    pub(crate) fn into_channel(self) -> Channel {
        self.channel
    }
}

/// A denial with a text.
pub(crate) fn denial(status: StatusCode, text: String) -> Command {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    Command::WebSocketDeny(Box::new(response))
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("path", &self.scope.path())
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}
