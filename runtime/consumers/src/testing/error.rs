//! What a communicator fails with.

use std::time::Duration;

use http::StatusCode;
use laureola_asgi::{AppError, Command};

/// Why a test's client could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommunicatorError {
    /// The application did not answer in time.
    #[error("the application sent nothing within {waited:?}: expected {expected}")]
    Timeout {
        /// What the test waited for.
        expected: &'static str,
        /// How long.
        waited: Duration,
    },
    /// The application did something else.
    #[error("expected {expected}, but the application sent {got}")]
    Unexpected {
        /// What the test waited for.
        expected: &'static str,
        /// What came.
        got: String,
    },
    /// The application denied the handshake.
    #[error("the handshake was denied with {0}")]
    Denied(StatusCode),
    /// The application failed, or panicked.
    #[error("the application failed: {0}")]
    Application(AppError),
    /// A text was no JSON.
    #[error("not JSON")]
    Json(#[from] serde_json::Error),
}

pub(super) fn unexpected(expected: &'static str, got: &Command) -> CommunicatorError {
    CommunicatorError::Unexpected {
        expected,
        got: format!("{got:?}"),
    }
}
