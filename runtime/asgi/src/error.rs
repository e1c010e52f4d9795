//! What an application fails with.

use std::fmt;

/// The error of an [`Application`](crate::Application): opaque, like Python's "any exception".
///
/// The server logs it with its chain of sources; a client sees a 500 page (HTTP, before the
/// response started), an aborted response (after it) or close code 1011 (WebSocket).
///
/// Any error converts with `?`; [`AppError::msg`] makes one of a text.
pub struct AppError(Box<dyn std::error::Error + Send + Sync>);

impl AppError {
    /// An error that is only a text.
    pub fn msg(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// The error inside, for logging or downcasting.
    #[must_use]
    pub fn get_ref(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.0
    }

    /// Whether the application failed only because its client had left: worth no log line.
    #[must_use]
    pub fn is_disconnected(&self) -> bool {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&*self.0);
        while let Some(error) = next {
            if error.is::<crate::send::Disconnected>()
                || matches!(
                    error.downcast_ref(),
                    Some(crate::send::SendError::Disconnected(_))
                )
            {
                return true;
            }
            next = error.source();
        }
        false
    }
}

impl<E> From<E> for AppError
where
    E: std::error::Error + Send + Sync + 'static,
{
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for AppError {
    /// The error and its sources, joined by `: `.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppError({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::send::Disconnected;

    #[derive(Debug, thiserror::Error)]
    #[error("joining the room failed")]
    struct Joining(#[source] Disconnected);

    #[test]
    fn display_names_the_whole_chain() {
        let error = AppError::from(Joining(Disconnected));
        assert_eq!(
            error.to_string(),
            "joining the room failed: the client has disconnected"
        );
    }

    #[test]
    fn a_disconnect_is_found_anywhere_in_the_chain() {
        assert!(AppError::from(Joining(Disconnected)).is_disconnected());
        assert!(!AppError::msg("no such room").is_disconnected());
    }
}
