//! A request's body: what the application has not read is the client's to keep.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use http_body::{Body, Frame, SizeHint};
use laureola_asgi::exchange::BoxError;
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

use crate::guard::{BodyFault, Fault};

/// The client owes a part of its body for too long.
#[derive(Debug, thiserror::Error)]
#[error("no byte of the request's body came in time")]
struct TooSlow;

/// What an upload is watched for.
pub(super) struct Terms {
    /// How long the application may wait for the next byte.
    pub(super) limit: Duration,
    /// Told when it waited longer.
    pub(super) fault: Arc<Fault>,
    /// Which request of its connection this is.
    pub(super) number: u64,
    /// Told when the application first waits, where the client does so, too.
    pub(super) asked: Option<oneshot::Sender<()>>,
}

/// See the module's documentation.
pub(super) struct Upload {
    stream: RecvStream,
    /// The stream's data has ended; trailers may follow.
    ended: bool,
    terms: Terms,
    /// Set only while the client keeps the application waiting.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Upload {
    pub(super) fn new(stream: RecvStream, terms: Terms) -> Self {
        Self {
            stream,
            ended: false,
            terms,
            timer: None,
        }
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if !self.ended {
            match self.stream.poll_data(cx) {
                Poll::Ready(Some(Ok(part))) => {
                    // From here on the application counts them.
                    let released = self.stream.flow_control().release_capacity(part.len());
                    return Poll::Ready(Some(released.map(|()| Frame::data(part))));
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => return Poll::Pending,
            }
        }
        let trailers = self.stream.poll_trailers(cx);
        trailers.map(|result| result.map(|trailers| trailers.map(Frame::trailers)).transpose())
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(part) = self.poll_part(cx) {
            self.timer = None;
            return Poll::Ready(part.map(|part| part.map_err(Into::into)));
        }
        if let Some(asked) = self.terms.asked.take() {
            // Where the response has begun, nobody waits any more.
            let _ = asked.send(());
        }
        let limit = self.terms.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(timer.as_mut().poll(cx));
        self.terms.fault.set(self.terms.number, BodyFault::TooSlow);
        Poll::Ready(Some(Err(TooSlow.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_end_stream() {
            SizeHint::with_exact(0)
        } else {
            SizeHint::default()
        }
    }
}
