//! What the answers to a connection's requests tell its guard: bytes of our own that go out between
//! what hyper writes, which knows of no interim responses.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Poll, Waker};

use bytes::{Buf, Bytes};
use parking_lot::Mutex;

/// A place for one interim response. The guard writes it when hyper has nothing left to write: at
/// that moment the bytes stand between two messages, for the next response waits for them.
#[derive(Debug, Default)]
pub(crate) struct Aside {
    /// So that a connection without them takes no lock.
    waiting: AtomicBool,
    bytes: Mutex<(Bytes, Option<Waker>)>,
    requests: AtomicU64,
    answered: AtomicU64,
}

/// A request that hyper handed on. Dropped once hyper has the last byte of its response.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Aside>);

impl UnderWay {
    pub(crate) fn aside(&self) -> &Aside {
        &self.0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.answered.fetch_add(1, Ordering::Relaxed);
    }
}

impl Aside {
    /// hyper handed on a request.
    pub(crate) fn request(self: &Arc<Self>) -> UnderWay {
        self.requests.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    /// Requests whose responses hyper has whole.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Requests that hyper handed on.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Puts `bytes` on their way; ready once they are written.
    pub(crate) async fn write(&self, bytes: Bytes) {
        self.bytes.lock().0 = bytes;
        self.waiting.store(true, Ordering::Release);
        poll_fn(|cx| {
            let mut place = self.bytes.lock();
            if place.0.is_empty() {
                return Poll::Ready(());
            }
            place.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// What is still to be written.
    pub(super) fn waiting(&self) -> Option<Bytes> {
        self.waiting
            .load(Ordering::Acquire)
            .then(|| self.bytes.lock().0.clone())
    }

    /// So much of it was.
    pub(super) fn written(&self, count: usize) {
        let waker = {
            let mut place = self.bytes.lock();
            place.0.advance(count);
            if !place.0.is_empty() {
                return;
            }
            self.waiting.store(false, Ordering::Release);
            place.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
