//! Which messages everybody got.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// More than any window or burst: a slot is used again only when its message was complete long ago.
pub const RING: usize = 1024;

/// Counts the members that got each message.
#[derive(Debug)]
pub struct Arrivals {
    members: u32,
    counts: Box<[AtomicU32]>,
}

impl Arrivals {
    /// For so many members.
    #[must_use]
    pub fn new(members: u32) -> Self {
        Self {
            members,
            counts: (0..RING).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// A member got message `n`. True for the last of them.
    pub fn add(&self, n: u64) -> bool {
        let count = &self.counts[n as usize % RING];
        let last = count.fetch_add(1, Relaxed) + 1 == self.members;
        if last {
            count.store(0, Relaxed);
        }
        last
    }

    /// How many messages some members got and others did not, or some more often than once.
    #[must_use]
    pub fn incomplete(&self) -> usize {
        self.counts
            .iter()
            .filter(|count| count.load(Relaxed) != 0)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_complete_once_everybody_got_it() {
        let arrivals = Arrivals::new(2);
        let added: Vec<_> = [0, 1, 0, 1].map(|n| arrivals.add(n)).into();
        assert_eq!(added, [false, false, true, true]);
        assert_eq!(arrivals.incomplete(), 0);
        arrivals.add(0);
        assert_eq!(arrivals.incomplete(), 1, "a third time");
    }
}
