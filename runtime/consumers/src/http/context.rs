//! What an HTTP consumer acts through.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use laureola_asgi::exchange::Body;
use laureola_asgi::{AppError, Command, Event, HttpScope, Receiver, Sender};
use laureola_layers::{Channel, ChannelName, GroupName, Layer, Mailbox};
use serde::Serialize;
use tokio::time::Instant;

use super::event_stream::{KEEP_ALIVE, ServerSentEvent};
use crate::Result;
use crate::layers::Layers;
use crate::routing::UrlArguments;

/// Below the minute after which many proxies give a silent response up.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);

/// One request, as its consumer sees it.
pub struct HttpContext {
    scope: Box<HttpScope>,
    pub(super) receive: Receiver,
    send: Sender,
    layers: Layers,
    /// Opened when it is needed: most requests have no use for one.
    pub(super) channel: Option<Box<(Channel, Mailbox)>>,
    stage: Stage,
    stays_open: bool,
    keep_alive: Option<Duration>,
    last_sent: Instant,
}

/// How far the response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Begun,
    Complete,
}

impl HttpContext {
    pub(super) fn new(scope: Box<HttpScope>, receive: Receiver, send: Sender, layers: Layers) -> Self {
        Self {
            scope,
            receive,
            send,
            layers,
            channel: None,
            stage: Stage::Waiting,
            stays_open: false,
            keep_alive: None,
            last_sent: Instant::now(),
        }
    }

    /// The request's scope.
    #[must_use]
    pub fn scope(&self) -> &HttpScope {
        &self.scope
    }

    /// An argument of the URL pattern, as text.
    #[must_use]
    pub fn url_argument(&self, name: &str) -> Option<&str> {
        self.scope.url_argument(name)
    }

