//! The body of a response on its way to the client.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use laureola_asgi::exchange::{Body, BoxError};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::running::Present;

/// A body, with what ends together with it.
pub(crate) struct ResponseBody {
    body: Body,
    /// Dropped with the body: the application may go on for a while only.
    _present: Option<Present>,
    /// The end of `http_timeout`.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl ResponseBody {
    /// A body of the server's own.
    pub(crate) fn new(body: Body) -> Self {
        Self {
            body,
            _present: None,
            deadline: None,
        }
    }

    /// A body that an application sends, cut off at `deadline`.
    pub(crate) fn of_application(body: Body, present: Present, deadline: Option<Instant>) -> Self {
        Self {
            body,
            _present: Some(present),
            deadline: deadline.map(|deadline| Box::pin(sleep_until(deadline))),
        }
    }
}

/// `http_timeout` passed before the response was complete.
#[derive(Debug, thiserror::Error)]
#[error("the response was not complete within the http timeout")]
struct Late;

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Some(Err(Late.into())));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseBody")
    }
}
