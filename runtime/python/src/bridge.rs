//! From tokio's threads to Python's: a queue, and an eventfd the loop waits for.
//!
//! Nothing here touches Python, so that no thread of ours ever waits for the GIL. The loop's thread, which
//! holds it anyway, takes all that waits at once ([`drain`]), and what came meanwhile; one write wakes it for all.

pub(crate) mod drain;

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use laureola_asgi::Scope;
use parking_lot::Mutex;
use rustix::event::{EventfdFlags, eventfd};

use crate::call::Call;

/// What the loop's thread is to do.
pub(crate) enum Job {
    /// Call the application.
    Call(Arc<Call>, Scope),
    /// Something happened that a call waits for.
    Wake(Arc<Call>),
    /// Nobody waits for the call any more: it is to end.
    Cancel(Arc<Call>),
    /// The server has ended.
    Stop,
}

/// See the module's documentation. Bounded by what the server serves: a connection has at most one job of
/// each kind in it.
#[derive(Debug)]
pub(crate) struct Bridge {
    queue: Mutex<Queue>,
    wake: OwnedFd,
    /// How many batches were taken: where that stands still, something blocks the loop.
    batches: AtomicU64,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// The loop was told, and has not found the queue empty since.
    told: bool,
}

impl Bridge {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            queue: Mutex::new(Queue::default()),
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            batches: AtomicU64::new(0),
        })
    }

    /// Queues a job, and wakes the loop unless it was woken already.
    pub(crate) fn push(&self, job: Job) {
        let tell = {
            let mut queue = self.queue.lock();
            queue.jobs.push_back(job);
            !std::mem::replace(&mut queue.told, true)
        };
        if tell {
            self.tell();
        }
    }

    /// What the loop is to wait for.
    pub(crate) fn fd(&self) -> RawFd {
        self.wake.as_raw_fd()
    }

    /// Whether there is something to do.
    pub(crate) fn waits(&self) -> bool {
        !self.queue.lock().jobs.is_empty()
    }

    /// How many batches the loop has taken.
    pub(crate) fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }

    fn tell(&self) {
        // It can only fail where the counter is full, and then the loop is awake.
        let _ = rustix::io::write(&self.wake, &1_u64.to_ne_bytes());
    }

    /// The loop has come: it need not be told again until it finds nothing more.
    fn heard(&self) {
        let _ = rustix::io::read(&self.wake, &mut [0; 8]);
    }

    /// Takes everything, in exchange for an empty queue. After nothing, the loop is to be told again.
    fn take(&self, empty: VecDeque<Job>) -> VecDeque<Job> {
        self.batches.fetch_add(1, Ordering::Relaxed);
        let mut queue = self.queue.lock();
        queue.told = !queue.jobs.is_empty();
        std::mem::replace(&mut queue.jobs, empty)
    }

    /// Gives back what could not be done, before everything else.
    fn put_back(&self, jobs: VecDeque<Job>) {
        let mut queue = self.queue.lock();
        let later = std::mem::replace(&mut queue.jobs, jobs);
        queue.jobs.extend(later);
        queue.told = true;
        drop(queue);
        self.tell();
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue")
            .field("jobs", &self.jobs.len())
            .field("told", &self.told)
            .finish()
    }
}
