//! The application's half from the client.

use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

use crate::event::Event;
use crate::exchange::{Bodiless, Body};

/// What a server, or a middleware, puts behind a [`Receiver`].
pub trait EventSource: Send + 'static {
    /// The next event. Must lose none when the caller drops its wait, and must go on yielding
    /// the disconnect once it has come.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Event>;

    /// The request's whole body, for an application that wants it as a stream. Only an HTTP
    /// source whose body is untouched has one.
    fn take_body(&mut self) -> Option<Body> {
        None
    }
}

/// Receives a connection's events, in order (ASGI: the `receive` callable).
pub struct Receiver(Source);

enum Source {
    /// Of a request without a body: needs no allocation.
    Bodiless(Bodiless),
    Any(Box<dyn EventSource>),
}

impl Receiver {
    /// A receiver over a source. A middleware passes one that holds the receiver it wraps.
    pub fn new(source: impl EventSource) -> Self {
        Self(Source::Any(Box::new(source)))
    }

    pub(crate) fn bodiless(source: Bodiless) -> Self {
        Self(Source::Bodiless(source))
    }

    /// The next event; waits for it without a deadline, for the server watches the client.
    ///
    /// Cancel-safe. It never ends before the disconnect event, and yields that for ever after.
    pub async fn next(&mut self) -> Event {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// [`Receiver::next`], to be polled beside other sources.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        match &mut self.0 {
            Source::Bodiless(source) => source.poll_next(cx),
            Source::Any(source) => source.poll_next(cx),
        }
    }

    /// The whole request body, once, before the first event was taken.
    pub fn take_body(&mut self) -> Option<Body> {
        match &mut self.0 {
            Source::Bodiless(source) => source.take_body(),
            Source::Any(source) => source.take_body(),
        }
    }
}

impl EventSource for Receiver {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        Self::poll_next(self, cx)
    }

    fn take_body(&mut self) -> Option<Body> {
        Self::take_body(self)
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver")
    }
}
