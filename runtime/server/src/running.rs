//! One call of the application: watched for its end, its failure, and for outliving its client.

mod call;

use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use laureola_asgi::{AppError, Application, Connection};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{Instrument, Span, error};

pub(crate) use call::Call;

use crate::clock::Clock;
use crate::connection::Peer;
use crate::shared::Shared;
use crate::tasks::UnderWay;

/// Dropped when a WebSocket's client has left: from then on the application has
/// `application_close_timeout`.
pub(crate) type Present = oneshot::Sender<std::convert::Infallible>;

/// Starts a task that calls the application, waits for its end and tells `ended`, with an error
/// where it outlived its client and was stopped: `left` is ready when the client has left, or has
/// its whole response. Ended before its time, it drops `ended` untold.
///
/// A failure is logged, unless it only says that the client has left. All of it is in `span`.
pub(crate) fn start(
    shared: &Arc<Shared>,
    connection: Connection,
    span: Option<Span>,
    left: impl Future<Output: Send> + Send + 'static,
    ended: impl FnOnce(&Result<(), AppError>) + Send + 'static,
) {
    let call = Arc::new(Call::new(&connection, &shared.clock));
    let run = run(Arc::clone(shared), connection, Arc::clone(&call), left, ended);
    match span {
        None => shared.tasks.spawn_call(call, run),
        // Only then: an instrumented future is larger, and every socket holds one.
        Some(span) => shared.tasks.spawn_call(call, run.instrument(span)),
    }
}

/// The same, but the application begins before this returns, in the caller's task. One that waits for something is
/// returned, for the caller to poll beside the response; dropped, it gets a task of its own.
pub(crate) fn start_here(
    peer: &Arc<Peer>,
    connection: Connection,
    span: Option<Span>,
    left: impl Future<Output: Send> + Send + 'static,
    ended: impl FnOnce(&Result<(), AppError>) + Send + 'static,
) -> Option<UnderWay> {
    let call = Arc::new(Call::new(&connection, &peer.shared.clock));
    // Not the server's own counter, which all requests of all threads would change.
    let shared = OfPeer(Arc::clone(peer));
    let run = run(shared, connection, Arc::clone(&call), left, ended);
    match span {
        None => peer.here.begin_call(call, run),
        Some(span) => peer.here.begin_call(call, run.instrument(span)),
    }
}

struct OfPeer(Arc<Peer>);

impl Deref for OfPeer {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0.shared
    }
}

async fn run(
    shared: impl Deref<Target = Shared>,
    connection: Connection,
    what: Arc<Call>,
    left: impl Future<Output: Send>,
    ended: impl FnOnce(&Result<(), AppError>),
) {
    let watch = Watch {
        what: &what,
        clock: &shared.clock,
        ended: std::cell::Cell::new(false),
    };
    let mut call = pin!(shared.application.call(connection));
    let result = tokio::select! {
        biased;
        result = &mut call => result,
        _ = left => {
            let limit = shared.options.application_close_timeout;
            // Boxed: the timer is needed by few, and the task is held by every socket.
            match Box::pin(timeout(limit, call)).await {
                Ok(result) => result,
                Err(_) => Err(Outlived(limit).into()),
            }
        }
    };
    watch.ended.set(true);
    match &result {
        Ok(()) => {}
        Err(error) if error.is_disconnected() => {}
        Err(error) if error.get_ref().is::<Outlived>() => {
            shared.metrics.stuck();
            shared
                .stuck
                .warn(format_args!("{}: {error}", what.at(&shared.clock)));
        }
        Err(error) => {
            shared.metrics.failed();
            error!("{}: the application failed: {error}", what.at(&shared.clock));
        }
    }
    ended(&result);
}

/// The application had its time.
#[derive(Debug, thiserror::Error)]
#[error("the application did not end within {0:?} after its client had left; it was stopped")]
struct Outlived(Duration);

/// Says in the log that an application panicked: the panic's own message does not name the request.
struct Watch<'a> {
    what: &'a Call,
    clock: &'a Clock,
    ended: std::cell::Cell<bool>,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.ended.get() && std::thread::panicking() {
            error!("{}: the application panicked", self.what.at(self.clock));
        }
    }
}
