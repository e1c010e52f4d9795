//! The server's side of an exchange: wait for the head, then stream the parts.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Frame;

use super::{Body, BoxError, Exchange, Stage};

const ERROR_PAGE: &str = "<!doctype html><title>500 Internal Server Error</title>\
<h1>500 Internal Server Error</h1><p>The application failed to answer this request. \
The server's log says why.</p>\n";

/// The response of an exchange, once the application gave its head. Always one: an application
/// that fails before it answers becomes a 500 page. Dropped early, it tells the application that
/// its client has left.
#[derive(Debug)]
pub struct ResponseFuture(Option<Arc<Exchange>>);

impl ResponseFuture {
    pub(super) fn new(exchange: Arc<Exchange>) -> Self {
        Self(Some(exchange))
    }
}

impl Future for ResponseFuture {
    type Output = Response<Body>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let exchange = self.0.as_ref().expect("not polled again after it was ready");
        let response = {
            let mut state = exchange.0.lock();
            match state.stage {
                Stage::Waiting | Stage::Started => {
                    state.server = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                Stage::Broken if state.buffered == 0 => error_page(),
                Stage::Streaming | Stage::Ended | Stage::Broken => match state.whole.take() {
                    Some(whole) => {
                        let (parts, body) = whole.into_parts();
                        let rest = Watched {
                            body,
                            exchange: Arc::clone(exchange),
                        };
                        Response::from_parts(parts, Body::new(rest))
                    }
                    None => {
                        let (status, headers) = state.head.take().unwrap_or_default();
                        let parts = Parts {
                            exchange: Arc::clone(exchange),
                        };
                        let mut response = Response::new(Body::new(parts));
                        *response.status_mut() = status;
                        *response.headers_mut() = headers;
                        response
                    }
                },
            }
        };
        self.0 = None;
        Poll::Ready(response)
    }
}

impl Drop for ResponseFuture {
    fn drop(&mut self) {
        if let Some(exchange) = &self.0 {
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
}

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut state = self.exchange.0.lock();
        let Some(part) = state.chunks.pop_front() else {
            return match state.stage {
                Stage::Ended => Poll::Ready(None),
                Stage::Broken => Poll::Ready(Some(Err(Incomplete.into()))),
                _ => {
                    state.server = Some(cx.waker().clone());
                    Poll::Pending
                }
            };
        };
        let was_full = state.buffered >= super::HIGH_WATER;
        state.buffered -= part.len();
        let wakers = if was_full && state.buffered < super::HIGH_WATER {
            std::mem::take(&mut state.application)
        } else {
            Vec::new()
        };
        drop(state);
        wakers.into_iter().for_each(std::task::Waker::wake);
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        let state = self.exchange.0.lock();
        state.stage == Stage::Ended && state.chunks.is_empty()
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.exchange.client_left();
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
        self.exchange.client_left();
    }
}
