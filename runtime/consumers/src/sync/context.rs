//! What a synchronous consumer acts through.

use std::fmt;
use std::future::Future;

use http::{HeaderMap, Response, StatusCode};
use laureola_asgi::exchange::Body;
use laureola_asgi::{CloseCode, WebSocketScope};
use laureola_layers::{ChannelName, GroupName, Layer};
use laureola_message::{Frame, Str};
use serde::Serialize;
use tokio::runtime::Handle;

use crate::Result;
use crate::context::Context;

/// One connection, as its synchronous consumer sees it: [`Context`] whose methods block.
///
/// They block the consumer's own thread and nothing else; `send_…` waits while the client is slow, as long as the server
/// lets it.
pub struct SyncContext<'a> {
    ctx: &'a mut Context,
    runtime: Handle,
}

impl<'a> SyncContext<'a> {
    pub(super) fn new(ctx: &'a mut Context, runtime: Handle) -> Self {
        Self { ctx, runtime }
    }

    /// Waits for a future, of a client for a database, say (asgiref: `async_to_sync`).
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// The connection's scope.
    #[must_use]
    pub fn scope(&self) -> &WebSocketScope {
        self.ctx.scope()
    }

    /// See [`Context::url_argument`].
    #[must_use]
    pub fn url_argument(&self, name: &str) -> Option<&str> {
        self.ctx.url_argument(name)
    }

    /// The channel layer; its futures are waited for with [`SyncContext::block_on`].
    #[must_use]
    pub fn layer(&self) -> &Layer {
        self.ctx.layer()
    }

    /// See [`Context::layer_named`].
    ///
    /// # Errors
    /// No layer has this alias.
    pub fn layer_named(&self, alias: &str) -> Result<&Layer> {
        self.ctx.layer_named(alias)
    }

    /// The name under which others reach this consumer alone.
    #[must_use]
    pub fn channel_name(&self) -> &ChannelName {
        self.ctx.channel_name()
    }

    /// See [`Context::group_add`].
    ///
    /// # Errors
    /// What the layer says.
    pub fn group_add(&mut self, group: &GroupName) -> Result<()> {
        self.runtime.block_on(self.ctx.group_add(group))
    }

    /// See [`Context::group_discard`].
    ///
    /// # Errors
    /// What the layer says.
    pub fn group_discard(&mut self, group: &GroupName) -> Result<()> {
        self.runtime.block_on(self.ctx.group_discard(group))
    }

    /// See [`Context::group_send`].
    ///
    /// # Errors
    /// What the layer says.
    pub fn group_send(&self, group: &GroupName, message: &impl Serialize) -> Result<()> {
        self.runtime.block_on(self.ctx.group_send(group, message))
    }

    /// See [`Context::accept`].
    ///
    /// # Errors
    /// The client has left, or the connection is decided already.
    pub fn accept(&mut self) -> Result<()> {
        self.runtime.block_on(self.ctx.accept())
    }

    /// See [`Context::accept_with`].
    ///
    /// # Errors
    /// As [`SyncContext::accept`].
    pub fn accept_with(&mut self, subprotocol: Option<&str>, headers: HeaderMap) -> Result<()> {
        self.runtime.block_on(self.ctx.accept_with(subprotocol, headers))
    }

    /// See [`Context::deny`].
    ///
    /// # Errors
    /// As [`SyncContext::accept`].
    pub fn deny(&mut self, status: StatusCode, text: impl Into<String>) -> Result<()> {
        self.runtime.block_on(self.ctx.deny(status, text))
    }

    /// See [`Context::deny_with`].
    ///
    /// # Errors
    /// As [`SyncContext::accept`].
    pub fn deny_with<B: Into<Body>>(&mut self, response: Response<B>) -> Result<()> {
        self.runtime.block_on(self.ctx.deny_with(response))
    }

    /// See [`Context::send_json`].
    ///
    /// # Errors
    /// It is no JSON, or the client has left.
    pub fn send_json(&self, content: &impl Serialize) -> Result<()> {
        self.runtime.block_on(self.ctx.send_json(content))
    }

    /// Sends a text.
    ///
    /// # Errors
    /// The client has left.
    pub fn send_text(&self, text: impl Into<Str>) -> Result<()> {
        self.runtime.block_on(self.ctx.send_text(text))
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// The client has left.
    pub fn send_bytes(&self, bytes: impl Into<bytes::Bytes>) -> Result<()> {
        self.runtime.block_on(self.ctx.send_bytes(bytes))
    }

    /// See [`Context::send_frame`].
    ///
    /// # Errors
    /// The client has left.
    pub fn send_frame(&self, frame: Frame) -> Result<()> {
        self.runtime.block_on(self.ctx.send_frame(frame))
    }

    /// See [`Context::close`].
    ///
    /// # Errors
    /// The client has left.
    pub fn close(&mut self, code: CloseCode) -> Result<()> {
        self.runtime.block_on(self.ctx.close(code))
    }

    /// See [`Context::close_with`].
    ///
    /// # Errors
    /// The client has left.
    pub fn close_with(&mut self, code: CloseCode, reason: impl Into<Str>) -> Result<()> {
        self.runtime.block_on(self.ctx.close_with(code, reason))
    }
}

impl fmt::Debug for SyncContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SyncContext").field(&self.ctx).finish()
    }
}
