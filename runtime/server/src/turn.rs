//! How much one client may say before others are heard.

use std::task::{Context, Poll};

/// Bytes of one turn. A flood is parsed, or thrown away, at some hundred megabytes a second: a turn is some 30 µs
/// then. tokio's own budget counts reads, and 128 of them, of 16 KiB each, would be milliseconds.
const TURN: usize = 8 * 1024;

/// A connection's turn, counted in bytes it has read without having to wait for them.
#[derive(Debug, Default)]
pub(crate) struct Turn(usize);

impl Turn {
    /// Pending when the turn is over; the task runs again once others have run.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 < TURN {
            return Poll::Ready(());
        }
        self.0 = 0;
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// So many bytes were read; 0 where there were none to be had, which ends a turn as well.
    pub(crate) fn took(&mut self, bytes: usize) {
        self.0 = if bytes == 0 { 0 } else { self.0 + bytes };
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    #[test]
    fn a_turn_ends_after_its_bytes_or_with_a_wait() {
        let cx = &mut Context::from_waker(Waker::noop());
        let mut turn = Turn::default();
        let mut read = |bytes: usize| {
            let polled = turn.poll(cx);
            turn.took(bytes);
            polled.is_ready()
        };
        assert!(read(TURN - 1));
        assert!(read(1));
        assert!(!read(0), "over");
        assert!(read(TURN - 1));
        assert!(read(0), "waits");
        assert!(read(TURN));
        assert!(!read(0));
    }
}
