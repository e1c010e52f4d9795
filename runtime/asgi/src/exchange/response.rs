//! The server's side of an exchange: wait for the head, then stream the parts.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body::{Body as _, Frame};
use parking_lot::MutexGuard;

use super::state::{FILE_WEIGHT, Part, Stage, State};
use super::{Body, BoxError, Exchange, Interims};

const ERROR_PAGE: &str = "<!doctype html><title>500 Internal Server Error</title>\
<h1>500 Internal Server Error</h1><p>The application failed to answer this request. \
The server's log says why.</p>\n";

/// The response of an exchange, once the application gave its head. Always one: an application
/// that fails before it answers becomes a 500 page. Dropped early, it tells the application that
/// its client has left.
#[derive(Debug)]
pub struct ResponseFuture {
    /// `None` once it was ready.
    exchange: Option<Arc<Exchange>>,
    /// A file that begins the body: until it can be read, 500 is still possible.
    file: Option<Body>,
}

/// Why a file could not begin a response: stands in the extensions of the 500 page, for the log.
#[derive(Clone, Debug)]
pub struct FileFailed(pub Arc<BoxError>);

impl ResponseFuture {
    pub(super) fn new(exchange: Arc<Exchange>) -> Self {
        Self {
            exchange: Some(exchange),
            file: None,
        }
    }

    /// What the application sends beside the response.
    ///
    /// # Panics
    /// After the response was ready.
    #[must_use]
    pub fn interims(&self) -> Interims {
        let exchange = self.exchange.as_ref().expect("asked for before the response");
        Interims(Arc::clone(exchange))
    }
}

impl ResponseFuture {
    /// The response, where the application has given all of it and nothing is to leave before it.
    /// Then the future must not be polled again; else it is still to be awaited.
    pub fn now(&mut self) -> Option<Response<Body>> {
        let exchange = self.exchange.as_ref()?;
        let mut state = exchange.0.lock();
        if state.has_interims() {
            return None;
        }
        let response = whole(&mut state, exchange)?;
        drop(state);
        self.exchange = None;
        Some(response)
    }
}

impl Future for ResponseFuture {
    type Output = Response<Body>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let exchange = this
            .exchange
            .as_ref()
            .expect("not polled again after it was ready");
        if this.file.is_none() {
            let mut state = exchange.0.lock();
            match state.stage {
                Stage::Waiting | Stage::Started => {
                    state.server = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                Stage::Broken if !state.has_parts() => {
                    drop(state);
                    this.exchange = None;
                    return Poll::Ready(error_page());
                }
                _ => {}
            }
            if let Some(response) = whole(&mut state, exchange) {
                drop(state);
                this.exchange = None;
                return Poll::Ready(response);
            }
            this.file = state.pop_file();
        }
        let exchange = Arc::clone(exchange);
        if let Some(file) = &mut this.file {
            match ready!(Pin::new(file).poll_frame(cx)) {
                Some(Err(error)) => {
                    exchange.client_left();
                    this.exchange = None;
                    let mut page = error_page();
                    page.extensions_mut().insert(FileFailed(Arc::new(error)));
                    return Poll::Ready(page);
                }
                Some(Ok(frame)) => exchange.put_back(frame),
                None => {}
            }
        }
        let head = {
            let mut state = exchange.0.lock();
            let head = state.head.take().unwrap_or_default();
            state.head_leaves(head.0);
            head
        };
        this.exchange = None;
        let parts = Parts {
            exchange,
            file: this.file.take(),
        };
        Poll::Ready(response(head, Body::new(parts)))
    }
}

/// The response, where all of it is there.
fn whole(state: &mut State, exchange: &Arc<Exchange>) -> Option<Response<Body>> {
    if let Some(whole) = state.whole.take() {
        state.head_leaves(whole.status());
        let exchange = Arc::clone(exchange);
        return Some(whole.map(|body| Body::new(Watched { body, exchange })));
    }
    let bytes = state.pop_whole()?;
    let head = state.head.take().unwrap_or_default();
    Some(response(head, Body::of_unsaid_length(bytes)))
}

fn response((status, headers): (StatusCode, HeaderMap), body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl Drop for ResponseFuture {
    fn drop(&mut self) {
        if let Some(exchange) = &self.exchange {
            exchange.client_left();
        }
    }
}

fn error_page() -> Response<Body> {
    let mut response = Response::new(Body::from(ERROR_PAGE));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    response
}

/// The application stopped in the middle of its response.
#[derive(Debug, thiserror::Error)]
#[error("the application ended before its response was complete")]
struct Incomplete;

/// The parts an application sends, as a body. Its end, or its drop, ends the exchange.
struct Parts {
    exchange: Arc<Exchange>,
    /// The file under way.
    file: Option<Body>,
}

impl Parts {
    fn release(state: MutexGuard<'_, State>, weight: usize) {
        let mut state = state;
        let wakers = state.release(weight);
        drop(state);
        wakers.into_iter().for_each(std::task::Waker::wake);
    }
}

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        loop {
            let mut state = this.exchange.0.lock();
            // The bytes a file began with stand before the rest of it.
            let begun = matches!(state.parts.front(), Some(Part::Begun(_)));
            if let Some(file) = this.file.as_mut().filter(|_| !begun) {
                drop(state);
                if let Some(frame) = ready!(Pin::new(file).poll_frame(cx)) {
                    return Poll::Ready(Some(frame));
                }
                this.file = None;
                Self::release(this.exchange.0.lock(), FILE_WEIGHT);
                continue;
            }
            match state.parts.pop_front() {
                Some(Part::Begun(part)) => return Poll::Ready(Some(Ok(Frame::data(part)))),
                Some(Part::Bytes(part)) => {
                    Self::release(state, part.len());
                    return Poll::Ready(Some(Ok(Frame::data(part))));
                }
                Some(Part::File(part)) => this.file = state.open(part),
                None => {
                    return match state.stage {
                        Stage::Ended => {
                            let trailers = state.trailers.take();
                            Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(*trailers))))
                        }
                        Stage::Broken => Poll::Ready(Some(Err(Incomplete.into()))),
                        _ => {
                            state.server = Some(cx.waker().clone());
                            Poll::Pending
                        }
                    };
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.file.is_none() && self.exchange.0.lock().is_read()
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.exchange.body_dropped();
    }
}

/// A tower service's body, whose end ends the exchange.
struct Watched {
    body: Body,
    exchange: Arc<Exchange>,
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.exchange.body_dropped();
    }
}
