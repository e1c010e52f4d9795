//! What a handler may do with its connections: write, close, say that they are ready, open them again.

use std::time::Instant;

/// Above this many bytes a connection is not written to any more: the server does not read.
pub const OUTBOX_LIMIT: usize = 4 << 20;

/// The outgoing side of all connections. Bytes leave at the end of the loop's turn, in one write for each
/// connection.
#[derive(Debug)]
pub struct Io {
    start: Instant,
    now: u64,
    outboxes: Vec<Vec<u8>>,
    pub(super) dirty: Vec<usize>,
    pub(super) closing: Vec<usize>,
    pub(super) opening: Vec<usize>,
    pub(super) ready: Vec<usize>,
}

impl Io {
    pub(super) fn new(connections: usize) -> Self {
        Self {
            start: Instant::now(),
            now: 0,
            outboxes: vec![Vec::new(); connections],
            dirty: Vec::new(),
            closing: Vec::new(),
            opening: Vec::new(),
            ready: Vec::new(),
        }
    }

    /// Microseconds since the start, as of the last look: when the bytes in hand were read.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Looks at the clock.
    pub fn look(&mut self) -> u64 {
        self.now = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.now
    }

    /// Where bytes for connection `id` are appended; `None` when more than [`OUTBOX_LIMIT`] wait already.
    pub fn outbox(&mut self, id: usize) -> Option<&mut Vec<u8>> {
        let outbox = &mut self.outboxes[id];
        if outbox.len() > OUTBOX_LIMIT {
            return None;
        }
        if outbox.is_empty() {
            self.dirty.push(id);
        }
        Some(outbox)
    }

    /// The connection is what the scenario wants it to be: another one may be opened.
    pub fn ready(&mut self, id: usize) {
        self.ready.push(id);
    }

    /// Closes connection `id` at the end of the turn, when what waits for it has been written.
    pub fn close(&mut self, id: usize) {
        self.closing.push(id);
    }

    /// Opens connection `id`, anew if it was open before and has been closed.
    pub fn open(&mut self, id: usize) {
        self.opening.push(id);
    }

    pub(super) fn waiting(&mut self, id: usize) -> &mut Vec<u8> {
        &mut self.outboxes[id]
    }
}
