//! [`Delivery`]: one message on its way to many members, decoded once and encoded once.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;

use crate::frame::Frame;
use crate::message::{Message, MessageError};

/// What a fan-out hands to every member of a group, behind one `Arc`.
///
/// The members usually are consumers of one kind that ask for the same event and make the same frame of it. So there is
/// one place for a decoded event and one for a frame; the first type and the first key to come take them, and members of
/// another kind do their own work, as if there were no cache.
///
/// Cost: the first member to ask decodes (encodes), members that ask meanwhile on other threads wait for it, and everyone
/// after takes a reference. If the first one panics, the next one tries again.
///
/// Do not ask the same delivery again from inside a `Deserialize` or a `make` it is running: the place is taken then,
/// and the call would wait for itself.
pub struct Delivery {
    message: Message,
    event: OnceLock<CachedEvent>,
    frame: OnceLock<CachedFrame>,
}

struct CachedEvent {
    of: TypeId,
    event: Result<Arc<dyn Any + Send + Sync>, MessageError>,
}

struct CachedFrame {
    key: TypeId,
    /// `None` if it could not be made.
    frame: Option<Frame>,
}

impl Delivery {
    /// A delivery of this message, with nothing decoded yet.
    pub const fn new(message: Message) -> Self {
        Self {
            message,
            event: OnceLock::new(),
            frame: OnceLock::new(),
        }
    }

    /// The message as it came.
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// The message as an event, decoded once for all members that ask for `E`.
    ///
    /// Errors are those of [`Message::decode`]; they are kept for the others as well.
    pub fn event<E: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<E>, MessageError> {
        let of = TypeId::of::<E>();
        let cached = self.event.get_or_init(|| {
            let event = self
                .message
                .decode::<E>()
                .map(|event| Arc::new(event) as Arc<dyn Any + Send + Sync>);
            CachedEvent { of, event }
        });
        if cached.of != of {
            return self.message.decode().map(Arc::new);
        }
        let event = cached.event.clone()?;
        Ok(event.downcast().expect("an event is kept under its own type"))
    }

    /// The frame of this key, made once for all members that ask with it.
    ///
    /// `key` must decide what `make` builds: the `TypeId` of a function or of a closure that captures nothing, applied to
    /// this delivery's event. An error is not kept: each member that comes after makes the frame itself and gets its own.
    ///
    /// ```
    /// use std::any::TypeId;
    /// use std::convert::Infallible;
    ///
    /// use laureola_message::{Delivery, Frame, Message};
    ///
    /// struct ChatJson;
    ///
    /// # fn main() -> Result<(), Infallible> {
    /// let message = Message::new(&std::collections::BTreeMap::from([("type", "chat.message")])).expect("a dict");
    /// let delivery = Delivery::new(message);
    /// let first = delivery.frame_once(TypeId::of::<ChatJson>(), || Ok::<_, Infallible>(Frame::text("{}")))?;
    /// let again = delivery.frame_once(TypeId::of::<ChatJson>(), || -> Result<_, Infallible> { unreachable!() })?;
    /// assert_eq!(first.bytes().as_ptr(), again.bytes().as_ptr());
    /// # Ok(())
    /// # }
    /// ```
    pub fn frame_once<M, X>(&self, key: TypeId, make: M) -> Result<Frame, X>
    where
        M: FnOnce() -> Result<Frame, X>,
    {
        let mut make = Some(make);
        let mut made = None;
        let cached = self.frame.get_or_init(|| {
            let result = make.take().expect("an initialiser runs once")();
            let frame = result.as_ref().ok().cloned();
            made = Some(result);
            CachedFrame { key, frame }
        });
        if let Some(result) = made {
            return result;
        }
        match &cached.frame {
            Some(frame) if cached.key == key => Ok(frame.clone()),
            _ => make
                .take()
                .expect("only this call's initialiser takes it, and it did not run")(),
        }
    }
}

impl From<Message> for Delivery {
    fn from(message: Message) -> Self {
        Self::new(message)
    }
}

/// Shows the message and what is cached.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("message", &self.message)
            .field("decoded", &self.event.get().is_some())
            .field("frame", &self.frame.get().map(|cached| &cached.frame))
            .finish()
    }
}

#[cfg(test)]
mod tests;
