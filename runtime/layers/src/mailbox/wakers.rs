//! Who waits at a mailbox.

use std::task::Waker;

/// Tasks that wait, each once. One is held without an allocation: most mailboxes have one receiver, which waits, is
/// woken, and waits again with every message.
#[derive(Default)]
pub(super) struct Wakers {
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl Wakers {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none() && self.others.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    /// Whether the task of `waker` is among them.
    pub(super) fn hold(&self, waker: &Waker) -> bool {
        self.first
            .iter()
            .chain(&self.others)
            .any(|known| known.will_wake(waker))
    }

    pub(super) fn push(&mut self, waker: Waker) {
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            self.others.push(waker);
        }
    }

    /// Wakes them. Not to be called under the mailbox's lock.
    pub(super) fn wake(self) {
        self.first.into_iter().chain(self.others).for_each(Waker::wake);
    }
}
