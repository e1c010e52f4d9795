//! The bodies of a request and of its response, watched for their ends.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body as HttpBody, Frame, SizeHint};
use laureola_asgi::exchange::{Body, BoxError};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::guard::UnderWay;
use crate::observe::Record;
use crate::running::Present;

/// A body, with what ends together with it.
pub(crate) struct ResponseBody {
    body: Body,
    /// Dropped with the body: the application may go on for a while only.
    _present: Option<Present>,
    /// Where the response has a time limit.
    deadline: Option<Pin<Box<Sleep>>>,
    record: Record,
    /// Over HTTP/1.1.
    _under_way: Option<UnderWay>,
}

impl ResponseBody {
    /// A body of the server's own.
    pub(crate) fn new(body: Body) -> Self {
        Self {
            body,
            _present: None,
            deadline: None,
            record: Record::default(),
            _under_way: None,
        }
    }

    /// A body that an application sends, cut off at `deadline`.
    pub(crate) fn of_application(body: Body, present: Option<Present>, deadline: Option<Instant>) -> Self {
        Self {
            body,
            _present: present,
            deadline: deadline.map(|deadline| Box::pin(sleep_until(deadline))),
            record: Record::default(),
            _under_way: None,
        }
    }

    /// Keeps its request under way until it is dropped.
    pub(crate) fn keep(&mut self, under_way: UnderWay) {
        self._under_way = Some(under_way);
    }

    /// Is under observation until it is dropped.
    pub(crate) fn record(&mut self, record: Record) {
        self.record = record;
    }
}

/// The response's time passed before it was complete.
#[derive(Debug, thiserror::Error)]
#[error("the response was not complete within its timeout")]
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
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.record.sent(data.len());
        }
        Poll::Ready(frame)
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

/// A request's body that tells whoever answers the request when it breaks off, or is too long: the
/// application may take its time to notice, or never do.
pub(super) struct RequestBody<B> {
    body: B,
    /// Bytes that may still come.
    left: Option<u64>,
    breaks: Option<oneshot::Sender<StatusCode>>,
}

impl<B> RequestBody<B> {
    /// A body of at most `limit` bytes. What ends it before its time is told with the status that
    /// says so to `breaks`.
    pub(super) fn new(body: B, limit: Option<u64>, breaks: oneshot::Sender<StatusCode>) -> Self {
        Self {
            body,
            left: limit,
            breaks: Some(breaks),
        }
    }

    fn breaks(&mut self, status: StatusCode) {
        if let Some(breaks) = self.breaks.take() {
            // Nobody waits where the response is under way.
            let _ = breaks.send(status);
        }
    }
}

/// The body went on after its limit.
#[derive(Debug, thiserror::Error)]
#[error("the request's body is longer than the server takes")]
struct TooLong;

impl<B> HttpBody for RequestBody<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(match frame {
            Some(Err(error)) => {
                self.breaks(StatusCode::BAD_REQUEST);
                Some(Err(error.into()))
            }
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, |data| data.len() as u64);
                match self.left.map(|left| left.checked_sub(length)) {
                    Some(None) => {
                        self.breaks(StatusCode::PAYLOAD_TOO_LARGE);
                        Some(Err(TooLong.into()))
                    }
                    Some(left) => {
                        self.left = left;
                        Some(Ok(frame))
                    }
                    None => Some(Ok(frame)),
                }
            }
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
