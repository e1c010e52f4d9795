//! Every open WebSocket of a server.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep_until};

use super::close;
use super::socket::Socket;

/// Sockets worked on between two yields: a sweep must not hold a worker thread for long.
pub(crate) const BATCH: usize = 128;
/// The pause between two batches of a drain.
const STEP: Duration = Duration::from_millis(50);

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    sockets: HashMap<u64, Arc<Socket>>,
}

impl Registry {
    /// Registers `socket` until the entry is dropped.
    pub(crate) fn enter(socket: &Arc<Socket>) -> Entry {
        let mut entries = socket.shared.sockets.0.lock();
        let id = entries.next;
        entries.next += 1;
        entries.sockets.insert(id, Arc::clone(socket));
        Entry {
            id,
            socket: Arc::clone(socket),
        }
    }

    /// All sockets of this moment.
    pub(crate) fn snapshot(&self) -> Vec<Arc<Socket>> {
        self.0.lock().sockets.values().cloned().collect()
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().sockets.len()
    }

    /// Closes the sockets of this moment because the server ends, in batches spread over `drain`. A
    /// socket that is closing already is left to it.
    pub(crate) async fn close_over(&self, drain: Duration) {
        let sockets = self.snapshot();
        let steps = usize::try_from(drain.as_millis() / STEP.as_millis()).unwrap_or(usize::MAX);
        let step = sockets.len().div_ceil(steps.max(1)).max(BATCH);
        let begin = Instant::now();
        for (number, batch) in sockets.chunks(step).enumerate() {
            if steps > 0 {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                sleep_until(begin + STEP.saturating_mul(number)).await;
            }
            for few in batch.chunks(BATCH) {
                for socket in few {
                    socket.ask_to_close(close::RESTART);
                }
                tokio::task::yield_now().await;
            }
        }
    }
}

/// A socket's place in the registry. Dropping it gives the client up: its driver is no more.
#[derive(Debug)]
pub(crate) struct Entry {
    id: u64,
    socket: Arc<Socket>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let registered = self.socket.shared.sockets.0.lock().sockets.remove(&self.id);
        drop(registered);
        self.socket.outbound.kill();
    }
}

#[cfg(test)]
mod tests {
    use laureola_asgi::Application;
    use laureola_asgi::router::NotFound;

    use super::*;
    use crate::options::Options;
    use crate::shared::Shared;

    #[tokio::test(start_paused = true)]
    async fn a_drain_spreads_closes_evenly_and_few_are_closed_at_once() {
        let shared = Shared::new(NotFound.boxed(), Options::default());
        let entries: Vec<_> = (0..10 * BATCH)
            .map(|_| Registry::enter(&Arc::new(Socket::new(Arc::clone(&shared), Box::default(), None))))
            .collect();
        let asked = || {
            entries
                .iter()
                .filter(|entry| entry.socket.asked().is_some())
                .count()
        };
        let begin = Instant::now();
        // Room for 20 steps, but batches are not smaller than a sweep's.
        let drain = shared.sockets.close_over(STEP * 20);
        tokio::pin!(drain);
        for batches in 1..10 {
            let until = begin + STEP * (batches - 1) + STEP / 2;
            let over = tokio::time::timeout_at(until, &mut drain).await;
            assert!(over.is_err());
            assert_eq!(asked(), batches as usize * BATCH);
        }
        drain.await;
        assert_eq!(asked(), 10 * BATCH);
        assert_eq!(begin.elapsed(), STEP * 9);

        shared.sockets.close_over(Duration::ZERO).await;
        assert_eq!(begin.elapsed(), STEP * 9, "without a drain there is no pause");
    }
}
