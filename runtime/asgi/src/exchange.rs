//! One HTTP request and its response, as a state machine without I/O.
//!
//! [`open`] turns a request into three things: the [`Connection`] an application is called with,
//! the [`ResponseFuture`] a server answers with, and the [`Outcome`] through which the server says
//! how the application's future ended. Dropping the response (or its body) tells the application
//! that its client has left; the body is read from the client only as the application asks for it.
//!
//! What an application may send beside a plain response is the server's to offer: [`Terms`].
//! [`denial`] opens only the second half: the response to a WebSocket handshake.

mod body;
mod denial;
mod extensions;
mod file;
mod interim;
mod request;
mod response;
mod state;
mod waiting;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Version, header};
use http_body::{Body as _, Frame};
use parking_lot::Mutex;

pub use body::{Body, BoxError};
pub use denial::{Denial, denial};
pub use file::{FilePart, OpenFile};
pub use interim::{Interim, Interims};
pub(crate) use request::Bodiless;
pub use response::{FileFailed, ResponseFuture};

use crate::application::Connection;
use crate::error::AppError;
use crate::event::Command;
use crate::receive::Receiver;
use crate::scope::{HttpScope, Scope};
use crate::send::{CommandSink, Sender, TrySendError};
use crate::supported::Supported;
use state::{Part, Stage, State};

/// `send` waits while this many bytes of a response wait for the client.
const HIGH_WATER: usize = 64 * 1024;

/// What a server can do beyond a plain response.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// The extensions it offers; the scope names them.
    pub supported: Supported,
    /// How it reads a file, where it offers `pathsend` or `zerocopysend`.
    pub open_file: Option<OpenFile>,
}

/// Opens the exchange of one request, without extensions. See the module's documentation.
#[must_use]
pub fn open<B>(request: Request<B>) -> (Connection, ResponseFuture, Outcome)
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    open_with(request, Terms::default())
}

/// The same, with a server's extensions.
///
/// [`ResponseFuture::interims`] is to be asked for what leaves before the response, where `terms`
/// has [`Supported::EARLY_HINT`] or [`Supported::PUSH`].
#[must_use]
pub fn open_with<B>(request: Request<B>, terms: Terms) -> (Connection, ResponseFuture, Outcome)
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    open_scope(Box::new(HttpScope::new(parts)), Body::new(body), terms)
}

/// The same, with a scope that is made already.
#[must_use]
pub fn open_scope(
    mut scope: Box<HttpScope>,
    body: Body,
    terms: Terms,
) -> (Connection, ResponseFuture, Outcome) {
    let parts = &scope.parts;
    let bodiless = parts.method == Method::HEAD;
    let wants_trailers = takes_trailers(parts.version, &parts.headers);
    let exchange = Exchange::new(State::new(terms, bodiless, wants_trailers));
    scope.supported |= terms.supported;
    let receive = if body.is_end_stream() {
        Receiver::bodiless(Bodiless::new(Arc::clone(&exchange)))
    } else {
        Receiver::new(request::RequestEvents::new(body, Arc::clone(&exchange)))
    };
    let connection = Connection {
        scope: Scope::Http(scope),
        receive,
        send: Sender::from_arc(Arc::clone(&exchange) as _),
    };
    (
        connection,
        ResponseFuture::new(Arc::clone(&exchange)),
        Outcome {
            exchange,
            said: false,
        },
    )
}

/// Whether a client wants trailers: HTTP/2 has a place for them, HTTP/1.1 asks (RFC 9110 §6.5.1).
fn takes_trailers(version: Version, headers: &HeaderMap) -> bool {
    let is_trailers = |token: &[u8]| {
        let name = token.split(|byte| *byte == b';').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(b"trailers")
    };
    let asks = |te: &HeaderValue| te.as_bytes().split(|byte| *byte == b',').any(is_trailers);
    // Few requests have it, and to look at the names is cheaper than to look one up.
    version >= Version::HTTP_2
        || (headers.keys().any(|name| *name == header::TE) && headers.get_all(header::TE).iter().any(asks))
}

/// How an application's future ended; to be said once. Dropped unsaid (a panic, an abort), it
/// counts as a failure.
#[derive(Debug)]
pub struct Outcome {
    exchange: Arc<Exchange>,
    said: bool,
}

impl Outcome {
    /// Watches for the moment from which on nobody waits for the application any more.
    #[must_use]
    pub fn left(&self) -> Left {
        Left(Arc::clone(&self.exchange))
    }

    /// The future returned. Before the response started this answers 500, after it an unfinished
    /// body is cut off, so that the client sees that something is missing.
    pub fn finish(mut self, result: &Result<(), AppError>) {
        self.said = true;
        self.exchange.application_ended(result.is_err());
    }
}

/// Ready once the server has dropped the response, or its body: the client has it whole, or has
/// left. From then on an application's time is limited.
#[derive(Debug)]
pub struct Left(Arc<Exchange>);

impl Future for Left {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.0.lock();
        if state.server_gone {
            return Poll::Ready(());
        }
        state.watch = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        if !self.said {
            self.exchange.application_ended(true);
        }
    }
}

/// What both sides share.
pub(crate) struct Exchange(Mutex<State>);

impl Exchange {
    fn new(state: State) -> Arc<Self> {
        Arc::new(Self(Mutex::new(state)))
    }

    /// The application ended; unless it completed its response, that is broken now.
    fn application_ended(&self, failed: bool) {
        let wakers = {
            let mut state = self.0.lock();
            state.application_ended(failed);
            state.server_wakers()
        };
        wake(wakers);
    }

    /// Whoever was to read the response has dropped it.
    fn client_left(&self) {
        let (server, watch, application) = {
            let mut state = self.0.lock();
            state.client_left();
            state.server_gone = true;
            let application = std::mem::take(&mut state.application);
            (state.server_wakers(), state.watch.take(), application)
        };
        wake(server);
        watch.into_iter().chain(application).for_each(Waker::wake);
    }

    /// What a file began with, to be read again with the body.
    fn put_back(&self, frame: Frame<Bytes>) {
        if let Ok(begun) = frame.into_data() {
            self.0.lock().parts.push_front(Part::Begun(begun));
        }
    }

    /// The server has what it wants of the body, which may be nothing.
    fn body_dropped(&self) {
        let mut state = self.0.lock();
        if !state.discard() {
            drop(state);
            return self.client_left();
        }
        state.server_gone = true;
        let (watch, application) = (state.watch.take(), std::mem::take(&mut state.application));
        drop(state);
        application.into_iter().chain(watch).for_each(Waker::wake);
    }

    /// Ready once nothing more can be sent: the response is complete, or nobody reads it.
    fn poll_over(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.is_over() {
            return Poll::Ready(());
        }
        state.wait(cx);
        Poll::Pending
    }
}

fn wake([server, interim]: [Option<Waker>; 2]) {
    if let Some(server) = server {
        crate::wake::wake(server);
    }
    if let Some(interim) = interim {
        crate::wake::wake(interim);
    }
}

impl CommandSink for Exchange {
    fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        let wakers = {
            let mut state = self.0.lock();
            state.take(command)?;
            // A head alone is kept until there is more.
            if state.stage == Stage::Started && state.interims.is_empty() {
                return Ok(());
            }
            state.server_wakers()
        };
        wake(wakers);
        Ok(())
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.has_room() {
            return Poll::Ready(());
        }
        state.wait(cx);
        Poll::Pending
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.lock().fmt(f)
    }
}

#[cfg(test)]
mod tests;
