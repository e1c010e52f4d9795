//! Holds a response back until its session is committed.
//!
//! A sink cannot wait, but it can be full: the first attempt to send the head begins the commit and is sent back with
//! "full", whoever sends waits for room, which is the commit, and the second attempt passes with the cookie.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use laureola_asgi::exchange::Body;
use laureola_asgi::send::CommandSink;
use laureola_asgi::{Command, Sender, TrySendError};
use parking_lot::Mutex;

use super::session::SessionHandle;
use crate::session::SessionError;

/// What came of a commit: the cookie to set.
type Committed = Result<Option<HeaderValue>, SessionError>;

pub(super) struct SessionSink {
    inner: Sender,
    session: SessionHandle,
    stage: Mutex<Stage>,
    waiting: Arc<Waiting>,
}

enum Stage {
    /// Nothing was sent yet.
    Fresh,
    Committing(Pin<Box<dyn Future<Output = Committed> + Send>>),
    Committed(Committed),
    /// The head has passed, or there is nothing to do for it.
    Passed,
    /// A page of ours went instead of the response.
    Refused,
}

impl SessionSink {
    pub(super) fn new(inner: Sender, session: SessionHandle) -> Self {
        Self {
            inner,
            session,
            stage: Mutex::new(Stage::Fresh),
            waiting: Arc::default(),
        }
    }

    fn pass(&self, stage: &mut Stage, mut command: Command) -> Result<(), TrySendError> {
        let Some((status, headers)) = head(&mut command) else {
            return match stage {
                Stage::Refused => Ok(()),
                _ => self.inner.try_send(command),
            };
        };
        match std::mem::replace(stage, Stage::Passed) {
            Stage::Fresh if self.session.is_touched() => {
                *stage = Stage::Committing(Box::pin(self.session.clone().finish(status)));
                Err(TrySendError::Full(Box::new(command)))
            }
            committing @ Stage::Committing(_) => {
                *stage = committing;
                Err(TrySendError::Full(Box::new(command)))
            }
            Stage::Committed(Ok(cookie)) => {
                headers.append(header::VARY, HeaderValue::from_static("Cookie"));
                if let Some(cookie) = cookie {
                    headers.append(header::SET_COOKIE, cookie);
                }
                self.inner.try_send(command)
            }
            Stage::Committed(Err(SessionError::Interrupted)) => {
                tracing::info!("a session was ended while its request ran; answered with 400");
                *stage = Stage::Refused;
                self.inner.try_send(interrupted())
            }
            // The application fails with it, which the server answers with 500 and logs.
            Stage::Committed(Err(error)) => Err(TrySendError::protocol(error.to_string())),
            Stage::Refused => {
                *stage = Stage::Refused;
                Ok(())
            }
            Stage::Fresh | Stage::Passed => self.inner.try_send(command),
        }
    }
}

impl CommandSink for SessionSink {
    fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        self.pass(&mut self.stage.lock(), command)
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut stage = self.stage.lock();
        let Stage::Committing(commit) = &mut *stage else {
            drop(stage);
            return self.inner.poll_ready(cx);
        };
        self.waiting.add(cx.waker());
        let waker = Waker::from(Arc::clone(&self.waiting));
        let Poll::Ready(committed) = commit.as_mut().poll(&mut Context::from_waker(&waker)) else {
            return Poll::Pending;
        };
        *stage = Stage::Committed(committed);
        drop(stage);
        Arc::clone(&self.waiting).wake();
        Poll::Ready(())
    }
}

/// The status and headers of a command that begins a response.
fn head(command: &mut Command) -> Option<(StatusCode, &mut HeaderMap)> {
    match command {
        Command::HttpResponseStart { status, headers, .. } => Some((*status, headers)),
        Command::HttpResponse(response) => Some((response.status(), response.headers_mut())),
        _ => None,
    }
}

/// Django's `SessionInterrupted`: a bad request.
fn interrupted() -> Command {
    let text = "The session was ended before the request completed: log in again.\n";
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    Command::HttpResponse(Box::new(response))
}

/// Everybody who waits for the commit.
#[derive(Default)]
struct Waiting(Mutex<Vec<Waker>>);

impl Waiting {
    fn add(&self, waker: &Waker) {
        let mut wakers = self.0.lock();
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        let wakers = std::mem::take(&mut *self.0.lock());
        wakers.into_iter().for_each(Waker::wake);
    }
}
