//! Wake-ups, held back for the moment in which a thread does many things at once.
//!
//! Who sends a whole response in one go would wake the task that waits for it three times: for the first part, for
//! the last, and for its own end. A host of applications that is told of many connections at once, like an event
//! loop of another language, [`hold`]s them meanwhile; each task is then woken once, when everything is there.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::task::Waker;

/// So many are held at most.
const CAPACITY: usize = 64;

thread_local! {
    /// `None` where nobody holds them.
    static HELD: RefCell<Option<Vec<Waker>>> = const { RefCell::new(None) };
}

/// Holds back what [`wake`] is given in this thread until it is released or dropped, up to 64 of them.
///
/// Only for as long as the thread is busy: nobody else sees to them. One inside another does nothing.
#[must_use]
pub fn hold() -> Held {
    let outermost = HELD.with_borrow_mut(|held| {
        let outermost = held.is_none();
        held.get_or_insert_default();
        outermost
    });
    Held {
        outermost,
        _thread: PhantomData,
    }
}

/// See [`hold`].
#[derive(Debug)]
pub struct Held {
    outermost: bool,
    /// It belongs to the thread that made it.
    _thread: PhantomData<*const ()>,
}

impl Held {
    /// Wakes all that are held by now, the last first: what an application's end wakes goes before what its messages
    /// do, and its response is found complete.
    pub fn release(&self) {
        if self.outermost {
            let mut wakers =
                HELD.with_borrow_mut(|held| held.as_mut().map(std::mem::take).unwrap_or_default());
            while let Some(waker) = wakers.pop() {
                waker.wake();
            }
            // With the room it has.
            HELD.with_borrow_mut(|held| {
                if let Some(held) = held.as_mut().filter(|held| held.is_empty()) {
                    *held = wakers;
                }
            });
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.outermost {
            self.release();
            let left = HELD.with_borrow_mut(Option::take);
            left.into_iter().flatten().for_each(Waker::wake);
        }
    }
}

/// Wakes, now or when the wake-ups of this thread are released.
pub fn wake(waker: Waker) {
    let now = HELD.with_borrow_mut(|held| match held {
        Some(held) if held.len() < CAPACITY => {
            held.push(waker);
            None
        }
        _ => Some(waker),
    });
    if let Some(waker) = now {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::{CAPACITY, hold, wake};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counted() -> (Arc<Count>, impl Fn() -> usize) {
        let count = Arc::new(Count::default());
        let read = Arc::clone(&count);
        (count, move || read.0.load(Ordering::Relaxed))
    }

    #[test]
    fn wakes_at_once_where_nobody_holds() {
        let (count, woken) = counted();
        wake(Waker::from(count));
        assert_eq!(woken(), 1);
    }

    #[test]
    fn holds_until_released_or_dropped() {
        let (count, woken) = counted();
        let held = hold();
        wake(Waker::from(Arc::clone(&count)));
        assert_eq!(woken(), 0);
        held.release();
        assert_eq!(woken(), 1);
        wake(Waker::from(Arc::clone(&count)));
        assert_eq!(woken(), 1);
        drop(held);
        assert_eq!(woken(), 2);
        wake(Waker::from(count));
        assert_eq!(woken(), 3);
    }

    #[test]
    fn an_inner_hold_releases_nothing() {
        let (count, woken) = counted();
        let _outer = hold();
        let inner = hold();
        wake(Waker::from(count));
        inner.release();
        drop(inner);
        assert_eq!(woken(), 0);
    }

    #[test]
    fn holds_no_more_than_it_has_room_for() {
        let (count, woken) = counted();
        let held = hold();
        for _ in 0..CAPACITY + 3 {
            wake(Waker::from(Arc::clone(&count)));
        }
        assert_eq!(woken(), 3);
        drop(held);
        assert_eq!(woken(), CAPACITY + 3);
    }
}
