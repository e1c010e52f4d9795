//! An application's task.

use std::time::Duration;

use laureola_asgi::{AppError, Application, Connection};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::error::CommunicatorError;

/// Ends with its owner.
pub(super) struct Running(Option<JoinHandle<Result<(), AppError>>>);

impl Running {
    pub(super) fn spawn(application: impl Application, connection: Connection) -> Self {
        Self::of(async move { application.call(connection).await })
    }

    pub(super) fn of(future: impl Future<Output = Result<(), AppError>> + Send + 'static) -> Self {
        Self(Some(tokio::spawn(future)))
    }

    /// Waits for the application's end.
    pub(super) async fn ended(&mut self, patience: Duration) -> Result<(), CommunicatorError> {
        let Some(task) = &mut self.0 else {
            return Ok(());
        };
        let Ok(ended) = timeout(patience, task).await else {
            return Err(CommunicatorError::Timeout {
                expected: "the application's end",
                waited: patience,
            });
        };
        self.0 = None;
        ended
            .unwrap_or_else(|error| Err(error.into()))
            .map_err(CommunicatorError::Application)
    }

    /// Why an application sends nothing any more.
    pub(super) async fn failure(&mut self, patience: Duration) -> CommunicatorError {
        match self.ended(patience).await {
            Ok(()) => returned_early(),
            Err(error) => error,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

pub(super) fn returned_early() -> CommunicatorError {
    CommunicatorError::Application(AppError::msg("it returned before the client left"))
}
