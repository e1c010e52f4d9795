//! What waits in a mailbox.

use std::collections::VecDeque;
use std::sync::Arc;

use laureola_message::Delivery;
use tokio::time::Instant;

use super::{Overflow, Pushed};
use crate::notice::{Notice, Notices};

/// Deliveries in order of arrival, up to a capacity, and notices.
// In order of use, as the mailbox is.
#[repr(C)]
pub(super) struct Queue {
    /// Overflowed under [`Overflow::Close`].
    pub(super) gave_up: bool,
    pub(super) notices: Notices,
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) capacity: usize,
}

pub(super) struct Waiting {
    pub(super) delivery: Arc<Delivery>,
    pub(super) expires: Option<Instant>,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            capacity: capacity.max(1),
            notices: Notices::default(),
            gave_up: false,
        }
    }

    /// Takes a delivery, or says why not. What it drops for it is put into `dropped`, as its end must not come under
    /// the mailbox's lock.
    pub(super) fn put(
        &mut self,
        delivery: &Arc<Delivery>,
        overflow: Overflow,
        expires: Option<Instant>,
        dropped: &mut Vec<Waiting>,
    ) -> Pushed {
        if self.gave_up {
            return Pushed::Closed;
        }
        if self.waiting.len() >= self.capacity {
            self.drop_expired(Instant::now());
        }
        let mut pushed = Pushed::Queued;
        if self.waiting.len() >= self.capacity {
            match overflow {
                Overflow::DropNewest => return Pushed::Full,
                Overflow::DropOldest => {
                    dropped.extend(self.waiting.pop_front());
                    pushed = Pushed::DroppedOldest;
                }
                Overflow::Close => {
                    self.gave_up = true;
                    dropped.extend(std::mem::take(&mut self.waiting));
                    self.notices.add(Notice::Overflowed);
                    return Pushed::GaveUp;
                }
            }
        }
        let delivery = Arc::clone(delivery);
        self.waiting.push_back(Waiting { delivery, expires });
        pushed
    }

    /// The first that has not expired.
    pub(super) fn pop(&mut self) -> Option<Arc<Delivery>> {
        // The clock is read only where something waits.
        if self.waiting.front()?.expires.is_some() {
            self.drop_expired(Instant::now());
        }
        let first = self.waiting.pop_front()?;
        if self.waiting.is_empty() && self.waiting.capacity() > 32 {
            // A burst must not keep its memory for the socket's life.
            self.waiting = VecDeque::new();
        }
        Some(first.delivery)
    }

    pub(super) fn drop_expired(&mut self, now: Instant) {
        // The queue is in order of arrival, so expired deliveries stand in front.
        while self
            .waiting
            .front()
            .is_some_and(|first| first.expires.is_some_and(|at| at <= now))
        {
            self.waiting.pop_front();
        }
    }
}
