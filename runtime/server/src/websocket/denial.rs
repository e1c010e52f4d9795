//! A handshake that is denied with a response of the application's, in parts
//! (`websocket.http.response.start` and `.body`).

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use laureola_asgi::exchange::{Body, BoxError, denial};
use laureola_asgi::queue::EventSender;
use laureola_asgi::send::CommandSink;
use laureola_asgi::{Command, TrySendError};

use super::socket::{Decision, Socket};

impl Socket {
    /// The start of the response: it settles the handshake.
    pub(super) fn deny_start(&self, command: Command) -> Result<(), TrySendError> {
        let (denial, response) = denial();
        // Refuses what is no status of a response.
        denial.try_send(command)?;
        let decision = Decision::DenyInParts(Box::new(response));
        self.settle(decision, "Socket has been accepted, so cannot be denied")?;
        self.set_denial(denial);
        Ok(())
    }

    /// A part of its body.
    pub(super) fn deny_body(&self, command: Command) -> Result<(), TrySendError> {
        match self.denial() {
            Some(denial) => denial.try_send(command),
            None if self.is_undecided() => Err(TrySendError::protocol(
                "Denial response has not yet been started but got websocket.http.response.body",
            )),
            None => Err(TrySendError::unexpected(&command)),
        }
    }
}

/// The response's body. As long as it is under way the application sees no disconnect.
pub(super) struct Denied {
    pub(super) body: Body,
    pub(super) _events: EventSender,
}

impl HttpBody for Denied {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
