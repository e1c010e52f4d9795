//! One call of the application: watched for its end, its failure, and for outliving its client.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use laureola_asgi::{Address, AppError, Application, Connection, Scope};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tracing::{error, warn};

use crate::shared::Shared;

/// Dropped when the client has left, or has its whole response: from then on the application has
/// `application_close_timeout`.
pub(crate) type Present = oneshot::Sender<std::convert::Infallible>;
/// The application's side of [`Present`].
pub(crate) type Left = oneshot::Receiver<std::convert::Infallible>;

/// Calls the application, waits for its end and tells `ended`, with an error where it outlived its
/// client and was stopped. Dropped before its time, it drops `ended` untold.
///
/// A failure is logged, unless it only says that the client has left.
pub(crate) async fn run(
    shared: Arc<Shared>,
    connection: Connection,
    left: Left,
    ended: impl FnOnce(&Result<(), AppError>),
) {
    let what = What::new(&connection);
    let watch = Watch {
        what: &what,
        ended: std::cell::Cell::new(false),
    };
    let mut call = pin!(shared.application.call(connection));
    let result = tokio::select! {
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
        Err(error) if error.get_ref().is::<Outlived>() => warn!("{what}: {error}"),
        Err(error) => error!("{what}: the application failed: {error}"),
    }
    ended(&result);
}

/// The application had its time.
#[derive(Debug, thiserror::Error)]
#[error("the application did not end within {0:?} after its client had left; it was stopped")]
struct Outlived(Duration);

/// Says in the log that an application panicked: the panic's own message does not name the request.
struct Watch<'a> {
    what: &'a What,
    ended: std::cell::Cell<bool>,
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.ended.get() && std::thread::panicking() {
            error!("{}: the application panicked", self.what);
        }
    }
}

/// A connection as the log names it.
struct What {
    protocol: &'static str,
    path: Box<str>,
    client: Option<Address>,
    since: Instant,
}

impl What {
    fn new(connection: &Connection) -> Self {
        let client = match &connection.scope {
            Scope::Http(scope) => scope.client.clone(),
            Scope::WebSocket(scope) => scope.client.clone(),
            _ => None,
        };
        Self {
            protocol: connection.scope.protocol(),
            path: connection.scope.path().into(),
            client,
            since: Instant::now(),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.protocol, self.path)?;
        if let Some(client) = &self.client {
            write!(f, " of {client}")?;
        }
        write!(f, " (open for {} s)", Seconds(self.since.elapsed()))
    }
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1}", self.0.as_secs_f64())
    }
}
