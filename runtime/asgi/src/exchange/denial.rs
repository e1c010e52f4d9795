//! The response that denies a WebSocket its handshake, in parts.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::state::State;
use super::{Exchange, ResponseFuture, Terms};
use crate::event::Command;
use crate::send::{CommandSink, TrySendError};

/// Opens the response of a handshake that is denied with `websocket.http.response.start` and
/// `.body`: the sink those commands go to, and the response they make.
#[must_use]
pub fn denial() -> (Denial, ResponseFuture) {
    let exchange = Exchange::new(State::new(Terms::default(), false, false));
    (Denial(Arc::clone(&exchange)), ResponseFuture::new(exchange))
}

/// See [`denial`]. Clones share the response.
#[derive(Clone, Debug)]
pub struct Denial(Arc<Exchange>);

impl Denial {
    /// The application ended: an unfinished response is broken now.
    pub fn application_ended(&self, failed: bool) {
        self.0.application_ended(failed);
    }
}

impl CommandSink for Denial {
    fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        let command = match command {
            Command::WebSocketHttpResponseStart { status, headers } => Command::start(status, headers),
            Command::WebSocketHttpResponseBody { body, more_body } => {
                Command::HttpResponseBody { body, more_body }
            }
            other => return Err(TrySendError::unexpected(&other)),
        };
        self.0.try_send(command).map_err(|error| match error {
            TrySendError::Full(command) => TrySendError::Full(Box::new(back(*command))),
            other => other,
        })
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_ready(cx)
    }
}

/// The command as the application gave it.
fn back(command: Command) -> Command {
    match command {
        Command::HttpResponseBody { body, more_body } => {
            Command::WebSocketHttpResponseBody { body, more_body }
        }
        other => other,
    }
}
