//! Why Redis did not do what the layer asked.

use std::time::Duration;

use laureola_layers::LayerError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// The source of a [`LayerError::Backend`] of this layer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisFault {
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
    /// No answer came in time.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The server refused the password or the user name.
    #[error("the password or the user name is wrong ({0})")]
    Authentication(String),
    /// The server wants a password, and the URL has none.
    #[error("the server wants a password: give it as redis://:PASSWORD@HOST")]
    NoPassword,
    /// The connection was lost before; a background task tries to get it back.
    #[error("the connection is lost ({0}); reconnecting")]
    Away(String),
    /// A host that the layer cannot use.
    #[error("{0}")]
    Host(String),
    /// The server is a replica, or has become one.
    #[error("it is a replica, which cannot be written to")]
    Replica,
    /// Anything else, in the words of the client library or of the server.
    #[error("{0}")]
    Other(String),
}

impl RedisFault {
    pub(crate) fn new(error: &RedisError, deadline: Duration) -> Self {
        if error.is_connection_refusal() {
            return Self::Refused;
        }
        if error.is_timeout() {
            return Self::Timeout(deadline);
        }
        if error.code() == Some("READONLY") {
            return Self::Replica;
        }
        if error.code() == Some("NOAUTH") {
            return Self::NoPassword;
        }
        if error.kind() == ErrorKind::AuthenticationFailed || error.code() == Some("WRONGPASS") {
            return Self::Authentication(error.detail().unwrap_or("no reason given").trim().to_owned());
        }
        Self::Other(error.to_string())
    }
}

/// An error of the layer that says what was tried and where.
pub(crate) fn backend(context: String, fault: RedisFault) -> LayerError {
    LayerError::Backend {
        context,
        source: Box::new(fault),
    }
}

/// Whether a connection is of no use after this error. A server that is loading its data, or has
/// become a replica, counts as away.
pub(crate) fn ends_connection(error: &RedisError) -> bool {
    error.is_connection_dropped()
        || error.is_timeout()
        || error.is_unrecoverable_error()
        || matches!(
            error.kind(),
            ErrorKind::Io
                | ErrorKind::Parse
                | ErrorKind::Server(
                    ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly
                )
        )
}
