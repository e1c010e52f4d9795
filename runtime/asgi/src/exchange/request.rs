//! The request's body as events: the next part is read when the application asks for it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body as _;

use super::{Body, Exchange};
use crate::event::Event;
use crate::receive::EventSource;

/// The events of a request that has no body: one empty part, and the client's leaving.
pub(crate) struct Bodiless {
    exchange: Arc<Exchange>,
    told: bool,
}

impl Bodiless {
    pub(super) fn new(exchange: Arc<Exchange>) -> Self {
        Self {
            exchange,
            told: false,
        }
    }

    pub(crate) fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Event> {
        if self.told {
            ready!(self.exchange.poll_over(cx));
            return Poll::Ready(Event::HttpDisconnect);
        }
        self.told = true;
        Poll::Ready(Event::HttpRequest {
            body: Bytes::new(),
            more_body: false,
        })
    }

    pub(crate) fn take_body(&mut self) -> Option<Body> {
        let untouched = !std::mem::replace(&mut self.told, true);
        untouched.then(Body::empty)
    }
}

pub(super) struct RequestEvents {
    /// `None` once the last part was given, or the body was taken whole.
    body: Option<Body>,
    exchange: Arc<Exchange>,
    broken: bool,
}

impl RequestEvents {
    pub(super) fn new(body: Body, exchange: Arc<Exchange>) -> Self {
        Self {
            body: Some(body),
            exchange,
            broken: false,
        }
    }
}

impl EventSource for RequestEvents {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        loop {
            if self.broken {
                return Poll::Ready(Event::HttpDisconnect);
            }
            let Some(body) = &mut self.body else {
                ready!(self.exchange.poll_over(cx));
                return Poll::Ready(Event::HttpDisconnect);
            };
            if body.is_end_stream() {
                self.body = None;
                return Poll::Ready(Event::HttpRequest {
                    body: Bytes::new(),
                    more_body: false,
                });
            }
            match ready!(Pin::new(&mut *body).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    // Trailers have no place in ASGI's events.
                    let Ok(part) = frame.into_data() else { continue };
                    let more_body = !body.is_end_stream();
                    if !more_body {
                        self.body = None;
                    }
                    return Poll::Ready(Event::HttpRequest {
                        body: part,
                        more_body,
                    });
                }
                None => {
                    self.body = None;
                    return Poll::Ready(Event::HttpRequest {
                        body: Bytes::new(),
                        more_body: false,
                    });
                }
                // The client broke off (or its body is malformed): to ASGI it has left.
                Some(Err(_)) => self.broken = true,
            }
        }
    }

    fn take_body(&mut self) -> Option<Body> {
        self.body.take()
    }
}
