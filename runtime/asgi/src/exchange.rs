//! One HTTP request and its response, as a state machine without I/O.
//!
//! [`open`] turns a request into three things: the [`Connection`] an application is called with,
//! the [`ResponseFuture`] a server answers with, and the [`Outcome`] through which the server says
//! how the application's future ended. Dropping the response (or its body) tells the application
//! that its client has left; the body is read from the client only as the application asks for it.

mod body;
mod request;
mod response;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use parking_lot::Mutex;

pub use body::{Body, BoxError};
pub use response::ResponseFuture;

use crate::application::Connection;
use crate::error::AppError;
use crate::event::Command;
use crate::receive::Receiver;
use crate::scope::{HttpScope, Scope};
use crate::send::{CommandSink, Sender, TrySendError};

/// `send` waits while this many bytes of a response wait for the client.
const HIGH_WATER: usize = 64 * 1024;

/// Opens the exchange of one request. See the module's documentation.
#[must_use]
pub fn open<B>(request: Request<B>) -> (Connection, ResponseFuture, Outcome)
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let exchange = Arc::new(Exchange::default());
    let connection = Connection {
        scope: Scope::Http(Box::new(HttpScope::new(parts))),
        receive: Receiver::new(request::RequestEvents::new(
            Body::new(body),
            Arc::clone(&exchange),
        )),
        send: Sender::from_arc(Arc::clone(&exchange) as _),
    };
    (
        connection,
        ResponseFuture::new(Arc::clone(&exchange)),
        Outcome {
            exchange,
            said: false,
        },
    )
}

/// How an application's future ended; to be said once. Dropped unsaid (a panic, an abort), it
/// counts as a failure.
#[derive(Debug)]
pub struct Outcome {
    exchange: Arc<Exchange>,
    said: bool,
}

impl Outcome {
    /// The future returned. Before the response started this answers 500, after it an unfinished
    /// body is cut off, so that the client sees that something is missing.
    pub fn finish(mut self, result: &Result<(), AppError>) {
        self.said = true;
        self.exchange.application_ended(result.is_err());
    }
}

impl Drop for Outcome {
    fn drop(&mut self) {
        if !self.said {
            self.exchange.application_ended(true);
        }
    }
}

/// What both sides share.
#[derive(Default)]
pub(crate) struct Exchange(Mutex<State>);

#[derive(Default)]
struct State {
    stage: Stage,
    /// Start of the response, held back until the first body part.
    head: Option<(StatusCode, HeaderMap)>,
    /// A tower service's response.
    whole: Option<Box<Response<Body>>>,
    chunks: VecDeque<Bytes>,
    buffered: usize,
    client_gone: bool,
    /// The server waits for the head or a body part.
    server: Option<Waker>,
    /// Senders wait for room, receivers for the end.
    application: Vec<Waker>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Waiting,
    /// Started, no body part yet.
    Started,
    Streaming,
    /// The last part was given.
    Ended,
    /// The application ended without the last part, or failed.
    Broken,
}

impl State {
    fn wait(&mut self, cx: &Context<'_>) {
        if !self.application.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.application.push(cx.waker().clone());
        }
    }

    fn may_start(&self, status: StatusCode) -> Result<(), TrySendError> {
        if self.stage != Stage::Waiting {
            return Err(TrySendError::protocol("HTTP response has already been started"));
        }
        if status.is_informational() {
            let text = format!(
                "{} is no status of a response: it must be 200 or above",
                status.as_u16()
            );
            return Err(TrySendError::protocol(text));
        }
        Ok(())
    }

    fn take(&mut self, command: Command) -> Result<(), TrySendError> {
        if self.client_gone {
            return Err(TrySendError::disconnected());
        }
        match command {
            Command::HttpResponseStart { status, headers } => {
                self.may_start(status)?;
                self.head = Some((status, headers));
                self.stage = Stage::Started;
            }
            Command::HttpResponse(response) => {
                self.may_start(response.status())?;
                self.whole = Some(response);
                self.stage = Stage::Ended;
            }
            Command::HttpResponseBody { body, more_body } => match self.stage {
                Stage::Started | Stage::Streaming => {
                    if self.buffered >= HIGH_WATER && !body.is_empty() {
                        let command = Command::HttpResponseBody { body, more_body };
                        return Err(TrySendError::Full(Box::new(command)));
                    }
                    if !body.is_empty() {
                        self.buffered += body.len();
                        self.chunks.push_back(body);
                    }
                    self.stage = if more_body { Stage::Streaming } else { Stage::Ended };
                }
                Stage::Waiting => {
                    return Err(TrySendError::protocol(
                        "HTTP response has not yet been started but got http.response.body",
                    ));
                }
                Stage::Ended | Stage::Broken => {
                    return Err(TrySendError::protocol("HTTP response has already been completed"));
                }
            },
            other => {
                let text = format!("Cannot handle message type {}!", other.message_type());
                return Err(TrySendError::protocol(text));
            }
        }
        Ok(())
    }
}

impl Exchange {
    /// The application ended; unless it completed its response, that is broken now.
    fn application_ended(&self, failed: bool) {
        let waker = {
            let mut state = self.0.lock();
            match state.stage {
                Stage::Ended => None,
                // A start without a body part: complete and empty, unless the application failed.
                Stage::Started if !failed => {
                    state.stage = Stage::Ended;
                    state.server.take()
                }
                _ => {
                    state.stage = Stage::Broken;
                    state.server.take()
                }
            }
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn client_left(&self) {
        let wakers = {
            let mut state = self.0.lock();
            state.client_gone = true;
            state.chunks.clear();
            state.buffered = 0;
            std::mem::take(&mut state.application)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ready once nothing more can be sent: the response is complete, or nobody reads it.
    fn poll_over(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.client_gone {
            return Poll::Ready(());
        }
        state.wait(cx);
        Poll::Pending
    }
}

impl CommandSink for Exchange {
    fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        let waker = {
            let mut state = self.0.lock();
            state.take(command)?;
            state.server.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.client_gone || state.buffered < HIGH_WATER {
            return Poll::Ready(());
        }
        state.wait(cx);
        Poll::Pending
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = self.0.lock();
        f.debug_struct("Exchange")
            .field("stage", &state.stage)
            .field("buffered", &state.buffered)
            .field("client_gone", &state.client_gone)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
