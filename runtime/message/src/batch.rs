//! [`Batch`]: deliveries that reach the same receivers together.

use std::any::TypeId;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::delivery::Delivery;
use crate::frame::Frame;
use crate::frames::Frames;

/// Deliveries for the same receivers, in order.
///
/// What a fan-out hands to each member of a group: one message, or all that waited for the group together. What they are
/// to the members' clients is found out once for all members of a kind ([`Batch::relay`]).
pub struct Batch {
    deliveries: Box<[Arc<Delivery>]>,
    relayed: OnceLock<(TypeId, Relayed)>,
}

/// What a batch is to clients.
struct Relayed {
    /// `None` if nothing of it is for them.
    frames: Option<Frames>,
    /// Which deliveries are for the receivers; empty if none is.
    left: Box<[bool]>,
}

impl Batch {
    /// These deliveries.
    pub fn new(deliveries: impl Into<Box<[Arc<Delivery>]>>) -> Self {
        Self {
            deliveries: deliveries.into(),
            relayed: OnceLock::new(),
        }
    }

    /// Each of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Delivery>> {
        self.deliveries.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.deliveries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.deliveries.is_empty()
    }

    /// Has a client get what of the batch is for it, and leaves the others to the receiver, in order.
    ///
    /// `make` says what a delivery is to the client; `None` if it is for the receiver. It is asked once, for all receivers
    /// that ask with the same `key`: that must decide what it says (the `TypeId` of a function, or of a closure that
    /// captures nothing). `deliver` takes the frames, and returns how many it took; the deliveries of the others are left
    /// as well.
    ///
    /// Cost: for all but the first receiver a comparison, and what `deliver` costs. No reference is counted.
    pub fn relay(
        &self,
        key: TypeId,
        make: impl Fn(&Delivery) -> Option<Frame>,
        deliver: impl FnOnce(&Frames) -> usize,
        leave: &mut dyn FnMut(&Arc<Delivery>),
    ) {
        let relayed = || Relayed::of(&self.deliveries, &make);
        let (of, cached) = self.relayed.get_or_init(|| (key, relayed()));
        if *of == key {
            cached.hand_out(&self.deliveries, deliver, leave);
        } else {
            relayed().hand_out(&self.deliveries, deliver, leave);
        }
    }
}

impl Relayed {
    fn of(deliveries: &[Arc<Delivery>], make: &impl Fn(&Delivery) -> Option<Frame>) -> Self {
        let mut frames = Vec::with_capacity(deliveries.len());
        let left: Vec<bool> = deliveries
            .iter()
            .map(|delivery| {
                let frame = make(delivery);
                let left = frame.is_none();
                frames.extend(frame);
                left
            })
            .collect();
        Self {
            frames: Frames::new(frames),
            left: if left.contains(&true) {
                left.into()
            } else {
                Box::default()
            },
        }
    }

    fn hand_out(
        &self,
        deliveries: &[Arc<Delivery>],
        deliver: impl FnOnce(&Frames) -> usize,
        leave: &mut dyn FnMut(&Arc<Delivery>),
    ) {
        let (total, mut taken) = match &self.frames {
            Some(frames) => (frames.len(), deliver(frames)),
            None => (0, 0),
        };
        if self.left.is_empty() && taken >= total {
            return;
        }
        for (number, delivery) in deliveries.iter().enumerate() {
            let is_frame = !self.left.get(number).copied().unwrap_or_default();
            if is_frame && taken > 0 {
                taken -= 1;
            } else {
                leave(delivery);
            }
        }
    }
}

impl From<Arc<Delivery>> for Batch {
    fn from(delivery: Arc<Delivery>) -> Self {
        Self::new([delivery])
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&*self.deliveries).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;
    use crate::message::Message;

    fn batch(kinds: &[&str]) -> Batch {
        let delivery = |kind: &&str| {
            let message = Message::new(&BTreeMap::from([("type", *kind)])).unwrap();
            Arc::new(Delivery::new(message))
        };
        Batch::new(kinds.iter().map(delivery).collect::<Vec<_>>())
    }

    /// Relays "a" and "b"; the texts delivered up to `room`, and what was left.
    fn relay(batch: &Batch, key: TypeId, made: &AtomicUsize, room: usize) -> (String, String) {
        let (mut delivered, mut left) = (String::new(), String::new());
        batch.relay(
            key,
            |delivery| {
                made.fetch_add(1, SeqCst);
                let kind = delivery.message().message_type()?;
                matches!(kind, "a" | "b").then(|| Frame::text(kind))
            },
            |frames| {
                let taken = frames.iter().take(room).filter_map(Frame::payload_str);
                delivered.extend(taken);
                frames.len().min(room)
            },
            &mut |delivery| left.push_str(delivery.message().message_type().unwrap()),
        );
        (delivered, left)
    }

    #[test]
    fn a_batch_is_asked_once_for_all_receivers_of_a_kind() {
        let batch = batch(&["a", "x", "b", "y", "a"]);
        let made = AtomicUsize::new(0);
        for _ in 0..3 {
            let (delivered, left) = relay(&batch, TypeId::of::<u8>(), &made, 9);
            assert_eq!((&*delivered, &*left), ("aba", "xy"));
        }
        assert_eq!(made.load(SeqCst), 5);
        let (delivered, _) = relay(&batch, TypeId::of::<u16>(), &made, 9);
        assert_eq!((&*delivered, made.load(SeqCst)), ("aba", 10), "another kind");
    }

    #[test]
    fn what_finds_no_room_is_left_in_its_place() {
        let batch = batch(&["a", "x", "b", "y", "a"]);
        let made = AtomicUsize::new(0);
        let (delivered, left) = relay(&batch, TypeId::of::<u8>(), &made, 1);
        assert_eq!((&*delivered, &*left), ("a", "xbya"));
        let (delivered, left) = relay(&batch, TypeId::of::<u8>(), &made, 0);
        assert_eq!((&*delivered, &*left), ("", "axbya"));
    }

    #[test]
    fn a_batch_without_frames_is_the_receivers() {
        let batch = batch(&["x", "y"]);
        let (delivered, left) = relay(&batch, TypeId::of::<u8>(), &AtomicUsize::new(0), 9);
        assert_eq!((&*delivered, &*left), ("", "xy"));
    }
}
