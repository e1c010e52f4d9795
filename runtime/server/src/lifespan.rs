//! The application's own life around that of its connections (ASGI Lifespan 2.0): it starts before
//! the first one and shuts down after the last.

use std::sync::Arc;
use std::time::Duration;

use laureola_asgi::lifespan::{self, Started, Stopped};
use laureola_asgi::{AppError, Application};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{debug, error, warn};

use crate::shared::Shared;

/// Whether an application is called with a `lifespan` scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lifespan {
    /// It is, and one that returns or fails without an answer counts as having none.
    #[default]
    Auto,
    /// It is, and has to answer: otherwise the server does not start.
    On,
    /// It is not.
    Off,
}

/// Why a server did not begin to serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartupError {
    /// The application answered `lifespan.startup.failed`.
    #[error("the application could not start{}", said(.message))]
    Failed {
        /// Its own words; may be empty.
        message: String,
    },
    /// It failed instead of an answer, with [`Lifespan::On`].
    #[error("the application failed in its lifespan: {0}")]
    Application(AppError),
    /// It returned instead of an answer, or panicked, with [`Lifespan::On`].
    #[error("the application did not answer lifespan.startup; without a lifespan it needs auto or off")]
    Unanswered,
    /// It took too long.
    #[error("the application did not complete its startup within {0:?}")]
    Timeout(Duration),
}

fn said(message: &str) -> String {
    if message.is_empty() {
        return String::new();
    }
    format!(": {message}")
}

/// An application whose startup is complete. Dropped, its lifespan ends without a word.
#[derive(Debug)]
pub(crate) struct Running {
    lifespan: lifespan::Lifespan,
    /// The application's call, alone.
    call: JoinSet<Result<(), AppError>>,
}

/// What the application's future may still have to do once it has said that its shutdown is complete. Some go on
/// waiting for an event that never comes.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// Starts the application; `None` where it has no lifespan.
pub(crate) async fn start(shared: &Arc<Shared>) -> Result<Option<Running>, StartupError> {
    let mode = shared.options.lifespan;
    if mode == Lifespan::Off {
        return Ok(None);
    }
    let mut running = call(shared);
    let limit = shared.options.startup_timeout;
    let started = timeout(limit, running.lifespan.started())
        .await
        .map_err(|_| StartupError::Timeout(limit))?;
    match started {
        Started::Complete => Ok(Some(running)),
        Started::Failed(message) => Err(StartupError::Failed {
            message: message.to_string(),
        }),
        _ => {
            let ended = running.ended().await;
            if mode == Lifespan::On {
                return Err(match ended {
                    Err(error) => StartupError::Application(error),
                    Ok(()) => StartupError::Unanswered,
                });
            }
            debug!(?ended, "the application has no lifespan");
            Ok(None)
        }
    }
}

fn call(shared: &Arc<Shared>) -> Running {
    let (connection, lifespan) = lifespan::open(shared.state.clone());
    let ended = Ended(lifespan.clone());
    let shared = Arc::clone(shared);
    let mut call = JoinSet::new();
    call.spawn(async move {
        let _ended = ended;
        shared.application.call(connection).await
    });
    Running { lifespan, call }
}

impl Running {
    /// Asks the application to shut down, and waits for it.
    pub(crate) async fn stop(mut self, limit: Duration) {
        match timeout(limit, self.lifespan.stop()).await {
            Ok(Stopped::Complete) => drop(timeout(limit.min(AFTERWARDS), self.ended()).await),
            Ok(Stopped::Failed(message)) => {
                error!("the application's shutdown failed{}", said(&message));
            }
            Ok(_) => match self.ended().await {
                Ok(()) => debug!("the application ended before its shutdown"),
                Err(error) => error!("the application failed in its lifespan: {error}"),
            },
            Err(_) => warn!("the application did not shut down within {limit:?}; it was stopped"),
        }
    }

    /// How the call ended; a panic was reported already.
    async fn ended(&mut self) -> Result<(), AppError> {
        match self.call.join_next().await {
            Some(Ok(result)) => result,
            Some(Err(error)) => Err(error.into()),
            None => Ok(()),
        }
    }
}

/// Says that the call has ended, however it did.
struct Ended(lifespan::Lifespan);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.application_ended();
    }
}
