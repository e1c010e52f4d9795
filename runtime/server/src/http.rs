//! One HTTP request: hygiene, the application, its response or the server's own.

mod body;
mod files;
mod framing;
mod host;
pub(crate) mod hygiene;
pub(crate) mod interim;
pub(crate) mod page;

use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body::Body as HttpBody;
use laureola_asgi::Supported;
use laureola_asgi::exchange::{self, Body, BoxError, FileFailed, Interims, ResponseFuture, Terms};
use laureola_asgi::scope::{Ends, HttpScope, RootPath};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};
use tracing::{Instrument, Span, debug, error};

use body::RequestBody;
pub(crate) use body::ResponseBody;

use crate::connection::Peer;
use crate::guard::{BodyFault, Fault};
use crate::http2;
use crate::limits::Limits;
use crate::observe::Record;
use crate::running;
use crate::shared::Shared;
use crate::tasks::UnderWay;
use crate::upgrade::Upgrade;
use crate::websocket;

/// Answers one request of a connection. The application is called at once, not when the future is
/// first polled: a client that sends a request and leaves without a look at the response is served.
///
/// `upgrade` is there where the request asks for a WebSocket. A connection that can push puts
/// [`Supported::PUSH`] into the request's extensions.
pub(crate) fn answer<B>(
    peer: &Arc<Peer>,
    mut request: Request<B>,
    upgrade: Option<Upgrade>,
) -> Answer<Pin<Box<impl Future<Output = Response<ResponseBody>> + Send + use<B>>>>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let number = 1 + peer.requests.fetch_add(1, Ordering::Relaxed);
    let checked = match request.version() {
        Version::HTTP_2 => http2::head::check(&mut request, peer.shared.options.limits.max_header_count),
        _ => Ok(()),
    };
    let checked = checked.and_then(|()| hygiene::check(&mut request));
    let forwarding = &peer.shared.options.forwarding;
    let (ends, root_path) = forwarding.apply(request.headers_mut(), &peer.ends);
    let mut record = Record::begin(peer, &ends, &mut request);
    let begun = match checked {
        Err(status) => Begun::Refused(status),
        Ok(()) if is_too_large(&request, &peer.shared.options.limits) => {
            Begun::Refused(StatusCode::PAYLOAD_TOO_LARGE)
        }
        Ok(()) => match upgrade {
            Some(upgrade) => {
                let extensions = request.extensions_mut();
                extensions.insert(ends);
                extensions.insert(root_path);
                Begun::Handshake(Box::new((request.map(drop), upgrade)))
            }
            None => {
                let at = (ends, root_path);
                let mut exchange = Exchange::begin(peer, request, at, number, record.span());
                if let Some(mut response) = exchange.now() {
                    finish(&peer.shared, record, &mut response);
                    return Answer::Now(response);
                }
                Begun::Exchange(exchange)
            }
        },
    };
    let interims = match &begun {
        Begun::Exchange(exchange) => Some(exchange.response.interims()),
        _ => None,
    };
    let peer = Arc::clone(peer);
    // Boxed here, and not moved about.
    let response = Box::pin(async move {
        let result = match begun {
            Begun::Refused(status) => Err(page::refusal(status)),
            Begun::Handshake(handshake) => {
                let (request, upgrade) = *handshake;
                let span = record.span().unwrap_or_else(Span::none);
                // Boxed: it is large, and every request would hold as much.
                Box::pin(websocket::handshake(&peer, request, upgrade, &mut record).instrument(span)).await
            }
            Begun::Exchange(mut exchange) => poll_fn(|cx| exchange.poll(cx)).await,
        };
        let mut response = result.unwrap_or_else(|mut page| {
            // The server's own word ends the connection: what follows may not be a request at all.
            debug!(status = %page.status(), "refused");
            let connection = connection(page.status());
            page.headers_mut().insert(header::CONNECTION, connection);
            page
        });
        finish(&peer.shared, record, &mut response);
        response
    });
    Answer::Later(interims, response)
}

/// See [`answer`].
pub(crate) enum Answer<F> {
    /// It is there: the application has given all of it. Most are such.
    Now(Response<ResponseBody>),
    /// It is to be waited for. What the application sends beside it comes out of [`Interims`], which
    /// is to be polled before the response; `None` where there can be nothing.
    Later(Option<Interims>, F),
}

impl<F: Future<Output = Response<ResponseBody>>> Answer<F> {
    /// Both kinds in one form.
    pub(crate) fn split(self) -> (Option<Interims>, impl Future<Output = Response<ResponseBody>>) {
        match self {
            Self::Now(response) => (None, Either::Left(ready(response))),
            Self::Later(interims, response) => (interims, Either::Right(response)),
        }
    }
}

/// Dresses a response as the server sends it.
fn finish(shared: &Shared, record: Record, response: &mut Response<ResponseBody>) {
    framing::mend(response);
    if let Some(name) = &shared.options.server_name {
        let headers = response.headers_mut();
        headers.entry(header::SERVER).or_insert_with(|| name.clone());
    }
    record.answer(response);
}

/// The `Connection` of a refusal. One that asks for an upgrade says so here, too (RFC 9110 §7.8).
fn connection(status: StatusCode) -> HeaderValue {
    match status {
        StatusCode::UPGRADE_REQUIRED => HeaderValue::from_static("upgrade, close"),
        _ => hygiene::CLOSE,
    }
}

