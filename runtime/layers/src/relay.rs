//! Direct delivery: messages that reach a client without a turn of their receiver.

use std::sync::Arc;

use laureola_message::{Batch, Delivery};

/// Stands before a mailbox and takes what needs no receiver: messages that its client gets as they are.
///
/// A member of a group whose relay takes a batch costs a fan-out one write; one whose receiver has to run
/// costs a wake-up, a turn of its task, and the same write.
///
/// Order: messages that a relay takes keep theirs, and so do those it leaves; between the two there is none, as a receiver
/// may be busy when the next message is relayed.
///
/// Contract: called in the task that delivers, under the mailbox's lock, once for each batch in order of arrival. It must
/// not block, and neither it nor what it calls may come back to the mailbox.
pub trait Relay: Send + Sync + 'static {
    /// Takes what it can of `batch`, and calls `leave` for each other delivery, in order. A relay whose client has gone
    /// takes what it would have taken before.
    fn relay(&self, batch: &Batch, leave: &mut dyn FnMut(&Arc<Delivery>));
}
