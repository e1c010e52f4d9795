//! How many synchronous consumers may run, and wait, at a time.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Threads of the default pool, at most.
const MOST_THREADS: usize = 32;
/// Calls that may wait in the default pool.
const QUEUE: usize = 1_000;

/// Bounds what synchronous consumers take: so many calls run at a time, so many more may wait, in order. Clones share it.
///
/// A call that finds no place closes its connection with 1013 (try again later), or denies its handshake with 503. A
/// `disconnect` always waits for its turn. The threads are tokio's blocking ones.
#[derive(Clone, Debug)]
pub struct BlockingPool {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// Too many calls wait already.
#[derive(Clone, Copy, Debug)]
pub(super) struct PoolFull;

impl BlockingPool {
    /// A pool of `threads`, for which at most `queue` calls wait.
    #[must_use]
    pub fn new(threads: NonZeroUsize, queue: usize) -> Self {
        let permits = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        Self {
            running: permits(threads.get()),
            waiting: permits(queue),
        }
    }

    /// A turn; a place in the queue is needed while one waits for it.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit, PoolFull> {
        if let Ok(turn) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(turn);
        }
        let _place = self.waiting.try_acquire().map_err(|_| PoolFull)?;
        Ok(self.turn_however_long().await)
    }

    /// A turn, without a place in the queue.
    pub(super) async fn turn_however_long(&self) -> OwnedSemaphorePermit {
        let turn = Arc::clone(&self.running).acquire_owned().await;
        turn.expect("this semaphore is never closed")
    }
}

impl Default for BlockingPool {
    /// As many threads as Python's `ThreadPoolExecutor` has: four more than processors, 32 at most. 1,000 calls may wait.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let threads = (processors + 4).min(MOST_THREADS);
        Self::new(NonZeroUsize::new(threads).expect("four and more"), QUEUE)
    }
}