/// What becomes of a request.
enum Begun {
    Refused(StatusCode),
    Handshake(Box<(Request<()>, Upgrade)>),
    Exchange(Exchange),
}

/// An ordinary request, with the application under way.
struct Exchange {
    /// Which request of its connection.
    number: u64,
    /// The connection's, or the stream's own.
    fault: Arc<Fault>,
    response: ResponseFuture,
    /// Told the status when the request's body breaks off, or is too long. `None` where there is
    /// no body.
    broken: Option<oneshot::Receiver<StatusCode>>,
    deadline: Option<Instant>,
    /// Made when it is first waited for.
    time: Option<Pin<Box<Sleep>>>,
    /// The application's call, until it ends or has a task of its own.
    call: Option<UnderWay>,
}

impl Exchange {
    fn begin<B>(
        peer: &Arc<Peer>,
        mut request: Request<B>,
        at: (Ends, RootPath),
        number: u64,
        span: Option<Span>,
    ) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let shared = &peer.shared;
        let fault = request.extensions_mut().remove();
        let fault = fault.unwrap_or_else(|| Arc::clone(&peer.fault));
        let terms = terms(&mut request);
        // The streams of an HTTP/2 connection would wait for each other.
        let alone = request.version() < Version::HTTP_2;
        let (parts, body) = request.into_parts();
        let (body, broken) = if body.is_end_stream() {
            (Body::empty(), None)
        } else {
            let (breaks, broken) = oneshot::channel();
            let body = RequestBody::new(body, shared.options.limits.max_request_body, breaks);
            (Body::new(body), Some(broken))
        };
        let (ends, root_path) = at;
        let mut scope = Box::new(HttpScope::at(parts, ends, root_path));
        scope.state = shared.state.copy();
        let (connection, response, outcome) = exchange::open_scope(scope, body, terms);
        let left = outcome.left();
        let ended = move |result: &_| outcome.finish(result);
        let call = if alone {
            running::start_here(peer, connection, span, left, ended)
        } else {
            running::start(shared, connection, span, left, ended);
            None
        };
        Self {
            number,
            fault,
            response,
            broken,
            deadline: deadline(shared.options.http_timeout),
            time: None,
            call,
        }
    }

    /// The application's response, where it is there and nothing was wrong with its request. Then
    /// there is no other.
    fn now(&mut self) -> Option<Response<ResponseBody>> {
        if self.broken.is_some() || self.fault.of(self.number).is_some() {
            return None;
        }
        Some(of_application(self.response.now()?, self.deadline))
    }

    /// The application's response, or as an error the server's. Not to be polled again after that.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<ResponseBody>, Response<ResponseBody>>> {
        let result = ready!(self.poll_result(cx));
        let result = match self.fault.of(self.number) {
            None => result,
            Some(BodyFault::Malformed) => Err(StatusCode::BAD_REQUEST),
            Some(BodyFault::TooSlow) => Err(StatusCode::REQUEST_TIMEOUT),
        };
        Poll::Ready(match result {
            Ok(response) => {
                if let Some(FileFailed(error)) = response.extensions().get() {
                    error!("a file could not be sent: {error}");
                }
                Ok(of_application(response, self.deadline))
            }
            Err(status) => Err(page::refusal(status)),
        })
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<Body>, StatusCode>> {
        // Before all others, for it is what they come from.
        if let Some(call) = &mut self.call
            && Pin::new(call).poll(cx).is_ready()
        {
            self.call = None;
        }
        // A client whose request is not whole may be there to be told; to the application it has
        // left, and it is not waited for. First, because the application that leaves for this very
        // reason without an answer is not the one to blame.
        if let Some(broken) = &mut self.broken
            && let Poll::Ready(broken) = Pin::new(broken).poll(cx)
        {
            self.broken = None;
            if let Ok(status) = broken {
                return Poll::Ready(Err(status));
            }
        }
        if let Poll::Ready(response) = Pin::new(&mut self.response).poll(cx) {
            return Poll::Ready(Ok(response));
        }
        if let Some(deadline) = self.deadline {
            let time = self.time.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            ready!(time.as_mut().poll(cx));
            return Poll::Ready(Err(StatusCode::SERVICE_UNAVAILABLE));
        }
        Poll::Pending
    }
}

fn of_application(response: Response<Body>, deadline: Option<Instant>) -> Response<ResponseBody> {
    response.map(|body| ResponseBody::of_application(body, None, deadline))
}

/// Whether a request announces a longer body than is taken. Its application is not called, and a
/// client that waits for 100 never sends the body.
fn is_too_large<B>(request: &Request<B>, limits: &Limits) -> bool {
    let Some(limit) = limits.max_request_body else {
        return false;
    };
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    length.is_some_and(|length| length > limit)
}

/// What the request's connection can do beyond a plain response.
fn terms<B>(request: &mut Request<B>) -> Terms {
    let mut supported = Supported::PATHSEND | Supported::ZEROCOPYSEND;
    if request.version() >= Version::HTTP_11 {
        supported |= Supported::EARLY_HINT | Supported::TRAILERS;
    }
    supported |= request.extensions_mut().remove::<Supported>().unwrap_or_default();
    Terms {
        supported,
        open_file: Some(files::open),
    }
}

/// The end of a limit that begins now; `None` for one that is never reached.
pub(crate) fn deadline(limit: Option<Duration>) -> Option<Instant> {
    let limit = limit?;
    Instant::now().checked_add(limit)
}

/// Ready at `deadline`.
pub(crate) async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
