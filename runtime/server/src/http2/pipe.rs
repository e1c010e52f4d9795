//! A response's body on its way to the client, no faster than its windows allow.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::{Reason, SendStream};
use http::HeaderMap;
use http_body::Body;
use laureola_asgi::exchange::BoxError;
use tokio::time::timeout;
use tracing::{debug, error};

use crate::http::ResponseBody;

/// Why a body is not sent to its end.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the client has reset the stream, or left")]
    Gone,
    #[error("the client grants no window")]
    Stalled,
    #[error(transparent)]
    Body(BoxError),
    #[error("the response's body is not as long as its content-length says")]
    Length,
}

impl From<h2::Error> for Broken {
    fn from(_: h2::Error) -> Self {
        Self::Gone
    }
}

/// Sends `body`, which is `length` bytes long where that was promised. A client that takes nothing
/// for `limit` has its stream reset.
pub(super) async fn pipe(
    body: ResponseBody,
    stream: SendStream<Bytes>,
    length: Option<u64>,
    limit: Duration,
) {
    let mut pipe = Pipe {
        body,
        stream,
        left: length,
        limit,
    };
    let Err(broken) = pipe.run().await else { return };
    let reason = match broken {
        Broken::Gone => return,
        Broken::Stalled => Reason::CANCEL,
        Broken::Body(_) => Reason::INTERNAL_ERROR,
        Broken::Length => {
            error!("{broken}");
            Reason::INTERNAL_ERROR
        }
    };
    debug!(%broken, "a response is broken off");
    pipe.stream.send_reset(reason);
}

struct Pipe {
    body: ResponseBody,
    stream: SendStream<Bytes>,
    /// What is still to come of the promised length.
    left: Option<u64>,
    limit: Duration,
}

enum Part {
    Data(Bytes),
    Trailers(HeaderMap),
    End,
}

impl Pipe {
    async fn run(&mut self) -> Result<(), Broken> {
        loop {
            match poll_fn(|cx| self.poll_part(cx)).await? {
                Part::Data(part) => {
                    if let Some(left) = &mut self.left {
                        *left = left.checked_sub(part.len() as u64).ok_or(Broken::Length)?;
                    }
                    let last = self.body.is_end_stream();
                    if last {
                        self.check_end()?;
                    }
                    self.write(part, last).await?;
                    if last {
                        return Ok(());
                    }
                }
                Part::Trailers(trailers) => {
                    self.check_end()?;
                    return Ok(self.stream.send_trailers(trailers)?);
                }
                Part::End => {
                    self.check_end()?;
                    return Ok(self.stream.send_data(Bytes::new(), true)?);
                }
            }
        }
    }

    fn check_end(&self) -> Result<(), Broken> {
        match self.left {
            None | Some(0) => Ok(()),
            Some(_) => Err(Broken::Length),
        }
    }

    /// The next part of the body, as long as the client wants it.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, Broken>> {
        loop {
            let frame = match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(frame) => frame,
                Poll::Pending => return self.stream.poll_reset(cx).map(|_| Err(Broken::Gone)),
            };
            let part = match frame {
                None => Part::End,
                Some(Err(error)) => return Poll::Ready(Err(Broken::Body(error))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() && !self.body.is_end_stream() => continue,
                    Ok(data) => Part::Data(data),
                    Err(frame) => match frame.into_trailers() {
                        Ok(trailers) => Part::Trailers(trailers),
                        Err(_) => continue,
                    },
                },
            };
            return Poll::Ready(Ok(part));
        }
    }

    async fn write(&mut self, mut part: Bytes, last: bool) -> Result<(), Broken> {
        while !part.is_empty() {
            self.stream.reserve_capacity(part.len());
            let capacity = poll_fn(|cx| poll_capacity(&mut self.stream, cx));
            let capacity = timeout(self.limit, capacity).await;
            let capacity = capacity.map_err(|_| Broken::Stalled)?.ok_or(Broken::Gone)?;
            let piece = part.split_to(capacity.min(part.len()));
            let last = last && part.is_empty();
            self.stream.send_data(piece, last)?;
            if last {
                return Ok(());
            }
        }
        if last {
            self.stream.send_data(Bytes::new(), true)?;
        }
        Ok(())
    }
}

/// Bytes that can be sent now; what was asked for is reserved. `None` where the stream is over.
pub(super) fn poll_capacity(stream: &mut SendStream<Bytes>, cx: &mut Context<'_>) -> Poll<Option<usize>> {
    loop {
        let capacity = stream.capacity();
        if capacity > 0 {
            return Poll::Ready(Some(capacity));
        }
        match stream.poll_capacity(cx) {
            Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(_) => return Poll::Ready(None),
            Poll::Pending => return Poll::Pending,
        }
    }
}