    /// A header of the request, if it is there and ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.scope.parts.headers.get(name)?.to_str().ok()
    }

    /// The id of the last event the client got before it reconnected.
    #[must_use]
    pub fn last_event_id(&self) -> Option<&str> {
        self.header("last-event-id")
    }

    /// The channel layer.
    #[must_use]
    pub fn layer(&self) -> &Layer {
        self.layers.own()
    }

    /// See [`Context::layer_named`](crate::Context::layer_named).
    ///
    /// # Errors
    /// No layer has this alias.
    pub fn layer_named(&self, alias: &str) -> Result<&Layer> {
        self.layers.get(alias)
    }

    async fn channel(&mut self) -> Result<&mut Channel> {
        if self.channel.is_none() {
            let opened = self.layers.own().new_channel("specific").await?;
            self.channel = Some(Box::new(opened));
        }
        let opened = self.channel.as_mut().expect("it was opened above");
        Ok(&mut opened.0)
    }

    /// The name under which others reach this consumer alone. Opens its channel.
    ///
    /// # Errors
    /// What the layer says.
    pub async fn channel_name(&mut self) -> Result<ChannelName> {
        Ok(self.channel().await?.name().clone())
    }

    /// Joins a group; it is left by itself at the end.
    ///
    /// # Errors
    /// What the layer says.
    pub async fn group_add(&mut self, group: &GroupName) -> Result<()> {
        Ok(self.channel().await?.group_add(group).await?)
    }

    /// Leaves a group.
    ///
    /// # Errors
    /// What the layer says.
    pub async fn group_discard(&mut self, group: &GroupName) -> Result<()> {
        Ok(self.channel().await?.group_discard(group).await?)
    }

    /// Sends to every member of a group.
    ///
    /// # Errors
    /// What the layer says.
    pub async fn group_send(&self, group: &GroupName, message: &impl Serialize) -> Result<()> {
        Ok(self.layer().group_send(group, message).await?)
    }

    /// Answers with a whole response; its body may be a stream of its own.
    ///
    /// # Errors
    /// The client has left, or a response has begun already.
    pub async fn respond<B: Into<Body>>(&mut self, response: Response<B>) -> Result<()> {
        let response = Box::new(response.map(Into::into));
        self.send.send(Command::HttpResponse(response)).await?;
        self.stage = Stage::Complete;
        Ok(())
    }

    /// Answers with a status, a `content-type` and a body (Channels: `send_response`).
    ///
    /// # Errors
    /// As [`HttpContext::respond`]; a `content_type` that is no header's value.
    pub async fn send_response(
        &mut self,
        status: StatusCode,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Result<()> {
        let mut response = Response::new(Body::from(body.into()));
        *response.status_mut() = status;
        let content_type = HeaderValue::from_str(content_type)?;
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        self.respond(response).await
    }

    /// Begins a response in parts (Channels: `send_headers`). It leaves with the first part.
    ///
    /// # Errors
    /// As [`HttpContext::respond`].
    pub async fn send_headers(&mut self, status: StatusCode, headers: HeaderMap) -> Result<()> {
        self.send.send(Command::start(status, headers)).await?;
        self.stage = Stage::Begun;
        Ok(())
    }

    /// Sends a part of the body, more to come; waits while the client is slow.
    ///
    /// # Errors
    /// The client has left, or there are no headers yet.
    pub async fn send_body(&mut self, body: impl Into<Bytes>) -> Result<()> {
        self.send_part(body.into(), true).await
    }

    /// Completes the response.
    ///
    /// # Errors
    /// As [`HttpContext::send_body`].
    pub async fn finish(&mut self) -> Result<()> {
        self.send_part(Bytes::new(), false).await
    }

    async fn send_part(&mut self, body: Bytes, more_body: bool) -> Result<()> {
        self.send
            .send(Command::HttpResponseBody { body, more_body })
            .await?;
        self.last_sent = Instant::now();
        if !more_body {
            self.stage = Stage::Complete;
        }
        Ok(())
    }

    /// Keeps the response open after [`handle`](crate::HttpConsumer::handle), for the channel layer's events, until
    /// [`HttpContext::finish`] or the client's end.
    pub fn stay_open(&mut self) {
        self.stays_open = true;
    }

    /// Begins a stream of server-sent events that stays open; every 15 seconds without one a comment keeps it alive.
    ///
    /// # Errors
    /// As [`HttpContext::respond`].
    pub async fn event_stream(&mut self) -> Result<()> {
        let mut headers = HeaderMap::new();
        let fields = [
            (header::CONTENT_TYPE, "text/event-stream"),
            (header::CACHE_CONTROL, "no-store"),
            // nginx keeps parts back otherwise.
            (http::HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        for (name, value) in fields {
            headers.insert(name, HeaderValue::from_static(value));
        }
        self.send_headers(StatusCode::OK, headers).await?;
        // The head leaves with a part: the browser must not wait for the first event.
        self.send_body(KEEP_ALIVE).await?;
        self.keep_alive = Some(KEEP_ALIVE_EVERY);
        self.stay_open();
        Ok(())
    }

    /// Keeps the stream alive at this interval instead; `None` never.
    pub fn keep_alive(&mut self, every: Option<Duration>) {
        self.keep_alive = every.filter(|every| !every.is_zero());
    }

    /// Sends an event of the stream.
    ///
    /// # Errors
    /// As [`HttpContext::send_body`].
    pub async fn send_event(&mut self, event: ServerSentEvent) -> Result<()> {
        self.send_body(event.into_bytes()).await
    }

    /// Ready once the client has left, or the response is complete: for a `select!` around work that takes long.
    pub async fn disconnected(&mut self) {
        while !matches!(self.receive.next().await, Event::HttpDisconnect) {}
    }

    /// When the next sign of life is due.
    pub(super) fn keep_alive_at(&self) -> Option<Instant> {
        Some(self.last_sent + self.keep_alive?)
    }

    pub(super) async fn send_keep_alive(&mut self) -> Result<()> {
        self.send_body(KEEP_ALIVE).await
    }

    pub(super) fn is_open(&self) -> bool {
        self.stays_open && self.stage == Stage::Begun
    }

    /// Completes what `handle` left open without saying so.
    pub(super) async fn settle(&mut self) -> Result<()> {
        match self.stage {
            Stage::Waiting => Err(AppError::msg("the consumer's handle sent no response")),
            Stage::Begun if !self.stays_open => self.finish().await,
            Stage::Begun | Stage::Complete => Ok(()),
        }
    }

    pub(super) fn take_channel(&mut self) -> Option<Channel> {
        self.channel.take().map(|opened| opened.0)
    }
}

impl fmt::Debug for HttpContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpContext")
            .field("path", &self.scope.path())
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}
