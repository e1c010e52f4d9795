//! The body type of requests and responses.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};

/// What reading a body may fail with.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A stream of bytes, of any origin. One of bytes that are there already costs no allocation.
#[derive(Debug)]
pub struct Body(Kind);

#[derive(Debug)]
enum Kind {
    /// What is left of bytes given whole. Whether their length is told: a response's is the
    /// application's to tell.
    Whole(Bytes, bool),
    Boxed(UnsyncBoxBody<Bytes, BoxError>),
}

impl Body {
    /// Hides the type of another body.
    pub fn new<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Kind::Boxed(UnsyncBoxBody::new(body.map_err(Into::into))))
    }

    /// These bytes, as a stream that does not know its length before its end.
    pub(super) fn of_unsaid_length(bytes: Bytes) -> Self {
        Self(Kind::Whole(bytes, false))
    }

    /// A body without bytes.
    #[must_use]
    pub fn empty() -> Self {
        Self(Kind::Whole(Bytes::new(), true))
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Whole(bytes, true))
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Whole(bytes, _) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes, _) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Boxed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes, _) => bytes.is_empty(),
            Kind::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes, true) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Whole(_, false) => SizeHint::default(),
            Kind::Boxed(body) => body.size_hint(),
        }
    }
}
