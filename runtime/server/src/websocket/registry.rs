//! Every open WebSocket of a server.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::close;
use super::socket::Socket;

/// Sockets worked on between two yields: a sweep must not hold a worker thread for long.
pub(crate) const BATCH: usize = 128;

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

    /// Closes every socket because the server ends, in batches.
    pub(crate) async fn close_all(&self) {
        for batch in self.snapshot().chunks(BATCH) {
            for socket in batch {
                socket.ask_to_close(close::RESTART);
            }
            tokio::task::yield_now().await;
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
