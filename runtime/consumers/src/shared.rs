//! A group's event, decoded once and framed once for all its members.

use std::any::TypeId;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use laureola_asgi::AppError;
use laureola_message::{Delivery, Frame, FrameError, Message, MessageError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An event of the channel layer. Every member of a group in this process gets the same value:
/// whoever asks first pays for decoding and framing.
pub struct Shared<E> {
    event: Arc<E>,
    delivery: Arc<Delivery>,
}

impl<E> Shared<E> {
    /// The event of a delivery.
    pub(crate) fn of(delivery: Arc<Delivery>) -> Result<Self, MessageError>
    where
        E: DeserializeOwned + Send + Sync + 'static,
    {
        let event = delivery.event()?;
        Ok(Self { event, delivery })
    }

    /// The message as it travelled.
    #[must_use]
    pub fn message(&self) -> &Message {
        self.delivery.message()
    }

    /// A text frame with `make`'s JSON, built by the first member of the group and shared by the
    /// others, so that a room of 10,000 serialises once.
    ///
    /// `make` must not capture anything (the compiler refuses it): what one member's closure made
    /// is sent to all. For content that differs by member use
    /// [`Context::send_json`](crate::Context::send_json).
    ///
    /// # Errors
    /// [`FrameError`] if the value cannot be written as JSON.
    pub fn frame_once<T, F>(&self, make: F) -> Result<Frame, FrameError>
    where
        F: FnOnce(&E) -> T + 'static,
        T: Serialize,
    {
        const { captures_nothing::<F>() }
        self.delivery
            .frame_once(TypeId::of::<F>(), || Frame::text_json(&make(&self.event)))
    }

    /// [`Shared::frame_once`] for frames that are not JSON as serde_json writes it: `make` builds the frame itself.
    ///
    /// # Errors
    /// What `make` says.
    pub fn make_frame_once<F>(&self, make: F) -> crate::Result<Frame>
    where
        F: FnOnce(&E) -> crate::Result<Frame> + 'static,
    {
        const { captures_nothing::<F>() }
        self.delivery.frame_once(TypeId::of::<F>(), || make(&self.event))
    }
}

const fn captures_nothing<F>() {
    assert!(
        size_of::<F>() == 0,
        "frame_once: the closure must not capture, its frame goes to every member"
    );
}

/// A consumer got an event and does not handle any.
pub(crate) fn no_handler(message: &Message) -> AppError {
    let text = message.message_type().unwrap_or_default();
    AppError::msg(format!("no handler for message type {text}"))
}

impl<E> Deref for Shared<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.event
    }
}

impl<E> Clone for Shared<E> {
    fn clone(&self) -> Self {
        Self {
            event: Arc::clone(&self.event),
            delivery: Arc::clone(&self.delivery),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for Shared<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&self.event).finish()
    }
}
