//! Messages, counted where many threads send at once.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use metrics::{Counter, counter};

/// Threads that share none of their counters, up to this number.
const SHARDS: usize = 16;

/// Counters per thread: one for all would be a cache line that a broadcast's threads take from each
/// other with every message.
pub(super) struct Traffic {
    shards: Box<[Shard]>,
    /// In the order of a shard's fields.
    handles: [Counter; 4],
}

/// Its own cache lines.
#[derive(Default)]
#[repr(align(128))]
struct Shard {
    messages_in: AtomicU64,
    bytes_in: AtomicU64,
    messages_out: AtomicU64,
    bytes_out: AtomicU64,
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            handles: [
                counter!("laureola_websocket_messages_total", "direction" => "in"),
                counter!("laureola_websocket_bytes_total", "direction" => "in"),
                counter!("laureola_websocket_messages_total", "direction" => "out"),
                counter!("laureola_websocket_bytes_total", "direction" => "out"),
            ],
        }
    }

    pub(super) fn received(&self, bytes: usize) {
        let shard = self.shard();
        shard.messages_in.fetch_add(1, Ordering::Relaxed);
        shard.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn sent(&self, messages: usize, bytes: usize) {
        let shard = self.shard();
        shard.messages_out.fetch_add(messages as u64, Ordering::Relaxed);
        shard.bytes_out.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn shard(&self) -> &Shard {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static MINE: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
        }
        &self.shards[MINE.get()]
    }

    /// Hands everything on.
    pub(super) fn gather(&self) {
        let mut sums = [0; 4];
        for shard in &self.shards {
            let counters = [
                &shard.messages_in,
                &shard.bytes_in,
                &shard.messages_out,
                &shard.bytes_out,
            ];
            for (sum, counter) in sums.iter_mut().zip(counters) {
                // Most threads had nothing to do: look first, so as not to take their cache line.
                if counter.load(Ordering::Relaxed) > 0 {
                    *sum += counter.swap(0, Ordering::Relaxed);
                }
            }
        }
        for (handle, sum) in self.handles.iter().zip(sums) {
            if sum > 0 {
                handle.increment(sum);
            }
        }
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.gather();
    }
}
