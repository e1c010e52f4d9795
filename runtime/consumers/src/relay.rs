//! Direct delivery: events that go to the client without a turn of its consumer.
//!
//! In a room of a thousand most events mean the same for everybody: a frame, made once, for each client. A consumer that
//! declares so ([`JsonConsumer::relay`](crate::JsonConsumer::relay), or
//! [`JsonConsumer::direct_delivery`](crate::JsonConsumer::direct_delivery)) is not woken for them: whoever fans the message
//! out writes the frame to every socket; messages that leave together are one write.
//!
//! It begins when `connect` has returned; events that came before wait until then. (A consumer that has not accepted by
//! then gets them itself.) A client that does not keep up is closed
//! with 1013 ([`Sender::deliver`]). Relayed events keep their order, and so do those that reach the consumer; between
//! the two there is none.

use std::any::TypeId;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use laureola_asgi::{SendError, Sender};
use laureola_layers::relay;
pub use laureola_message::direct_frame;
use laureola_message::{Batch, Delivery, Frame, Frames};
use serde::de::DeserializeOwned;

/// What an event is to every client; `None` hands it to the consumers. A pure function: what it makes for one member
/// goes to all. One that panics hands the event to the consumers as well.
pub type Relay<E> = fn(&E) -> Option<Frame>;

/// What a kind of consumer relays.
pub(crate) struct Relaying<E> {
    pub(crate) relay: Option<Relay<E>>,
    pub(crate) direct: bool,
}

/// Makes a connection's relay.
pub(crate) type MakeRelay = Arc<dyn Fn(Sender) -> Arc<dyn relay::Relay> + Send + Sync>;

impl<E: DeserializeOwned + Send + Sync + 'static> Relaying<E> {
    /// Relays of consumers of type `C`; `None` where there is nothing to relay.
    pub(crate) fn of<C: 'static>(self) -> Option<MakeRelay> {
        let relaying = Arc::new(self);
        (relaying.direct || relaying.relay.is_some()).then(|| -> MakeRelay {
            Arc::new(move |sender| {
                Arc::new(Outlet::<C, E> {
                    sender,
                    relaying: Arc::clone(&relaying),
                    consumer: PhantomData,
                })
            })
        })
    }

    fn frame(&self, delivery: &Delivery) -> Option<Frame> {
        if self.direct
            && let Some(frame) = direct_frame(delivery.message())
        {
            return Some(frame);
        }
        let relay = self.relay?;
        // Whoever fans out must live on. What cannot be decoded, or panics, is the consumer's, as without a relay.
        let relayed = AssertUnwindSafe(|| relay(&*delivery.event::<E>().ok()?));
        catch_unwind(relayed).ok().flatten()
    }
}

/// One connection's.
struct Outlet<C, E> {
    sender: Sender,
    relaying: Arc<Relaying<E>>,
    consumer: PhantomData<fn() -> C>,
}

impl<C: 'static, E: DeserializeOwned + Send + Sync + 'static> relay::Relay for Outlet<C, E> {
    fn relay(&self, batch: &Batch, leave: &mut dyn FnMut(&Arc<Delivery>)) {
        let deliver = |frames: &Frames| match self.sender.deliver_frames(frames) {
            Ok(taken) => taken,
            // Not accepted yet: it is the consumer's.
            Err(SendError::Protocol(_)) => 0,
            // A client that has gone, or is too slow, gets nothing more.
            Err(_) => frames.len(),
        };
        let frame = |delivery: &Delivery| self.relaying.frame(delivery);
        batch.relay(TypeId::of::<C>(), frame, deliver, leave);
    }
}
