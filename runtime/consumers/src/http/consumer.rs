//! The trait of HTTP consumers.

use std::future::Future;

use bytes::Bytes;
use laureola_asgi::{Connection, HttpScope, Scope};
use laureola_layers::{GroupName, Notice};
use serde::de::DeserializeOwned;

use super::context::HttpContext;
use super::driver;
use crate::Result;
use crate::application::ConsumerApplication;
use crate::layers::Layers;
use crate::routing;
use crate::shared::{Shared, no_handler};

/// Django's `DATA_UPLOAD_MAX_MEMORY_SIZE`.
const BODY_LIMIT: usize = 2_621_440;

/// One HTTP request and its response. Counterpart of `AsyncHttpConsumer`.
///
/// One value serves one request. The whole body is read before [`handle`](HttpConsumer::handle), which answers through
/// its context: with a whole response ([`HttpContext::respond`], [`HttpContext::send_response`]), in parts
/// ([`HttpContext::send_headers`], [`HttpContext::send_body`]), or with a stream of server-sent events
/// ([`HttpContext::event_stream`]), which stays open after `handle` and gets the channel layer's events.
///
/// An error before the response has begun is a 500 page, one after it breaks the response off. `disconnect` is called
/// once, at the end, whatever happened.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, StatusCode};
/// use laureola_consumers::testing::HttpCommunicator;
/// use laureola_consumers::{HttpConsumer, HttpContext, Result, http_application};
/// use laureola_layers::{Layer, MemoryLayer};
///
/// struct Length;
///
/// impl HttpConsumer for Length {
///     type Event = ();
///
///     async fn handle(&mut self, ctx: &mut HttpContext, body: Bytes) -> Result<()> {
///         ctx.send_response(StatusCode::OK, "text/plain", body.len().to_string()).await
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let application = http_application(Layer::new(MemoryLayer::new()), |_scope| Ok(Length));
/// let request = Request::post("/").body(Bytes::from("hello"))?;
/// let response = HttpCommunicator::new(application, request).get_response().await?;
/// assert_eq!((response.status(), &response.body()[..]), (StatusCode::OK, &b"5"[..]));
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub trait HttpConsumer: Send + Sized + 'static {
    /// What the channel layer sends to this consumer while its response is open; `()` for those that expect nothing.
    type Event: DeserializeOwned + Send + Sync + 'static;

    /// How many bytes a request's body may have; more are answered with 413. Default 2.5 MiB, as in Django.
    fn body_limit(&self) -> usize {
        BODY_LIMIT
    }

    /// The groups this consumer is in from before `handle` to its end (Channels: `groups`).
    fn groups(&self) -> Vec<GroupName> {
        Vec::new()
    }

    /// The request is here. A response that is begun and not complete when this returns is completed, unless it was to
    /// [stay open](HttpContext::stay_open).
    fn handle(&mut self, ctx: &mut HttpContext, body: Bytes) -> impl Future<Output = Result<()>> + Send;

    /// The channel layer has an event for this consumer, whose response is open. Unless written otherwise it is an error.
    fn event(
        &mut self,
        ctx: &mut HttpContext,
        event: Shared<Self::Event>,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = ctx;
        let error = no_handler(event.message());
        async move { Err(error) }
    }

    /// The channel layer has something to say that is no message. Unless written otherwise a consumer that was too slow
    /// for its mailbox ends its response, and a browser's `EventSource` comes back with its last event's id.
    fn notice(&mut self, ctx: &mut HttpContext, notice: Notice) -> impl Future<Output = Result<()>> + Send {
        async move {
            match notice {
                Notice::Overflowed => ctx.finish().await,
                _ => Ok(()),
            }
        }
    }

    /// The response is complete, or the client has left. Groups are left afterwards.
    fn disconnect(&mut self, ctx: &mut HttpContext) -> impl Future<Output = ()> + Send {
        let _ = ctx;
        async {}
    }
}

/// Makes a consumer the application of a URL; as [`as_application`](crate::as_application), an error from `make` being
/// a 404.
pub fn http_application<C, F>(layers: impl Into<Layers>, make: F) -> ConsumerApplication
where
    C: HttpConsumer,
    F: Fn(&HttpScope) -> Result<C> + Send + Sync + 'static,
{
    let layers = layers.into();
    ConsumerApplication::new(move |connection| {
        let Connection { scope, receive, send } = connection;
        let scope = match scope {
            Scope::Http(scope) => scope,
            scope => return Box::pin(routing::not_found(Connection { scope, receive, send })),
        };
        match make(&scope) {
            Ok(consumer) => {
                let ctx = HttpContext::new(scope, receive, send, layers.clone());
                Box::pin(driver::run(consumer, ctx))
            }
            Err(error) => Box::pin(driver::refuse(error, send)),
        }
    })
}
